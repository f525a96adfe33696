package reports

import (
	"fmt"
	"math"

	"loadline/reports/verdict"
	"loadline/scenarios/metric"
)

// unknown stands in tables for what is not known.
const unknown = "–"

// Quantity prints a value of a base unit for a table: the words of the
// verdict's sentences, with a dash for what is not known.
func Quantity(v float64, unit string) string {
	if math.IsNaN(v) {
		return unknown
	}
	return verdict.Amount(metric.Unit(unit), v)
}

// Seconds prints a duration given in seconds.
func Seconds(v float64) string { return Quantity(v, string(metric.Seconds)) }

// Times prints a factor: 1.05×, 61×, ∞.
func Times(ratio float64) string {
	switch {
	case math.IsNaN(ratio):
		return unknown
	case math.IsInf(ratio, 0):
		return "∞"
	default:
		return verdict.Times(ratio)
	}
}

// Interval prints an effect with its interval: 1.02× [0.99×, 1.04×]; an
// interval that holds every ratio says nothing and is left out.
func Interval(ratio, low, high float64) string {
	if !(low > 0) && !(high < math.Inf(1)) {
		return Times(ratio)
	}
	return fmt.Sprintf("%s [%s, %s]", Times(ratio), Times(low), Times(high))
}
