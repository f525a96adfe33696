package record

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

var observations = rapid.Custom(func(t *rapid.T) probes.Observation {
	at := time.Duration(rapid.IntRange(0, 20_000).Draw(t, "at ms")) * time.Millisecond
	took := time.Duration(rapid.IntRange(1, 5_000).Draw(t, "took ms")) * time.Millisecond
	o := op(0, at, took)
	o.Outcome = rapid.SampledFrom(probes.Outcomes).Draw(t, "outcome")
	o.Sent = unit.Bytes(rapid.IntRange(0, 1<<30).Draw(t, "sent"))
	o.Received = unit.Bytes(rapid.IntRange(0, 1<<30).Draw(t, "received"))
	o.Verified = o.Received
	o.Peer.Backend = rapid.SampledFrom([]string{"", "b1", "b2"}).Draw(t, "backend")
	if o.Outcome == probes.Dropped {
		o.Start, o.FirstByte, o.End = probes.Mark{}, probes.Mark{}, probes.Mark{}
		o.Sent, o.Received, o.Verified, o.Phases, o.Peer = 0, 0, 0, probes.Phases{}, probes.Peer{}
	}
	if o.Outcome.Failed() {
		o.Err = fmt.Errorf("planted %s", o.Outcome)
	}
	return o
})

// TestATrialSumsItsObservations compares a trial folded by many goroutines
// with a plain count of the same observations.
func TestATrialSumsItsObservations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(observations, 0, 60).Draw(t, "observations")
		c := NewCollector(TrialHead{Arm: "a", Cell: "all"}, CollectorOptions{Length: 30 * time.Second})
		var wg sync.WaitGroup
		for slot := range 4 {
			wg.Go(func() {
				for i := slot; i < len(all); i += 4 {
					o := all[i]
					o.Seq = uint64(i)
					c.Add(slot, o)
				}
			})
		}
		wg.Wait()
		got := c.Finish(Health{}, 30*time.Second)

		var want Bytes
		ops, ended, failed, backends := map[probes.Outcome]uint64{}, 0, 0, 0
		for _, o := range all {
			ops[o.Outcome]++
			want.Sent += o.Sent
			want.Received += o.Received
			switch {
			case o.Outcome == probes.OK:
				ended++
				want.Proven += o.Verified
				want.Moved += o.Verified
			case o.Outcome == probes.Cut:
				want.Moved += o.Sent + o.Received
			default:
				failed++
			}
			if o.Peer.Backend != "" {
				backends++
			}
		}
		if got.Bytes != want {
			t.Errorf("bytes %+v, want %+v", got.Bytes, want)
		}
		for outcome, n := range ops {
			if got.Ops[outcome] != n {
				t.Errorf("%d ops %s, want %d", got.Ops[outcome], outcome, n)
			}
		}
		for name, pair := range map[string][2]int{
			"ended":     {int(sum(got.Timeline.Ended)), ended},
			"failed":    {int(sum(got.Timeline.Failed)), failed},
			"backends":  {int(backendOps(got)), backends},
			"raw":       {len(got.Raw), len(all)},
			"responses": {int(got.Latency[metric.Response].Count()), len(all)},
			"services":  {int(got.Latency[metric.Service].Count()), len(all) - int(ops[probes.Dropped])},
			"done":      {int(doneOf(got, metric.Service)), ended},
			"failures":  {min(len(got.Failures), failed), len(got.Failures)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %d, want %d", name, pair[0], pair[1])
			}
		}
		for i, r := range got.Raw {
			if r.Seq != uint64(i) {
				t.Fatalf("raw observations are not in order of seq: %d at %d", r.Seq, i)
			}
		}
	})
}

func sum(counts []uint32) (n uint64) {
	for _, c := range counts {
		n += uint64(c)
	}
	return n
}

func backendOps(t Trial) (n uint64) {
	for _, b := range t.Backends {
		n += b.Ops
	}
	return n
}

func doneOf(t Trial, m metric.ID) uint64 {
	if l := t.Latency[m]; l != nil {
		return l.Done.Count()
	}
	return 0
}

func TestAPhaseIsDoneOnceALaterOneBegan(t *testing.T) {
	o := op(0, 0, 30*time.Second)
	o.Phases = probes.Phases{Connect: time.Millisecond, Send: 29 * time.Second}
	o.FirstByte, o.Outcome = probes.Mark{}, probes.Cut
	c := NewCollector(TrialHead{}, CollectorOptions{})
	c.Add(0, o)
	got := c.Finish(Health{}, 30*time.Second).Latency
	for id, done := range map[metric.ID]bool{PhaseConnect: true, metric.Connect: true, PhaseSend: false, metric.TTFB: false, metric.Service: false} {
		if l := got[id]; l.Count() != 1 || (l.Done.Count() == 1) != done {
			t.Errorf("%s: %d done of %d, want done: %v", id, l.Done.Count(), l.Count(), done)
		}
	}
	if got[PhaseWait] != nil {
		t.Error("a phase that did not happen was recorded")
	}
}

