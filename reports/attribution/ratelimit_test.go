package attribution_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

const aSecond = time.Second

// clocked is a path whose ops are made by when they start: what is in flight
// next begins at 0 when the one before has come to the end of the trial.
func clocked(op func(slot, k int, now time.Duration, r *rand.Rand) synthetic.Op) synthetic.Path {
	slot, k, now := 0, 0, time.Duration(0)
	return synthetic.Path{MaxOps: 5000, Op: func(_ plan.Cell, n int, r *rand.Rand) synthetic.Op {
		if n == 0 {
			slot, k, now = 0, 0, 0
		} else if now >= aSecond {
			slot, k, now = slot+1, 0, 0
		}
		o := op(slot, k, now, r)
		k, now = k+1, now+o.Phases.Wait
		return o
	}}
}

func waiting(d time.Duration) synthetic.Op { return synthetic.Op{Phases: probes.Phases{Wait: d}} }

func attributedStorm(around, through synthetic.Path, inFlight int) attribution.Attribution {
	run := synthetic.Record(synthetic.Design{Seed: 11, Spec: download, Around: around, Through: through, Blocks: 6,
		Cells:    []plan.Cell{{ID: "all", Size: 1024, InFlight: inFlight}},
		Load:     scenarios.Load{InFlight: inFlight, Measure: aSecond},
		Criteria: []scenarios.Criterion{synthetic.Relative(metric.Service, metric.P50, 0.5), synthetic.Limit(metric.Errors, metric.StatRate, 0)}})
	return attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
}

// TestALimitOnTheRateIsKnownByHowItCounts, whatever status it answers: neither
// refusals at random, nor in turn, nor late ones, nor those of a server that is
// busy are one.
func TestALimitOnTheRateIsKnownByHowItCounts(t *testing.T) {
	const cause = "a limit on the rate of requests, about 100 per second (answered 503)"
	refused := func(wait time.Duration) synthetic.Op {
		return synthetic.Op{Phases: probes.Phases{Wait: wait}, Outcome: probes.Status, Status: 503, Message: "answered 503 Service Unavailable"}
	}
	// A bucket of ten, that leaks one op each 10 ms; what it does not hold is refused.
	bucket := func(passes, refusal time.Duration) synthetic.Path {
		var full, at float64
		return clocked(func(_, k int, now time.Duration, _ *rand.Rand) synthetic.Op {
			if k == 0 {
				full, at = 0, 0
			}
			full = max(0, full-100*(now.Seconds()-at))
			at = now.Seconds()
			if full+1 > 10 {
				return refused(refusal)
			}
			full++
			return waiting(passes)
		})
	}
	chosen := func(fails func(k int, r *rand.Rand) bool) synthetic.Path {
		return clocked(func(_, k int, _ time.Duration, r *rand.Rand) synthetic.Op {
			if fails(k, r) {
				return refused(2 * time.Millisecond)
			}
			return waiting(4 * time.Millisecond)
		})
	}
	for _, c := range []struct {
		name    string
		through synthetic.Path
		want    bool
	}{
		{"a bucket", bucket(4*time.Millisecond, 2*time.Millisecond), true},
		{"refused late", bucket(4*time.Millisecond, 9*time.Millisecond), false},
		{"what passes waits", bucket(9*time.Millisecond, 2*time.Millisecond), false},
		{"at random", chosen(func(_ int, r *rand.Rand) bool { return r.Float64() < 0.6 }), false},
		{"in turn", chosen(func(k int, _ *rand.Rand) bool { return k%3 == 0 }), false},
	} {
		usual := clocked(func(_, _ int, _ time.Duration, _ *rand.Rand) synthetic.Op { return waiting(4 * time.Millisecond) })
		a := attributedStorm(usual, c.through, 1)
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.want || !c.want && strings.Contains(a.Where, "a limit on the rate") {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
}

// TestALimitThatMakesOpsWaitIsNamed where they end at even distances for no
// other reason: a single place that each op takes up for as long is no limit on
// a rate, and neither is a wait of its own for each.
func TestALimitThatMakesOpsWaitIsNamed(t *testing.T) {
	const cause = "a limit on the rate of requests, about 40 per second"
	usual := clocked(func(_, _ int, _ time.Duration, _ *rand.Rand) synthetic.Op { return waiting(4 * time.Millisecond) })
	// Four in flight end one by one, each 25 ms, the first of all after a time.
	oneByOne := func(first time.Duration) synthetic.Path {
		return clocked(func(slot, k int, now time.Duration, r *rand.Rand) synthetic.Op {
			end := first + time.Duration(slot+4*k)*25*time.Millisecond + time.Duration(r.IntN(1000))*time.Microsecond
			return waiting(end - now)
		})
	}
	atRandom := clocked(func(_, k int, _ time.Duration, r *rand.Rand) synthetic.Op {
		return waiting(time.Duration((5 + 190*r.Float64()) * float64(time.Millisecond)))
	})
	for _, c := range []struct {
		name    string
		through synthetic.Path
		want    bool
	}{
		{"let pass one by one", oneByOne(5 * time.Millisecond), true},
		{"one place", oneByOne(25 * time.Millisecond), false},
		{"each waits as it does", atRandom, false},
	} {
		a := attributedStorm(usual, c.through, 4)
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.want || !c.want && strings.Contains(a.Where, "a limit on the rate") {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
}
