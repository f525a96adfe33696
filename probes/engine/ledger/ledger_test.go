package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/plan"
)

func TestNamesAreSafeAndUnique(t *testing.T) {
	const run = "20231009t083015z-4f1c9a02"
	if err := CheckRun(run); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for trial := range 30 {
		for _, shard := range []plan.Shard{{}, {Index: 1, Count: 3}} {
			for n := range uint64(30) {
				for _, warm := range []bool{false, true} {
					seq := Seq(shard, n, warm)
					name := Name(run, trial, seq)
					if !wellFormed.MatchString(name) {
						t.Fatalf("name %q", name)
					}
					seen[fmt.Sprint(name, shard.Count)] = true
				}
			}
		}
	}
	if len(seen) != 30*2*30*2 {
		t.Errorf("%d names of %d ops", len(seen), 30*2*30*2)
	}
	for _, bad := range []string{"", "Run", "a/b", "a b", "ü"} {
		if CheckRun(bad) == nil {
			t.Errorf("run id %q was accepted", bad)
		}
	}
}

func TestEveryOutcomeHasAReceipt(t *testing.T) {
	for _, o := range probes.Outcomes {
		for _, sent := range []bool{false, true} {
			observed := probes.Observation{Outcome: o}
			if sent {
				observed.Sent = 1
			}
			r := receiptOf(observed)
			if r.outcome() != o {
				t.Errorf("%s is remembered as %s", o, r.outcome())
			}
			if r.acknowledged() != (o == probes.OK) || r.refused() != (o.Failed() && o != probes.Dropped) {
				t.Errorf("%s: acknowledged %v, refused %v", o, r.acknowledged(), r.refused())
			}
			noConnection := o == probes.DNS || o == probes.Refused || o == probes.TLS
			if want := !(noConnection && !sent || o == probes.Dropped); r.reached() != want {
				t.Errorf("%s, bytes sent %v: reached %v, want %v", o, sent, r.reached(), want)
			}
		}
	}
	if unstarted.reached() || !pending.reached() || pending.outcome() != probes.Cut {
		t.Error("an op whose end was not seen may have left something")
	}
}

// TestNumbersLieInKeptRanges: whatever takes numbers in whatever interleaving,
// each comes once and lies in a range that was kept before.
func TestNumbersLieInKeptRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var mu sync.Mutex
		var kept []record.Names
		l := New("run", 1, func(n record.Names) error {
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, n)
			return nil
		})
		shard := plan.Shard{Count: rapid.IntRange(0, 4).Draw(t, "shards")}
		if shard.Count > 0 {
			shard.Index = rapid.IntRange(0, shard.Count-1).Draw(t, "shard")
		}
		b := l.Open(Head{Shard: shard})
		warm := rapid.Bool().Draw(t, "warm")
		each := rapid.IntRange(1, 400).Draw(t, "ops")
		if err := b.Ready(context.Background(), warm); err != nil {
			t.Fatal(err)
		}
		seen := map[uint64]bool{}
		var workers sync.WaitGroup
		for range 3 {
			workers.Go(func() {
				for range each {
					seq, err := b.Take(context.Background(), warm)
					mu.Lock()
					in := false
					for _, n := range kept {
						in = in || seq >= n.From && seq < n.To
					}
					if err != nil || !in || seen[seq] {
						t.Errorf("number %d, error %v: kept before %v, given before %v", seq, err, in, seen[seq])
					}
					seen[seq] = true
					mu.Unlock()
				}
			})
		}
		workers.Wait()
	})
}

func TestTakeFailsWhenNamesCannotBeKept(t *testing.T) {
	full := errors.New("disk full")
	batches := 0
	l := New("run", 1, func(record.Names) error {
		if batches++; batches > 1 {
			return full
		}
		return nil
	})
	b := l.Open(Head{})
	given := 0
	var err error
	for err == nil {
		if _, err = b.Take(context.Background(), false); err == nil {
			given++
		}
	}
	if !errors.Is(err, full) || given > firstBatch || given < firstBatch/2 {
		t.Errorf("%d numbers, error %v; want at most the batch that was kept", given, err)
	}
	if err := b.Ready(context.Background(), false); !errors.Is(err, full) {
		t.Errorf("ready: %v", err)
	}
}

func TestTakeHeedsItsContext(t *testing.T) {
	hang := make(chan struct{})
	l := New("run", 1, func(record.Names) error { <-hang; return nil })
	b := l.Open(Head{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Take(ctx, false); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := b.Ready(ctx, false); !errors.Is(err, context.Canceled) {
		t.Errorf("ready: %v", err)
	}
	close(hang)
}

func BenchmarkTakeAndNote(b *testing.B) {
	book := New("run", 1, nil).Open(Head{})
	b.ReportAllocs()
	for b.Loop() {
		seq, err := book.Take(b.Context(), false)
		if err != nil {
			b.Fatal(err)
		}
		book.Note(probes.Observation{Seq: seq, Outcome: probes.OK, Sent: 1})
	}
}
