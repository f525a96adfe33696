package compare

import (
	"math"

	"github.com/montanaflynn/stats"
)

// Summary describes one arm's block values for a report. Nothing is decided
// from it. All figures but N have the unit of the values; each is NaN where
// the values do not allow it (SD of fewer than two).
type Summary struct {
	N                     int
	Mean, Median, SD, MAD float64 // SD with N-1; MAD the plain median absolute deviation
	Min, Max              float64
}

// Describe summarises values; it does not change them.
func Describe(values []float64) Summary {
	s := Summary{N: len(values)}
	data := stats.Float64Data(values)
	s.Mean = described(stats.Mean(data))
	s.Median = described(stats.Median(data))
	s.SD = math.NaN()
	if s.N > 1 {
		s.SD = described(stats.StandardDeviationSample(data))
	}
	s.MAD = described(stats.MedianAbsoluteDeviation(data))
	s.Min = described(stats.Min(data))
	s.Max = described(stats.Max(data))
	return s
}

// described turns "no values" into NaN, the only error these functions have.
func described(x float64, err error) float64 {
	if err != nil {
		return math.NaN()
	}
	return x
}
