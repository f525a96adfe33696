package baseline

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"loadline/reports/compare"
)

// Runs is the shift of one run against several earlier ones: a Student bound
// for one more draw from where the earlier runs came from. It satisfies
// compare.Bounds.
//
// With s the spread between baseline runs and n their number, less what
// neighbouring runs repeat of each other,
//
//	half-width(alpha) = t(n-1, 1-alpha) s sqrt(1 + 1/n)
type Runs struct {
	shift, error float64
	degrees      float64
}

// Estimate is the shift.
func (r Runs) Estimate() float64 { return r.shift }

// Lower is the lower bound at one-sided error alpha.
func (r Runs) Lower(alpha float64) float64 { return r.shift - r.half(alpha) }

// Upper is the upper bound at one-sided error alpha.
func (r Runs) Upper(alpha float64) float64 { return r.shift + r.half(alpha) }

func (r Runs) half(alpha float64) float64 {
	return r.student().Quantile(1-alpha) * r.error
}

// P is the one-sided p-value against "not above zero".
func (r Runs) P() float64 {
	switch {
	case math.IsNaN(r.shift):
		return 1
	case r.error == 0 || math.IsInf(r.shift, 0):
		if r.shift > 0 {
			return 0
		}
		return 1
	}
	return 1 - r.student().CDF(r.shift/r.error)
}

func (r Runs) student() distuv.StudentsT {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: r.degrees}
}

// ofRuns compares the run's median block with those of the baseline's runs.
func ofRuns(then []series, now series) compare.Evidence {
	ordered := slices.Clone(then)
	slices.SortStableFunc(ordered, func(a, b series) int { return a.started.Compare(b.started) })
	var harm, health []float64
	for _, s := range ordered {
		harm, health = append(harm, centre(s.harm)), append(health, centre(s.health))
	}
	return compare.Evidence{
		Pairs:     min(len(now.harm), blocksIn(then)),
		Harm:      newRuns(health, centre(now.harm)), // its best case against their worst
		Health:    newRuns(harm, centre(now.health)),
		LeastHarm: leastHarm(then, now), Spread: math.NaN(),
	}
}

func newRuns(base []float64, cand float64) Runs {
	n := float64(len(base))
	if r := repeated(base); r > 0 {
		n *= (1 - r) / (1 + r)
	}
	n = math.Max(n, 2)
	mean := 0.0
	for _, b := range base {
		mean += b / float64(len(base))
	}
	spread := deviation(base, mean)
	if len(base) >= robustFromRun {
		spread = compare.RobustSD(base)
	}
	return Runs{shift: cand - mean, error: spread * math.Sqrt(1+1/n), degrees: n - 1}
}

func deviation(x []float64, mean float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}

// repeated is the correlation of neighbouring runs, in order of time; 0 where
// there are too few to tell.
func repeated(x []float64) float64 {
	if len(x) < robustFromRun {
		return 0
	}
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	var with, own float64
	for i, v := range x {
		own += (v - mean) * (v - mean)
		if i > 0 {
			with += (v - mean) * (x[i-1] - mean)
		}
	}
	if own == 0 {
		return 0
	}
	return math.Min(with/own, 0.95)
}

// ofBlocks compares the run's blocks with the baseline's.
func ofBlocks(then []series, now series) compare.Evidence {
	var harm, health []float64
	for _, s := range then {
		harm, health = append(harm, s.harm...), append(health, s.health...)
	}
	return compare.Evidence{
		Pairs:     min(len(now.harm), blocksIn(then)),
		Harm:      NewRankSum(health, now.harm),
		Health:    NewRankSum(harm, now.health),
		LeastHarm: leastHarm(then, now), Spread: math.NaN(),
	}
}

// leastHarm is the smallest harm that any block of the run shows against any
// of the baseline: only what days cannot explain is clear.
func leastHarm(then []series, now series) float64 {
	best, worst := math.Inf(1), math.Inf(-1)
	for _, x := range now.harm {
		best = math.Min(best, x)
	}
	for _, s := range then {
		for _, x := range s.health {
			worst = math.Max(worst, x)
		}
	}
	if d := best - worst; !math.IsNaN(d) {
		return d
	}
	return math.Inf(-1)
}

// onlyClear leaves nothing but what the rule of clear harm needs.
func onlyClear(e compare.Evidence) compare.Evidence {
	e.Harm, e.Health = unknown{e.Harm.Estimate()}, unknown{e.Health.Estimate()}
	return e
}

// unknown is an estimate without bounds.
type unknown struct{ estimate float64 }

func (u unknown) Estimate() float64     { return u.estimate }
func (u unknown) Lower(float64) float64 { return math.Inf(-1) }
func (u unknown) Upper(float64) float64 { return math.Inf(1) }
func (u unknown) P() float64            { return 1 }
