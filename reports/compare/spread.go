package compare

import (
	"math"
	"slices"
)

// RobustSD estimates the standard deviation of d from its median absolute
// deviation, times 1.4826 (exact for normal data), so that a few bad blocks do
// not swell it. Where more than half of the values are equal it is the plain
// standard deviation of the finite ones. Infinite values count as far away;
// NaN when fewer than two values are finite. d is not changed.
//
// Source: F. R. Hampel, JASA 69 (1974) 383.
func RobustSD(d []float64) float64 {
	finite := make([]float64, 0, len(d))
	for _, x := range d {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			finite = append(finite, x)
		}
	}
	if len(finite) < 2 {
		return math.NaN()
	}
	centre := median(finite)
	away := make([]float64, 0, len(d))
	for _, x := range d {
		away = append(away, math.Abs(orElse(x, math.Inf(1))-centre))
	}
	if mad := median(away); mad > 0 {
		return 1.4826 * mad
	}
	return plainSD(finite)
}

func plainSD(x []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(x)-1))
}

// median of a non-empty sample, which is not changed.
func median(x []float64) float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	low, high := s[(len(s)-1)/2], s[len(s)/2]
	if low == high {
		return low // also of two infinities
	}
	return low + (high-low)/2
}
