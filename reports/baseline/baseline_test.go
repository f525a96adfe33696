package baseline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// TestTheLawIsThatOfAllArrangements counts U over every way to place the
// candidate's values among all.
func TestTheLawIsThatOfAllArrangements(t *testing.T) {
	for m := 1; m <= 6; m++ {
		for n := 1; n <= 6; n++ {
			counts, all := make([]float64, m*n+1), 0.0
			for mask := range 1 << (m + n) {
				if ones(mask) != n {
					continue
				}
				u, below := 0, 0
				for i := range m + n {
					if mask>>i&1 == 1 {
						u += below
					} else {
						below++
					}
				}
				counts[u]++
				all++
			}
			sum := 0.0
			for u, p := range mannWhitney(m, n) {
				sum += counts[u] / all
				if math.Abs(p-sum) > 1e-12 {
					t.Fatalf("P(U <= %d) of %d and %d is %v, counted %v", u, m, n, p, sum)
				}
			}
		}
	}
}

func ones(x int) (n int) {
	for ; x > 0; x >>= 1 {
		n += x & 1
	}
	return n
}

func TestTheBoundAgreesWithThePValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]float64{-1, -0.5, 0, 0.01, 0.5, 1, 1.5, math.Inf(1)})
		base := rapid.SliceOfN(value, 1, 9).Draw(t, "base")
		cand := rapid.SliceOfN(value, 1, 9).Draw(t, "cand")
		alpha := rapid.SampledFrom([]float64{0.3, 0.1, 0.05, 0.01, 0.001}).Draw(t, "alpha")
		r := NewRankSum(base, cand)
		if (r.P() <= alpha) != (r.Lower(alpha) > 0) {
			t.Fatalf("P is %v and Lower(%v) is %v", r.P(), alpha, r.Lower(alpha))
		}
		turned := NewRankSum(cand, base)
		if r.Lower(alpha) != -turned.Upper(alpha) {
			t.Fatalf("Lower is %v, and with the samples turned Upper is %v", r.Lower(alpha), turned.Upper(alpha))
		}
	})
}

// TestBoundsCover: a one-sided bound at 5 % misses the truth in 5 % of samples.
func TestBoundsCover(t *testing.T) {
	r, missed := rand.New(rand.NewPCG(1, 2)), 0
	const samples = 3000
	for range samples {
		draw := func(n int, shift float64) (x []float64) {
			for range n {
				x = append(x, shift+0.1*r.NormFloat64())
			}
			return x
		}
		if NewRankSum(draw(10, 0), draw(12, 0.3)).Lower(0.05) > 0.3 {
			missed++
		}
	}
	if rate := float64(missed) / samples; rate > 0.06 || rate < 0.03 {
		t.Errorf("the lower bound misses the truth in %.1f %% of samples, want 5 %%", 100*rate)
	}
}

// world makes runs: on a day that slows everything by day, the candidate is
// slower by change.
func world(seed uint64, day, change float64) record.Run {
	r := rand.New(rand.NewPCG(seed, 7))
	run := record.Run{End: &record.End{Status: "complete"}}
	run.Header.Run, run.Header.Fingerprint = "r", "f"
	run.Header.Started = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seed) * 24 * time.Hour)
	run.Header.Arms = []scenarios.Arm{{ID: "around", Role: scenarios.Reference}, {ID: "through", Role: scenarios.Candidate}}
	for block := range 12 {
		for _, a := range run.Header.Arms {
			rate := 100e6 / day * math.Exp(0.02*r.NormFloat64())
			if a.Role == scenarios.Candidate {
				rate /= change
			}
			n := unit.Bytes(rate * 10)
			run.Trials = append(run.Trials, record.Trial{Block: block, Arm: a.ID, Role: a.Role, Cell: "all", Span: 10 * time.Second,
				Bytes: record.Bytes{Proven: n, Moved: n}, Ops: map[probes.Outcome]uint64{probes.OK: 10}})
		}
	}
	return run
}

// alone is a run without its reference arm.
func alone(r record.Run) record.Run {
	r.Header.Arms = slices.DeleteFunc(slices.Clone(r.Header.Arms), func(a scenarios.Arm) bool { return a.Role == scenarios.Reference })
	r.Trials = slices.DeleteFunc(slices.Clone(r.Trials), func(t record.Trial) bool { return t.Arm == "around" })
	return r
}

var goodput = Question{Metric: metric.Goodput, Stat: metric.Mean, Arm: "through", Cell: "all"}

// outcome judges by the rule at a margin of 5 %, as the judge of runs does.
func outcome(a Answer) compare.Outcome {
	r := compare.Relative(a.Evidence, compare.Rule{Margin: 0.05, Looks: 1, Look: 1}, compare.AlphaRegress)
	if a.NoPass != "" && (r.Outcome == compare.Pass || r.Outcome == compare.Improved) {
		return compare.Inconclusive
	}
	return r.Outcome
}

