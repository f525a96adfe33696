package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// freeze is a target that does nothing from 1 s to 2 s after the epoch.
func freeze(at time.Duration) time.Duration {
	if at >= time.Second && at < 2*time.Second {
		return 2*time.Second - at
	}
	return 0
}

// TestFrozenServerCannotHideBehindTheCap is coordinated omission: whatever the
// cap, the ops that were due during the freeze count from when they were due.
func TestFrozenServerCannotHideBehindTheCap(t *testing.T) {
	const service = time.Millisecond
	var truth []time.Duration
	for n := range 200 {
		due := time.Duration(n) * 20 * time.Millisecond
		truth = append(truth, freeze(due)+service)
	}
	slices.Sort(truth)
	want := truth[197] // the 99th percentile of 200, by nearest rank
	for _, most := range []int{1, 4, 0} {
		t.Run(fmt.Sprintf("cap %d", most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(0, map[string]*way{"r": {latency: service, frozen: freeze}})
				run, err := m.run(t, m.plan(open(50, most, 4*time.Second, 5*time.Second), 1))
				trial := one(t, run, err)
				if n := trial.Ops[probes.OK]; n != 200 || trial.Offered != 200 {
					t.Fatalf("%d ops ended well of %d offered, want 200 of 200", n, trial.Offered)
				}
				got := p99(trial, metric.Response)
				if got < want*95/100 || got > want*105/100 {
					t.Errorf("response p99 = %v, the truth is %v", got, want)
				}
				if trial.Health.LateP99 > 2*time.Millisecond {
					t.Errorf("the generator's own lateness is %v; the target's freeze is not its fault", trial.Health.LateP99)
				}
				if queued := trial.Health.Queued; (most > 0) != (queued > 0) {
					t.Errorf("queued = %d with a cap of %d", queued, most)
				}
			})
		})
	}
}

func p99(t record.Trial, m metric.ID) time.Duration {
	return time.Duration(t.Latency[m].Done.HDR().ValueAtQuantile(99))
}

func TestOpenLoadStartsWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: 5 * time.Millisecond}})
		run, err := m.run(t, m.plan(open(200, 0, time.Second, time.Second), 1))
		trial := one(t, run, err)
		if len(trial.Raw) != 200 {
			t.Fatalf("%d ops, want 200", len(trial.Raw))
		}
		slices.SortFunc(trial.Raw, func(a, b record.Raw) int { return int(a.Due - b.Due) })
		for n, o := range trial.Raw {
			want := int64(n) * 5e6
			if o.Due != want || o.Start < want || o.Start > want+1e6 {
				t.Fatalf("op %d: due %d, started %d, want %d", n, o.Due, o.Start, want)
			}
		}
		if trial.Health.LateMax > time.Millisecond {
			t.Errorf("late by up to %v in fake time", trial.Health.LateMax)
		}
		if trial.Span < time.Second || trial.Span > 1010*time.Millisecond {
			t.Errorf("span %v", trial.Span)
		}
	})
}

func TestStartsThatNeverHappenAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: time.Hour}})
		run, err := m.run(t, m.plan(open(10, 2, 2*time.Second, 3*time.Second), 1))
		trial := one(t, run, err)
		if trial.Ops[probes.Cut] != 2 || trial.Ops[probes.Dropped] != 18 || trial.Offered != 20 {
			t.Errorf("ops %v of %d offered, want 2 cut and 18 dropped of 20", trial.Ops, trial.Offered)
		}
		for _, o := range trial.Raw {
			if want := int64(o.Seq) * 1e8; o.Due != want || (o.Start >= 0) != (o.Outcome == probes.Cut) {
				t.Errorf("op %d, %s: due %d, started %d; want its due time kept", o.Seq, o.Outcome, o.Due, o.Start)
			}
		}
		if trial.Health.Unstarted != 18 || trial.Health.Dropped != 0 {
			t.Errorf("unstarted %d, dropped %d: the cap kept them, not the generator", trial.Health.Unstarted, trial.Health.Dropped)
		}
		if trial.Span != 5*time.Second {
			t.Errorf("span %v, want measure and drain", trial.Span)
		}
	})
}

func TestQueuedOpsAreNotStartedOnceOneIsHopeless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1e6, map[string]*way{"r": {rate: 1000}})
		run, err := m.run(t, m.plan(open(5, 1, 4*time.Second, 30*time.Second), 1))
		trial := one(t, run, err)
		if trial.Ops[probes.Cut] != 1 || trial.Ops[probes.Dropped] != 19 {
			t.Errorf("ops %v, want 1 cut and 19 dropped", trial.Ops)
		}
		if trial.Span > 4500*time.Millisecond {
			t.Errorf("span %v: waited for transfers that could not end", trial.Span)
		}
	})
}

func TestWarmUpOfOpenLoadIsNotJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: time.Millisecond}})
		load := open(100, 0, time.Second, time.Second)
		load.Warmup = time.Second
		run, err := m.run(t, m.plan(load, 1))
		trial := one(t, run, err)
		if trial.Total() != 100 {
			t.Errorf("%d ops judged, want 100", trial.Total())
		}
		if n := len(m.ways["r"].ops); n != 200 {
			t.Errorf("%d ops done, want 200 with the warm-up", n)
		}
		if first := m.ways["r"].ops[100]; first.Seq != 0 {
			t.Errorf("the first measured op has number %d", first.Seq)
		}
	})
}

func TestShardsOfAnOpenLoadSumToIt(t *testing.T) {
	seen := map[string]int{}
	for i := range 3 {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(0, map[string]*way{"r": {latency: time.Millisecond}})
			p := m.plan(open(100, 0, time.Second, time.Second), 1)
			shards, err := p.Split(3)
			if err != nil {
				t.Fatal(err)
			}
			run, err := m.run(t, shards[i])
			for _, o := range one(t, run, err).Raw {
				seen[fmt.Sprint(o.Seq, o.Due)]++
			}
		})
	}
	for n := range 100 {
		if key := fmt.Sprint(n, int64(n)*1e7); seen[key] != 1 {
			t.Errorf("op %s was done %d times", key, seen[key])
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d different ops, want 100", len(seen))
	}
}