func TestFastFailuresDoNotImproveTheFirstByte(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{})
	refusal := op(0, 0, time.Millisecond)
	refusal.Outcome = probes.Status
	c.Add(0, refusal)
	cut := op(1, 0, time.Second)
	cut.Outcome = probes.Cut
	c.Add(0, cut)
	l := c.Finish(Health{}, time.Second).Latency[metric.TTFB]
	if l.Done.Count() != 1 || l.Unended.Count() != 1 {
		t.Errorf("ttfb: %d done, %d unended; want the cut op's first byte done and the refusal's not", l.Done.Count(), l.Unended.Count())
	}
}

func TestEvidenceIsSpreadOverKindsOfFailure(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{})
	seq := uint64(0)
	fail := func(n int, outcome probes.Outcome, status int) {
		for range n {
			o := op(seq, time.Duration(seq)*time.Millisecond, time.Millisecond)
			o.Outcome, o.Peer.Status, o.Err = outcome, status, errors.New("why")
			c.Add(int(seq), o)
			seq++
		}
	}
	fail(5000, probes.Refused, 0)
	fail(1000, probes.Status, 503)
	fail(1, probes.Status, 413)
	fail(1, probes.Corrupt, 200)
	got := c.Finish(Health{}, time.Minute).Failures
	kinds := map[string]int{}
	for _, f := range got {
		kinds[fmt.Sprint(f.Outcome, f.Status)]++
	}
	if len(got) > FailureLimit || len(kinds) != 4 {
		t.Errorf("%d failures of kinds %v, want at most %d of 4 kinds", len(got), kinds, FailureLimit)
	}
}

func TestATrialKeepsItsMemoryWhateverTheNumberOfOps(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
	feed := func(from, to uint64) {
		for i := from; i < to; i++ {
			o := op(i, time.Duration(i)*time.Millisecond, time.Duration(i%100_000)*time.Microsecond)
			o.Outcome = probes.Outcomes[i%uint64(len(probes.Outcomes))]
			o.Err = errors.New("why")
			o.Peer.Via = fmt.Sprint(i) // a header that is new in every answer
			o.Peer.Backend = fmt.Sprint("b", i)
			c.Add(int(i), o)
		}
	}
	feed(0, 50_000)
	before := heap()
	feed(50_000, 200_000)
	// Freed before it is read, the collector would measure as nothing.
	grown := int64(heap()) - int64(before)
	got := c.Finish(Health{}, 5*time.Minute)
	if grown > 4<<20 {
		t.Errorf("150,000 more ops took %d bytes more", grown)
	}
	if n := len(got.Timeline.Ended); n > maxPoints || sum(got.Timeline.Ended)+sum(got.Timeline.Failed)+got.Ops[probes.Cut] != 200_000 {
		t.Errorf("the timeline has %d points and not every op", n)
	}
	if len(got.Peers) > maxPeers+1 || len(got.Backends) > maxBackends+1 || got.Raw != nil {
		t.Errorf("%d peers, %d backends, %d raw", len(got.Peers), len(got.Backends), len(got.Raw))
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAThousandFinishedTrialsFitInMemory holds what a long run keeps until its
// verdict to a bound.
func TestAThousandFinishedTrialsFitInMemory(t *testing.T) {
	const trials = 40
	before := heap()
	var kept []Trial
	for range trials {
		c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
		for i := range uint64(5000) {
			c.Add(int(i), op(i, time.Duration(i)*10*time.Millisecond, time.Millisecond+time.Duration(i*i%50_000)*time.Microsecond))
		}
		kept = append(kept, c.Finish(Health{}, time.Minute))
	}
	each := (int64(heap()) - int64(before)) / trials
	t.Logf("a finished trial of 5,000 ops takes %d bytes", each)
	if each > 256<<10 {
		t.Errorf("a finished trial takes %d bytes: a thousand of them do not fit in 256 MiB", each)
	}
	runtime.KeepAlive(kept)
}

func TestAShareOfNoTimeDoesNotCostTheTrial(t *testing.T) {
	w, _ := create(t)
	defer w.Close()
	c := NewCollector(TrialHead{}, CollectorOptions{})
	if err := w.Trial(c.Finish(Health{CPU: math.NaN(), Machine: math.Inf(1)}, time.Second)); err != nil {
		t.Error(err)
	}
}

func TestAnObservationAfterFinishIsIgnored(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{})
	c.Add(0, op(0, 0, time.Second))
	got := c.Finish(Health{}, time.Second)
	c.Add(0, op(1, 0, time.Second))
	c.Add(1, op(2, 0, time.Second))
	if got.Total() != 1 {
		t.Errorf("%d ops, want 1", got.Total())
	}
}

func TestTheTimelineSpreadsWhatMovedBetweenTicks(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{Length: 10 * time.Second})
	c.Tick(0, 0)
	c.Tick(time.Second, 1000)
	c.Tick(1500*time.Millisecond, 900) // the kernel gave some back
	c.Tick(2*time.Second, 2001)
	got := c.Finish(Health{}, 2*time.Second).Timeline
	total := int64(0)
	for i, n := range got.Bytes[:20] {
		if i < 10 && n != 100 {
			t.Errorf("step %d: %d bytes, want 100 of 1000 over ten steps", i, n)
		}
		total += n
	}
	if total+got.Bytes[20] != 2001 || got.Step != 100*time.Millisecond {
		t.Errorf("%d bytes in all at a step of %v, want 2001 at 100 ms", total, got.Step)
	}
}
