package engine_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// idle is a probe whose ops do nothing, so that what is left is the engine.
type idle struct {
	memorySpec
}

func (*idle) Info() probes.Info                                                    { return probes.Info{Kind: "memory"} }
func (x *idle) Check(scenarios.Node) (plan.Spec, error)                            { return x, nil }
func (x *idle) Open(context.Context, plan.Spec, probes.On) (probes.Session, error) { return x, nil }
func (*idle) Prepare(context.Context) error                                        { return nil }
func (*idle) Close(context.Context) error                                          { return nil }
func (*idle) Do(_ context.Context, op probes.Op) probes.Observation {
	now := op.Mark()
	return probes.Observation{Start: now, End: now, FirstByte: now, Outcome: probes.OK}
}
func (*idle) Effects(unit.Bytes) plan.Effects { return plan.Effects{} }

// BenchmarkClosedOp is the engine's share of one op of a closed load: numbers,
// names, contexts, observations into histograms.
func BenchmarkClosedOp(b *testing.B) {
	for _, c := range []struct {
		name  string
		slots int
	}{{"1 in flight", 1}, {"16 in flight", 16}} {
		b.Run(c.name, func(b *testing.B) {
			x := &idle{}
			s := scenarios.Scenario{
				Load:   scenarios.Load{Model: scenarios.Closed, InFlight: c.slots, Measure: time.Hour, Drain: time.Second},
				Limits: scenarios.Limits{Requests: uint64(b.N)},
				Arms:   []scenarios.Arm{{ID: "r", Role: scenarios.Reference}},
			}
			p := plan.Plan{Scenario: s, Spec: x, Arms: s.Arms, Cells: []plan.Cell{{ID: "all"}}, Trials: []plan.Trial{{}}}
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := engine.Run(b.Context(), p, engine.Options{Table: probes.Table{x}, Header: record.Header{Run: "bench"}}); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// TestMemoryDoesNotGrowWithTheOps runs ten times as many ops in the same space.
func TestMemoryDoesNotGrowWithTheOps(t *testing.T) {
	space := func(n uint64) uint64 {
		x := &idle{}
		s := scenarios.Scenario{
			Load:   scenarios.Load{Model: scenarios.Closed, InFlight: 4, Measure: time.Minute, Drain: time.Second},
			Limits: scenarios.Limits{Requests: n},
			Arms:   []scenarios.Arm{{ID: "r", Role: scenarios.Reference}},
		}
		p := plan.Plan{Scenario: s, Spec: x, Arms: s.Arms, Cells: []plan.Cell{{ID: "all"}}, Trials: []plan.Trial{{}}}
		run, err := engine.Run(t.Context(), p, engine.Options{Table: probes.Table{x}, Header: record.Header{Run: "space"}})
		if err != nil || run.Trials[0].Total() != n {
			t.Fatalf("%d ops, error %v", run.Trials[0].Total(), err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(run)
		return m.HeapAlloc
	}
	few, many := space(20_000), space(200_000)
	if many > few+4<<20 {
		t.Errorf("%d kB after 20,000 ops, %d kB after 200,000", few>>10, many>>10)
	}
}
