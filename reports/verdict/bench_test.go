package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// hundred is a run of 80 blocks with 100 relative comparisons: four criteria,
// three of them quantiles, in 25 cells.
func hundred() record.Run {
	var cells []plan.Cell
	for i := range 25 {
		cells = append(cells, plan.Cell{ID: fmt.Sprintf("c%d", i), Size: unit.MiB, InFlight: 1})
	}
	path := synthetic.Path{Noise: 0.05, MaxOps: 60, Op: func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
		return synthetic.Steady(100e6, 10*time.Millisecond)(c, n, r)
	}}
	return synthetic.Record(synthetic.Design{Seed: 1, Blocks: 80, Cells: cells, Around: path, Through: path, Criteria: []scenarios.Criterion{
		synthetic.Relative(metric.Goodput, metric.Mean, 0.05),
		synthetic.Relative(metric.Response, metric.P50, 0.05),
		synthetic.Relative(metric.Response, metric.P95, 0.05),
		synthetic.Relative(metric.Response, metric.P99, 0.15),
	}})
}

// BenchmarkJudge is target T7: 100 comparisons over 80 pairs in under 2 s on
// one core.
func BenchmarkJudge(b *testing.B) {
	run := hundred()
	b.ResetTimer()
	for b.Loop() {
		if d := verdict.Judge(run, verdict.Options{}); len(d.Findings) != 100 {
			b.Fatal(len(d.Findings))
		}
	}
}
