//go:build linux

package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"loadline/infra/conduct"
	"loadline/reports"
	"loadline/reports/json"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

const (
	judgedPairs = 80
	judgedCells = 5
	perCell     = 20
)

// judgement is what one turn of the judge came to.
type judgement struct {
	Seconds, CPU float64
	Findings     int
	Digest       string // of the JSON document
}

// becomeJudge invents a run of two arms, 80 blocks and 5 cells, and 20
// criteria for each cell, most of them quantiles, which cost most.
func becomeJudge([]byte) (worker, error) {
	const margin unit.Margin = 0.05
	var criteria []scenarios.Criterion
	for _, m := range []metric.ID{metric.Service, metric.Response, metric.TTFB, metric.TTLB} {
		for _, s := range []metric.Stat{metric.P50, metric.P90, metric.P95, metric.P99} {
			criteria = append(criteria, synthetic.Relative(m, s, margin))
		}
	}
	criteria = append(criteria,
		synthetic.Relative(metric.Goodput, metric.Mean, margin), synthetic.Relative(metric.Rate, metric.Mean, margin),
		synthetic.Relative(metric.Service, metric.P999, margin), synthetic.Limit(metric.Errors, metric.StatRate, 0),
	)
	if len(criteria) != perCell {
		return worker{}, fmt.Errorf("%d criteria, want %d", len(criteria), perCell)
	}
	var cells []plan.Cell
	for i := range judgedCells {
		size := unit.MiB << i
		cells = append(cells, plan.Cell{ID: size.String(), Size: size, InFlight: 4})
	}
	path := synthetic.Path{Op: synthetic.Steady(100e6, 10*time.Millisecond), Noise: 0.05}
	run := synthetic.Record(synthetic.Design{Seed: 1, Blocks: judgedPairs, Cells: cells, Criteria: criteria, Around: path, Through: path})
	turn := func() (any, error) {
		cpu, began := spent(), time.Now()
		d := verdict.Judge(run, verdict.Options{})
		j := judgement{Seconds: time.Since(began).Seconds(), CPU: (spent() - cpu).Seconds(), Findings: len(d.Findings)}
		var text bytes.Buffer
		err := json.Renderer{}.Render(&text, conduct.Judge(run, verdict.Options{}, reports.Source{}))
		sum := sha256.Sum256(text.Bytes())
		j.Digest = hex.EncodeToString(sum[:])
		return j, err
	}
	return worker{greeting: len(run.Trials), turn: turn, end: func() {}}, nil
}

// TestJudge judges 100 criteria of 80 pairs on one core, in two processes,
// whose documents must be the same byte for byte.
func TestJudge(t *testing.T) {
	wanted(t)
	var trials int
	var seconds, cpu []float64
	digests := map[string]bool{}
	for range 2 {
		judge := start(t, "judge", nil, &trials, "GOMAXPROCS=1")
		for range 3 {
			var j judgement
			judge.turn(t, &j)
			seconds, cpu = append(seconds, j.Seconds), append(cpu, j.CPU)
			digests[j.Digest] = true
			if j.Findings < judgedCells*perCell {
				t.Fatalf("%d findings, want %d or more", j.Findings, judgedCells*perCell)
			}
		}
	}
	if len(digests) != 1 {
		t.Errorf("%d documents of one record, want the same bytes each time", len(digests))
	}
	report(t, figure{
		what: fmt.Sprintf("judge, %d criteria × %d pairs, one core", judgedCells*perCell, judgedPairs),
		ours: fmt.Sprintf("%.2f s (%.2f CPU-s)", median(seconds), median(cpu)), target: "< 2 s, same bytes",
		reached: median(cpu) < 2 && len(digests) == 1,
	})
}
