package compare

import (
	"cmp"
	"math"
	"slices"
)

// HolmLevels is the level at which each of a family of one-sided p-values is
// to be tested so that the chance of any false rejection is at most alpha,
// whatever the dependence between them. In ascending order of p the levels are
// alpha/m, alpha/(m-1), …; from the first p above its level on, every further
// one is held to that same level and so is not rejected either. Thus
// hypothesis i is rejected exactly when p[i] <= HolmLevels(p, alpha)[i], and a
// bound at that level agrees with the decision: Lower(level) > 0.
//
// A NaN counts as 1. p is not changed.
//
// Source: S. Holm, Scand. J. Statistics 6 (1979) 65.
func HolmLevels(p []float64, alpha float64) []float64 {
	levels := make([]float64, len(p))
	held := 0.0 // the level of the first p that failed; 0 until then
	for place, i := range ascending(p) {
		level := alpha / float64(len(p)-place)
		if held == 0 && !(orElse(p[i], 1) <= level) {
			held = level
		}
		if held != 0 {
			level = held
		}
		levels[i] = level
	}
	return levels
}

// HolmAdjusted is the adjusted p-value of each: the smallest alpha at which
// HolmLevels would reject it. p is not changed.
func HolmAdjusted(p []float64) []float64 {
	adjusted := make([]float64, len(p))
	largest := 0.0
	for place, i := range ascending(p) {
		largest = math.Max(largest, math.Min(1, float64(len(p)-place)*orElse(p[i], 1)))
		adjusted[i] = largest
	}
	return adjusted
}

// ascending is the order of p by value, equals by place.
func ascending(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(orElse(p[a], 1), orElse(p[b], 1)) })
	return order
}
