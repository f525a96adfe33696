package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/probes/record"
)

// manyUploads stores 100 objects per arm, which two read back at a time
// within two minutes, and says how long everything after the load took.
func manyUploads(t *testing.T, r, c *way) (run record.Run, after time.Duration) {
	t.Helper()
	r.latency, c.latency = 20*time.Millisecond, 20*time.Millisecond
	m := newMemory(1000, map[string]*way{"r": r, "c": c})
	m.spec.back = probes.Readback{Arm: "other", Parallel: 2, Budget: 2 * time.Minute}
	began := time.Now()
	run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, time.Second), 1))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.stored) != 0 {
		t.Errorf("%d objects left", len(m.stored))
	}
	return run, time.Since(began) - 2*2*time.Second
}

func sum(run record.Run) (total record.Integrity) {
	for _, row := range run.Integrity {
		total.Acknowledged += row.Acknowledged
		total.Intact += row.Intact
		total.Lost += row.Lost
		total.Unverified += row.Unverified
		total.Cases = append(total.Cases, row.Cases...)
	}
	return total
}

func always(string) bool { return true }

func warned(run record.Run, text string) bool {
	for _, w := range run.Warnings {
		if strings.Contains(w, text) {
			return true
		}
	}
	return false
}

// TestABlackHoleDoesNotEatTheBudget: nothing answers through the candidate any
// more. The reference tells of all objects, the candidate is asked some times.
func TestABlackHoleDoesNotEatTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &way{silent: always}
		run, after := manyUploads(t, &way{}, c)
		if got := sum(run); got.Acknowledged != 200 || got.Intact != 200 {
			t.Errorf("ledger %+v, want 200 intact", got)
		}
		if after > 40*time.Second {
			t.Errorf("it took %v after the load", after)
		}
		if c.unheard > 8 || !warned(run, "`c` left 3 read-backs in a row without an answer") {
			t.Errorf("asked %d times; warnings %q", c.unheard, run.Warnings)
		}
	})
}

// TestNoPathAnswersAnyMore: both are black holes. Everything is unverified,
// soon, and nothing is called lost.
func TestNoPathAnswersAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, after := manyUploads(t, &way{silent: always}, &way{silent: always})
		got := sum(run)
		if got.Acknowledged != 200 || got.Unverified != 200 || got.Lost != 0 {
			t.Errorf("ledger %+v, want 200 unverified", got)
		}
		if after > 70*time.Second {
			t.Errorf("it took %v after the load", after)
		}
		for _, c := range got.Cases {
			if strings.Contains(strings.Join(c.Evidence, "; "), "the time for read-backs ended") {
				t.Errorf("evidence %q of a time that did not end", c.Evidence)
			}
		}
	})
}

// TestAFlakyPathKeepsItsSay is the twin: single reads get no answer. The other
// path tells nothing, so each failure would show.
func TestAFlakyPathKeepsItsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		mute := func(string, int) probes.Finding { return probes.Unreadable }
		flaky := func(string) bool { n++; return n == 40 || n == 80 }
		run, _ := manyUploads(t, &way{audits: mute}, &way{silent: flaky})
		if got := sum(run); got.Intact != 200 || len(got.Cases) != 0 {
			t.Errorf("ledger %+v, want 200 intact", got)
		}
		if warned(run, "left") {
			t.Errorf("warnings %q", run.Warnings)
		}
	})
}

// TestAPathThatComesBackIsAskedAgain: both paths are down for 12 s when the
// read-backs begin, and nothing is unverified in the end.
func TestAPathThatComesBackIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var since time.Time
		away := func(string) bool {
			if since.IsZero() {
				since = time.Now()
			}
			return time.Since(since) < 12*time.Second
		}
		run, after := manyUploads(t, &way{silent: away}, &way{silent: away})
		if got := sum(run); got.Intact != 200 || got.Unverified != 0 {
			t.Errorf("ledger %+v after %v, want 200 intact", got, after)
		}
	})
}

// TestLostBesideABlackHole: what the only path that answers calls absent twice
// is lost, and what a path that comes back has is not.
func TestLostBesideABlackHole(t *testing.T) {
	absent := func(name string, _ int) probes.Finding {
		if seventh(name) {
			return probes.Absent
		}
		return ""
	}
	for name, back := range map[string]time.Duration{"for good": time.Hour, "for 16 s": 16 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var since time.Time
			away := func(string) bool {
				if since.IsZero() {
					since = time.Now()
				}
				return time.Since(since) < back
			}
			run, after := manyUploads(t, &way{audits: absent}, &way{silent: away})
			got, want := sum(run), uint64(1)
			if back < time.Hour {
				want = 0
			}
			if got.Lost != want || got.Intact != 200-want {
				t.Errorf("%s: ledger %+v, want %d lost", name, got, want)
			}
			if after > 60*time.Second {
				t.Errorf("%s: it took %v after the load", name, after)
			}
		})
	}
}

// TestTheEndOfTheBudgetIsNotAPathsSilence: the evidence names what ended.
func TestTheEndOfTheBudgetIsNotAPathsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1000, map[string]*way{
			"r": {latency: 100 * time.Millisecond, silent: always},
			"c": {latency: 100 * time.Millisecond, silent: always},
		})
		m.spec.back = probes.Readback{Parallel: 2, Budget: 4 * time.Second}
		run, err := m.run(t, m.plan(closed(1, 0, time.Second, time.Second), 1))
		if err != nil {
			t.Fatal(err)
		}
		got := sum(run)
		if got.Unverified != 20 || len(got.Cases) == 0 {
			t.Fatalf("ledger %+v", got)
		}
		for _, c := range got.Cases {
			if text := strings.Join(c.Evidence, "; "); !strings.Contains(text, "the time for read-backs ended before it answered") || strings.Contains(text, "no answer") {
				t.Errorf("evidence %q", text)
			}
		}
	})
}

// TestRemovalLeavesABlackHoleForLast: a path that left read-backs without an
// answer is asked to remove only what the others do not.
func TestRemovalLeavesABlackHoleForLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := 0
		c := &way{silent: always}
		c.removes = func(ctx context.Context, _ string) error {
			hangs++
			return sleep(ctx, 10*time.Second)
		}
		_, after := manyUploads(t, &way{}, c)
		if hangs > 0 || after > 40*time.Second {
			t.Errorf("%d removals through the black hole, %v after the load", hangs, after)
		}
	})
}
