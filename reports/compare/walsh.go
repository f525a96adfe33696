package compare

import (
	"math"
	"slices"
)

// SignedRank holds n paired differences in the form in which the signed-rank
// method answers: their n(n+1)/2 Walsh averages (d_i+d_j)/2, i <= j, in order.
//
// A difference may be +Inf or -Inf (one side of the pair moved nothing). The
// average of +Inf and -Inf, and every average with a NaN, has no value: it
// counts against whatever is being shown, that is as -Inf for Lower and as
// +Inf for Upper, and as 0 for Estimate.
type SignedRank struct {
	n       int
	walsh   []float64 // ascending, without the indefinite ones
	without int       // number of averages that have no value
}

// NewSignedRank prepares the differences d (any unit; here log ratios). d is
// not changed.
func NewSignedRank(d []float64) SignedRank {
	s := SignedRank{n: len(d), walsh: make([]float64, 0, len(d)*(len(d)+1)/2)}
	for i := range d {
		for j := i; j < len(d); j++ {
			average := d[i]/2 + d[j]/2
			if i == j {
				average = d[i] // exactly, whatever halving would round
			}
			if math.IsNaN(average) {
				s.without++
				continue
			}
			s.walsh = append(s.walsh, average)
		}
	}
	slices.Sort(s.walsh)
	return s
}

// Pairs is the number of differences.
func (s SignedRank) Pairs() int { return s.n }

// Estimate is the Hodges-Lehmann estimate: the median of the Walsh averages.
// NaN when there is no difference at all.
//
// Source: J. L. Hodges, E. L. Lehmann, Ann. Math. Stat. 34 (1963) 598.
func (s SignedRank) Estimate() float64 {
	total := len(s.walsh) + s.without
	if total == 0 {
		return math.NaN()
	}
	low, high := s.at((total-1)/2), s.at(total/2)
	if math.IsInf(low, -1) && math.IsInf(high, 1) {
		return 0
	}
	return low/2 + high/2
}

// at is the i-th smallest average when those without a value stand at zero.
func (s SignedRank) at(i int) float64 {
	below, _ := slices.BinarySearch(s.walsh, 0)
	switch {
	case i < below:
		return s.walsh[i]
	case i < below+s.without:
		return 0
	default:
		return s.walsh[i-s.without]
	}
}

// Lower is the exact lower confidence bound at one-sided error alpha for the
// centre of the differences; -Inf when the pairs are too few.
func (s SignedRank) Lower(alpha float64) float64 {
	i := SignedRankOrder(s.n, alpha) - 1 - s.without
	if i < 0 {
		return math.Inf(-1)
	}
	return s.walsh[i]
}

// Upper is the exact upper confidence bound at one-sided error alpha; +Inf
// when the pairs are too few.
func (s SignedRank) Upper(alpha float64) float64 {
	i := SignedRankOrder(s.n, alpha) - 1 - s.without
	if i < 0 {
		return math.Inf(1)
	}
	return s.walsh[len(s.walsh)-1-i]
}

// P is the one-sided p-value against "the centre is not above zero": the
// chance, were it zero, of as few Walsh averages at or below zero. Counting
// averages instead of ranks makes it agree with the bound without exception,
// ties and zeros included: P() <= alpha exactly when Lower(alpha) > 0. Ties
// and zeros can only make it larger than the chance is.
func (s SignedRank) P() float64 {
	if s.n == 0 {
		return 1
	}
	notAbove, _ := slices.BinarySearchFunc(s.walsh, 0, func(average, _ float64) int {
		if average > 0 {
			return 1
		}
		return -1
	})
	return SignedRankCDF(s.n, notAbove+s.without)
}
