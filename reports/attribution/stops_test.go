package attribution_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// stopping is a path of ops of about 20 ms of which none ends for 250 ms from
// the time on, in each block, that stop says; negative is never.
func stopping(stop func(block int) time.Duration) synthetic.Path {
	const measure, lasts = 2 * time.Second, 250 * time.Millisecond
	block, now := -1, measure
	p := synthetic.Path{MaxOps: 2000, Op: func(_ plan.Cell, n int, r *rand.Rand) synthetic.Op {
		if n == 0 {
			block++
		}
		if now >= measure {
			now = 0 // the next of those in flight
		}
		end := now + time.Duration((0.7+0.6*r.Float64())*float64(20*time.Millisecond))
		if at := stop(block); at >= 0 && end > at && now < at+lasts {
			end = at + lasts + time.Duration(r.IntN(3000))*time.Microsecond
		}
		took := end - now
		now = end
		return synthetic.Op{Phases: probes.Phases{Wait: took}}
	}}
	p.Trial = func(t *record.Trial) { t.At = time.Duration(t.Index) * 2500 * time.Millisecond }
	return p
}

// TestStopsAgainAndAgainAreNamed, and their period if they have one: neither
// single slow ops, nor stops around too, nor few of them.
func TestStopsAgainAndAgainAreNamed(t *testing.T) {
	const cause = "everything stands still for a moment, again and again"
	never := func(int) time.Duration { return -1 }
	// Every 2 s of the run: trials of this arm begin 2.5, 7.5, 12.5 s after its start.
	regular := func(block int) time.Duration {
		return []time.Duration{1500 * time.Millisecond, 500 * time.Millisecond}[block%2]
	}
	sometimes := func(block int) time.Duration { return time.Duration(300+block*block*370%1300) * time.Millisecond }
	upTo := func(blocks int) func(int) time.Duration {
		return func(block int) time.Duration {
			if block >= blocks {
				return -1
			}
			return sometimes(block)
		}
	}
	alone := with(stopping(never), func(_ plan.Cell, n int, o *synthetic.Op) {
		if n%25 == 3 {
			o.Phases.Wait = 250 * time.Millisecond
		}
	})
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		inFlight        int
		want            string
		not             string
	}{
		{"every 2 s", stopping(never), stopping(regular), 4, cause + ", about every 2 s", ""},
		{"now and then", stopping(never), stopping(sometimes), 4, cause, "about every"},
		{"three times in all", stopping(never), stopping(upTo(3)), 4, "", cause},
		{"around too", stopping(upTo(1)), stopping(sometimes), 4, "", cause},
		{"single ops", stopping(never), alone, 4, "", cause},
		{"one at a time", stopping(never), stopping(sometimes), 1, "", cause},
	} {
		d := synthetic.Design{Seed: 11, Spec: download, Around: c.around, Through: c.through,
			Cells:    []plan.Cell{{ID: "all", Size: 1024, InFlight: c.inFlight}},
			Load:     scenarios.Load{InFlight: c.inFlight, Measure: 2 * time.Second},
			Criteria: []scenarios.Criterion{synthetic.Relative(metric.Service, metric.P99, 1)}}
		run := synthetic.Record(d)
		decision := verdict.Judge(run, verdict.Options{})
		a := attribution.Attribute(run, decision)
		harmed := a.Arm == "through" || strings.HasPrefix(c.name, "three")
		if !harmed || !strings.Contains(a.Where, c.want) || c.not != "" && strings.Contains(a.Where, c.not) {
			t.Errorf("%s (%s): %q, for %q", c.name, decision.Sentence, a.Where, a.Evidence)
		}
	}
}