func TestWhatTwoRunsCanSay(t *testing.T) {
	for _, x := range []struct {
		name        string
		day, change float64
		alone       bool
		want        compare.Outcome
	}{
		{"nothing changed", 1, 1, false, compare.Pass},
		{"a slower day is taken off by the arm beside it", 1.3, 1, false, compare.Pass},
		{"a change shows through a slower day", 1.3, 1.2, false, compare.Regressed},
		{"a change shows through a faster day", 0.7, 1.2, false, compare.Regressed},
		{"alone, nothing changed cannot be shown", 1, 1, true, compare.Inconclusive},
		{"alone, a slower day is not called a change", 1.3, 1, true, compare.Inconclusive},
		{"alone, a small change cannot be told from the day", 1, 1.2, true, compare.Inconclusive},
		{"alone, only clear harm shows", 1.3, 3, true, compare.Regressed},
	} {
		t.Run(x.name, func(t *testing.T) {
			base, cand := world(1, 1, 1), world(2, x.day, x.change)
			if x.alone {
				base, cand = alone(base), alone(cand)
			}
			if a := Compare([]record.Run{base}, cand, goodput); a.Missing != "" || outcome(a) != x.want {
				t.Errorf("%s, want %s: %+v", outcome(a), x.want, a)
			}
		})
	}
}

// TestRunsShowHowDaysDiffer: with several runs and no arm beside them, the
// spread between days is what a change has to exceed.
func TestRunsShowHowDaysDiffer(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var base []record.Run
	for i := range 24 {
		base = append(base, alone(world(uint64(i), math.Exp(0.02*r.NormFloat64()), 1)))
	}
	for _, x := range []struct {
		name   string
		runs   int
		change float64
		want   compare.Outcome
	}{
		{"24 runs, slower by 30 %", 24, 1.3, compare.Regressed},
		{"5 runs, slower by 30 %", 5, 1.3, compare.Regressed},
		{"5 runs, nothing changed", 5, 1, compare.Inconclusive},
		{"24 runs, faster by 20 %", 24, 0.8, compare.Improved},
	} {
		if a := Compare(base[:x.runs], alone(world(99, 1, x.change)), goodput); outcome(a) != x.want {
			t.Errorf("%s: %s, want %s", x.name, outcome(a), x.want)
		}
	}
}

// TestUnchangedRunsAreNotRefused is the false-alarm rate over days that differ.
func TestUnchangedRunsAreNotRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	day := func() float64 { return math.Exp(0.05 * r.NormFloat64()) }
	const times = 400
	for _, runs := range []int{1, 5} {
		for _, single := range []bool{false, true} {
			alarms := 0
			for i := range times {
				var base []record.Run
				for k := range runs + 1 {
					w := world(uint64(1000*i+k), day(), 1)
					if single {
						w = alone(w)
					}
					base = append(base, w)
				}
				if outcome(Compare(base[1:], base[0], goodput)) == compare.Regressed {
					alarms++
				}
			}
			if compare.RateLower(alarms, times, 0.01) > 0.01 {
				t.Errorf("%d baseline runs, single %v: %d of %d unchanged runs are refused", runs, single, alarms, times)
			}
		}
	}
}

func TestRunsThatDifferAreNotCompared(t *testing.T) {
	for name, bend := range map[string]func(*record.Run){
		"fingerprint":    func(r *record.Run) { r.Header.Fingerprint = "g" },
		"processor":      func(r *record.Run) { r.Header.Environment.CPU = "other" },
		"cores":          func(r *record.Run) { r.Header.Environment.Cores = 4 },
		"version":        func(r *record.Run) { r.Header.Tool.Version = "v2" },
		"congestion":     func(r *record.Run) { r.Header.Environment.Congestion = "bbr" },
		"killed":         func(r *record.Run) { r.End = nil },
		"aborted":        func(r *record.Run) { r.End.Status = "aborted" },
		"without trials": func(r *record.Run) { r.Trials = nil },
	} {
		base := world(1, 1, 1)
		bend(&base)
		if a := Compare([]record.Run{base}, world(2, 1, 1), goodput); a.Missing == "" {
			t.Errorf("%s: the runs are compared: %+v", name, a)
		}
	}
	if a := Compare(nil, world(2, 1, 1), goodput); a.Missing == "" {
		t.Error("no baseline is compared with")
	}
	other := world(1, 1, 1)
	other.Header.Environment.Host = "pod-7f9c"
	if a := Compare([]record.Run{other}, world(2, 1, 1), goodput); a.Missing != "" {
		t.Errorf("another host name alone: %s", a.Missing)
	}
}
