package verdict_test

import (
	"math/rand/v2"
	"slices"
	"strings"
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

// starting is a path that is as first in its first trials, and as later after.
func starting(first, later synthetic.Path, trials int) synthetic.Path {
	begun := 0
	return synthetic.Path{Noise: later.Noise, Op: func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
		if n == 0 {
			begun++
		}
		if begun <= trials {
			return first.Op(c, n, r)
		}
		return later.Op(c, n, r)
	}}
}

// TestAnArmWithoutItsFixturesIsRefusedAtOnce, unless its ops work all the same.
func TestAnArmWithoutItsFixturesIsRefusedAtOnce(t *testing.T) {
	hung := bent(fast(), func(_ int, o *synthetic.Op) { o.Phases.Wait = 2 * time.Minute })
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		unready         bool
		refused         bool
	}{
		{"swallows them", fast(), hung, true, true},
		{"has them", fast(), hung, false, false},
		{"serves them all the same", fast(), fast(), true, false},
		{"around works no better", hung, hung, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := synthetic.Record(synthetic.Design{
				Seed: 5, Blocks: 4, Around: c.around, Through: c.through, Spec: `{"direction":"download","verify":"digest"}`,
				Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)},
			})
			if c.unready {
				run.Unready = []record.Unready{{Arm: "through", Cell: "all", Why: "fixture f cannot be stored: PUT: no answer in 20s"}}
			}
			d, over := verdict.JudgeLook(part(run, 1), verdict.Options{})
			if over != c.refused || (d.Verdict == verdict.Regressed) != c.refused || strings.Contains(d.Sentence, "could not be given what it is to serve") != c.refused {
				t.Errorf("over %v: %s", over, d.Sentence)
			}
		})
	}
}

