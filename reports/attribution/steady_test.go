package attribution_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"loadline/reports/attribution"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// TestAWindowIsSteady: rate × round trip may come near a window by chance, most
// of all where the round trip is known only within bounds. A flow that a window
// binds is as steady as the round trip; one that varies is bound by something
// else.
func TestAWindowIsSteady(t *testing.T) {
	varies := func(rate, spread float64) func(plan.Cell, int, *rand.Rand) synthetic.Op {
		return func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
			o := up50.at(rate).op(c, n, r)
			o.Phases.Send = time.Duration(float64(o.Phases.Send) * math.Exp(spread*r.NormFloat64()))
			return o
		}
	}
	small := []plan.Cell{{ID: "all", Size: 4 * unit.MiB, InFlight: 1}}
	long := []plan.Cell{{ID: "all", Size: 200 * unit.MiB, InFlight: 1}} // cut: the intervals tell
	for _, c := range []struct {
		name    string
		design  synthetic.Design
		windows bool
	}{
		{"steady ops", synthetic.Design{Cells: small, Around: up50.path(), Through: synthetic.Path{Op: varies(4.8e6, 0.03)}}, true},
		{"ops that vary as a network does", synthetic.Design{Cells: small, Around: up50.path(), Through: synthetic.Path{Op: varies(4.8e6, 0.1)}}, true},
		{"ops that vary by half", synthetic.Design{Cells: small, Around: up50.path(), Through: synthetic.Path{Op: varies(6.7e6, 0.45)}}, false},
		{"the same, behind something near", synthetic.Design{Cells: small, Around: far(up50.path()), Through: far(synthetic.Path{Op: varies(7.8e6, 0.45)})}, false},
		{"ops that are cut, steady", synthetic.Design{Cells: long, Blocks: 3, Around: up50.path(), Through: synthetic.Path{Op: varies(4.8e6, 0)}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, d := judged(c.design)
			a := attribution.Attribute(run, d)
			if got := strings.Contains(a.Where, "256 kB"); a.Arm == "" || got != c.windows {
				t.Errorf("%s: %+v", d.Sentence, a)
			}
		})
	}
}

// TestAWindowIsSteadyInIntervals: ops that were cut are judged by the bytes of
// their intervals.
func TestAWindowIsSteadyInIntervals(t *testing.T) {
	long := []plan.Cell{{ID: "all", Size: 200 * unit.MiB, InFlight: 1}}
	run, d := judged(synthetic.Design{Cells: long, Blocks: 3, Load: scenarios.Load{Measure: 10 * time.Second}, Around: up50.path(), Through: up50.at(4.8e6).path()})
	if a := attribution.Attribute(run, d); !strings.Contains(a.Where, "256 kB") {
		t.Fatalf("the steady twin: %+v", a)
	}
	for i, trial := range run.Trials {
		if trial.Arm != "through" {
			continue
		}
		for k := range trial.Timeline.Bytes { // half a second fast, half a second slow
			share := 1.0
			if k/5%3 == 0 {
				share = 0.3
			}
			run.Trials[i].Timeline.Bytes[k] = int64(float64(trial.Timeline.Bytes[k]) * share)
		}
	}
	if a := attribution.Attribute(run, d); strings.Contains(a.Where, "256 kB") {
		t.Errorf("%+v", a)
	}
}
