package reports

import (
	"fmt"
	"math"

	"loadline/reports/verdict"
	"loadline/scenarios/metric"
)

// Unknown stands in tables for what is not known.
const Unknown = "–"

// Quantity prints a value of a base unit for a table: the words of the
// verdict's sentences, with a dash for what is not known.
func Quantity(v float64, unit string) string {
	if math.IsNaN(v) {
		return Unknown
	}
	return verdict.Amount(metric.Unit(unit), v)
}

// Seconds prints a duration given in seconds.
func Seconds(v float64) string { return Quantity(v, string(metric.Seconds)) }

// Times prints a factor: 1.05×, 61×, 0×, ∞.
func Times(ratio float64) string {
	switch {
	case math.IsNaN(ratio):
		return Unknown
	case math.IsInf(ratio, 0):
		return "∞"
	case ratio == 0:
		return "0×"
	default:
		return verdict.Times(ratio)
	}
}

// Interval prints an effect with its interval: 1.02× [0.99×, 1.04×]. A side
// that holds every ratio says nothing and is left out: 1.1×, at most 1.2×.
func Interval(ratio, low, high float64) string {
	switch above, below := low > 0, high < math.Inf(1); {
	case above && below:
		return fmt.Sprintf("%s [%s, %s]", Times(ratio), Times(low), Times(high))
	case above:
		return fmt.Sprintf("%s, at least %s", Times(ratio), Times(low))
	case below:
		return fmt.Sprintf("%s, at most %s", Times(ratio), Times(high))
	default:
		return Times(ratio)
	}
}

// Bounds prints a value that is known only as between two: 0 B/s to 5.24 MB/s;
// one value where both print the same.
func Bounds(low, high float64, unit string) string {
	from, to := Quantity(low, unit), Quantity(high, unit)
	if from == to || math.IsNaN(high) {
		return from
	}
	return from + " to " + to
}