// TestAnArmThatFinishesNothingIsRefused even where no criterion is about speed;
// and nothing else is that only looks like it.
func TestAnArmThatFinishesNothingIsRefused(t *testing.T) {
	hung := bent(fast(), func(_ int, o *synthetic.Op) { o.Phases.Wait = 2 * time.Minute })
	big := []plan.Cell{{ID: "all", Size: 800 * unit.MB, InFlight: 1}} // 8 s each around
	four := []plan.Cell{{ID: "all", Size: 10 * unit.MiB, InFlight: 4}}
	for _, c := range []struct {
		name    string
		design  synthetic.Design
		refused bool
	}{
		{"hangs", synthetic.Design{Blocks: 3, Around: fast(), Through: hung}, true},
		{"hangs, four at a time in one block", synthetic.Design{Blocks: 1, Cells: four, Around: fast(), Through: hung}, true},
		{"200 times slower", synthetic.Design{Blocks: 3, Around: fast(), Through: slower(200)}, true},
		{"one op in all", synthetic.Design{Blocks: 1, Around: fast(), Through: hung}, false},
		{"both hang", synthetic.Design{Blocks: 12, Around: hung, Through: hung}, false},
		{"both are cut", synthetic.Design{Blocks: 12, Around: slower(150), Through: slower(200)}, false},
		{"around is cut in one block too", synthetic.Design{Blocks: 4, Around: starting(hung, fast(), 1), Through: hung}, false},
		{"three times slower, and ends", synthetic.Design{Blocks: 12, Around: fast(), Through: slower(3)}, false},
		{"one op per trial, cut near its end", synthetic.Design{Blocks: 12, Cells: big, Around: fast(), Through: slower(1.6)}, false},
		{"around has ops as long", synthetic.Design{Blocks: 12, Through: hung, Around: bent(fast(), func(n int, o *synthetic.Op) {
			if n%30 == 29 {
				o.Phases.Wait = 6 * time.Second
			}
		})}, false},
		{"one of its ops hangs", synthetic.Design{Blocks: 12, Around: fast(), Through: starting(hung, fast(), 1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.design.Seed, c.design.Spec = 5, `{"direction":"download","verify":"digest"}`
			c.design.Criteria = []scenarios.Criterion{
				synthetic.Limit(metric.Errors, metric.StatRate, 0), synthetic.Limit(metric.IntegrityCorrupt, metric.StatCount, 0),
			}
			d := verdict.Judge(synthetic.Record(c.design), verdict.Options{})
			says := strings.Contains(d.Sentence, "no op through `through` came to an end, where around (`around`)")
			if (d.Verdict == verdict.Regressed) != c.refused || says != c.refused {
				t.Errorf("%s", d.Sentence)
			}
		})
	}
}

// TestOpsThatHangNowAndThenAreErrors although each was cut by the end of its
// trial, and a cut op alone is neither good nor bad.
func TestOpsThatHangNowAndThenAreErrors(t *testing.T) {
	every := func(k int, wait time.Duration) synthetic.Path {
		return bent(fast(), func(n int, o *synthetic.Op) {
			if n%k == k-1 {
				o.Phases.Wait = wait
			}
		})
	}
	errors := []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)}
	few := []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0.2)}
	bytes := []scenarios.Criterion{synthetic.Limit(metric.IntegrityCorrupt, metric.StatCount, 0)}
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		criteria        []scenarios.Criterion
		want            verdict.Verdict
		says            string
	}{
		{"one op in each trial", fast(), every(20, 2*time.Minute), errors, verdict.Regressed, "without an end"},
		{"and nobody asked", fast(), every(20, 2*time.Minute), bytes, verdict.Regressed, "hang"},
		{"and so many are allowed", fast(), every(20, 2*time.Minute), few, verdict.Pass, ""},
		{"one op in all", fast(), starting(every(20, 2*time.Minute), fast(), 1), errors, verdict.Inconclusive, "may have hung"},
		{"long, but they end", fast(), every(20, 4*time.Second), errors, verdict.Pass, ""},
		{"both, and nobody asked", every(20, 2*time.Minute), every(20, 2*time.Minute), bytes, verdict.Pass, ""},
		{"none", fast(), fast(), errors, verdict.Pass, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := verdict.Judge(synthetic.Record(synthetic.Design{
				Seed: 5, Blocks: 8, Around: c.around, Through: c.through,
				Spec: `{"direction":"download","verify":"digest"}`, Criteria: c.criteria,
			}), verdict.Options{})
			if d.Verdict != c.want || !strings.Contains(d.Sentence, c.says) {
				t.Errorf("%s", d.Sentence)
			}
		})
	}
}

// TestOpsThatHangAreErrorsWithoutAReferenceToo: such an arm is held to its own
// ops.
func TestOpsThatHangAreErrorsWithoutAReferenceToo(t *testing.T) {
	for _, c := range []struct {
		name string
		wait time.Duration // of one op in twenty
		want verdict.Verdict
	}{
		{"they are cut", 2 * time.Minute, verdict.Regressed},
		{"they end", 4 * time.Second, verdict.Pass},
		{"there are none", 0, verdict.Pass},
	} {
		run := synthetic.Record(synthetic.Design{
			Seed: 5, Blocks: 8, Around: fast(), Spec: `{"direction":"download","verify":"digest"}`,
			Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)},
			Through: bent(fast(), func(n int, o *synthetic.Op) {
				if n%20 == 19 {
					o.Phases.Wait = max(o.Phases.Wait, c.wait)
				}
			}),
		})
		run.Header.Arms = slices.DeleteFunc(run.Header.Arms, func(a scenarios.Arm) bool { return a.Role == scenarios.Reference })
		run.Trials = slices.DeleteFunc(run.Trials, func(x record.Trial) bool { return x.Role == scenarios.Reference })
		d := verdict.Judge(run, verdict.Options{})
		if says := strings.Contains(d.Sentence, "cut without an end after up to"); d.Verdict != c.want || says != (c.want == verdict.Regressed) {
			t.Errorf("%s: %s", c.name, d.Sentence)
		}
	}
}
