package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Shift is the difference of the means of two sets of independent runs, with
// Student bounds whose spread comes from the baseline alone.
type Shift struct {
	estimate, error float64 // error: the standard error of the estimate
	degrees         float64 // of Student's law; below 1 there are no bounds
}

// Estimate is the mean log ratio candidate/baseline.
func (s Shift) Estimate() float64 { return s.estimate }

// Lower is the lower confidence bound at one-sided error alpha.
func (s Shift) Lower(alpha float64) float64 {
	if math.IsInf(s.estimate, 0) || math.IsNaN(s.estimate) || !(s.degrees >= 1) || !(alpha > 0) {
		return math.Inf(-1)
	}
	return s.estimate - s.error*studentQuantile(1-math.Min(alpha, 0.5), s.degrees)
}

// Upper is the upper confidence bound at one-sided error alpha.
func (s Shift) Upper(alpha float64) float64 {
	return -Shift{-s.estimate, s.error, s.degrees}.Lower(alpha)
}

// P is the one-sided p-value against "not above zero".
func (s Shift) P() float64 {
	if math.IsInf(s.Lower(0.5), -1) || !(s.estimate > 0) {
		return 1
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: s.degrees}.CDF(-s.estimate / s.error)
}

// FromRuns compares candidate runs with baseline runs of other days, for which
// no block pairs exist. Each figure is one whole run's, oriented so that larger
// is worse; baseline in order of time. The unit is the run: however many blocks
// a run had, a day has one mood.
//
// T is the difference of the mean logarithms, its error s sqrt(1/k' + 1/n') for
// k candidate and n baseline runs, s the larger of the baseline's plain and
// robust standard deviation, Student's law with n'-1 degrees. Where
// neighbouring baseline runs resemble each other, with lag-1 autocorrelation
// r > 0, n' = n (1-r)/(1+r) and k' likewise, though at least 1. One candidate
// run against 20 whose noise is 3 % is known to +-5 %: such a comparison is
// often inconclusive, and says so.
//
// A baseline run that is not a finite positive figure is left out; a candidate
// run that is not can show neither health nor, by itself, harm, except as clear
// harm when every candidate run is far above every baseline run. Pairs is the
// smaller number of runs.
func FromRuns(baseline, candidate []float64) Evidence {
	base, cand := finiteLogs(baseline), finiteLogs(candidate)
	e := Evidence{
		Pairs: min(len(base), len(candidate)), Spread: math.NaN(),
		LeastHarm: separation(baseline, candidate),
	}
	shift := Shift{estimate: math.NaN()}
	if len(base) >= 2 && len(cand) > 0 {
		worth := independence(base)
		k, n := math.Max(1, worth*float64(len(cand))), worth*float64(len(base))
		shift = Shift{
			estimate: mean(cand) - mean(base),
			error:    math.Max(plainSD(base), RobustSD(base)) * math.Sqrt(1/k+1/n),
			degrees:  n - 1,
		}
	}
	e.Harm, e.Health = shift, shift
	if unknown := len(candidate) - len(cand); unknown > 0 {
		e.Warnings = append(e.Warnings, Warning{Code: WarnUnknown, N: unknown})
		e.Health = Shift{estimate: math.Inf(1)}
	}
	return e
}

// finiteLogs is the logarithms of the figures that have one.
func finiteLogs(figures []float64) []float64 {
	var out []float64
	for _, x := range figures {
		if x > 0 && !math.IsInf(x, 1) {
			out = append(out, math.Log(x))
		}
	}
	return out
}

// separation is the log ratio of the best candidate run to the worst baseline
// run; -Inf where either is not known.
func separation(baseline, candidate []float64) float64 {
	if len(baseline) == 0 || len(candidate) == 0 {
		return math.Inf(-1)
	}
	// Min and Max of slices return NaN where one of the figures is.
	return Exact(slices.Max(baseline), slices.Min(candidate)).Harm()
}

// independence is the share (1-r)/(1+r) of a series of runs that counts as
// independent, r its lag-1 autocorrelation; 1 where that is not above zero.
func independence(y []float64) float64 {
	if len(y) < 3 {
		return 1
	}
	centre, squares, products := mean(y), 0.0, 0.0
	for i := range y {
		squares += (y[i] - centre) * (y[i] - centre)
		if i > 0 {
			products += (y[i] - centre) * (y[i-1] - centre)
		}
	}
	if r := products / squares; r > 0 {
		return (1 - r) / (1 + r)
	}
	return 1
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}
