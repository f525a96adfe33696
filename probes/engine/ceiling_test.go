package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// TestTheCeilingOnTheRateHoldsForTrialsOfAnyLength: no second passes in a trial
// of 400 ms, and a run of them must not be faster all the same.
func TestTheCeilingOnTheRateHoldsForTrialsOfAnyLength(t *testing.T) {
	const size = 10_000
	ceiling := func(s *scenarios.Scenario) { s.Limits.Rate = 1e6 }
	for _, c := range []struct {
		name    string
		latency time.Duration
		status  string
	}{
		{"20 MB/s", time.Millisecond, "limit"},
		{"2 MB/s", 10 * time.Millisecond, "limit"},
		{"0.9 MB/s", 22 * time.Millisecond, "complete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(size, map[string]*way{"r": {latency: c.latency}, "c": {latency: c.latency}})
				began := time.Now()
				run, err := m.run(t, m.plan(closed(2, 100*time.Millisecond, 400*time.Millisecond, time.Second), 6, ceiling))
				if err != nil {
					t.Fatal(err)
				}
				if run.End.Status != c.status || c.status == "limit" && !strings.Contains(run.End.Why, "limits.rate") {
					t.Fatalf("end %+v, want %s", run.End, c.status)
				}
				var moved unit.Bytes
				var last time.Time
				for _, w := range m.ways {
					moved += size * unit.Bytes(len(w.ops))
					for _, at := range w.began {
						if at.After(last) {
							last = at
						}
					}
				}
				took := last.Sub(began)
				if most := unit.Bytes(1e6*(took+plan.RateBurst).Seconds()) + 2*size; moved > most {
					t.Errorf("%v in %v, the ceiling and two ops in flight allow %v", moved, took, most)
				}
			})
		})
	}
}

// TestALargeOpThatPassesTheRateIsCut: 1 GB at 50 MB/s under a ceiling of 10.
func TestALargeOpThatPassesTheRateIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(unit.GB, map[string]*way{"r": {rate: 50e6}})
		run, err := m.run(t, m.plan(closed(1, 0, 10*time.Second, 30*time.Second), 2, func(s *scenarios.Scenario) { s.Limits.Rate = 10e6 }))
		only := one(t, run, err)
		if run.End.Status != "limit" || only.Ops[probes.Cut] != 1 {
			t.Errorf("end %+v, ops %v", run.End, only.Ops)
		}
		// (50 − 10) × t passes 10 MB after 250 ms; ops are looked at each 100 ms.
		if only.Bytes.Sent > 25e6 {
			t.Errorf("%v moved before the op was cut", only.Bytes.Sent)
		}
	})
}
