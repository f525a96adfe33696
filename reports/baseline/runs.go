package baseline

import (
	"math"
	"slices"

	"loadline/reports/compare"
)

// ofRuns compares the run's median block with those of the baseline's runs:
// its best case against their worst may prove harm, and the other way round
// health.
func ofRuns(then []series, now series) compare.Evidence {
	ordered := slices.Clone(then)
	slices.SortStableFunc(ordered, func(a, b series) int { return a.started.Compare(b.started) })
	var best, worst []float64
	for _, s := range ordered {
		best, worst = append(best, math.Exp(centre(s.harm))), append(worst, math.Exp(centre(s.health)))
	}
	e := compare.FromRuns(worst, []float64{math.Exp(centre(now.harm))})
	health := compare.FromRuns(best, []float64{math.Exp(centre(now.health))})
	e.Health, e.Warnings = health.Health, append(e.Warnings, health.Warnings...)
	e.Pairs, e.LeastHarm = min(len(now.harm), blocksIn(then)), leastHarm(then, now)
	return e
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
