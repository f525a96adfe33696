package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// Amount writes a value with its unit as every sentence of a report does:
// three digits, SI prefixes, and words where there is no number.
func Amount(u metric.Unit, v float64) string {
	switch {
	case math.IsNaN(v):
		return "not known"
	case math.IsInf(v, 0):
		return "without end"
	}
	switch u {
	case metric.BytesPerSecond:
		return unit.BytesPerSecond(v).String()
	case metric.PerSecond:
		return unit.PerSecond(v).String()
	case metric.Seconds:
		return seconds(v)
	case metric.Share:
		return percent(v)
	default:
		return digits(v)
	}
}

// seconds writes a duration given in seconds.
func seconds(v float64) string {
	for _, s := range []struct {
		least, scale float64
		name         string
	}{{7200, 3600, "h"}, {120, 60, "min"}, {0.9995, 1, "s"}, {0.9995e-3, 1e-3, "ms"}, {0.9995e-6, 1e-6, "µs"}} {
		if math.Abs(v) >= s.least {
			return digits(v/s.scale) + " " + s.name
		}
	}
	if v == 0 {
		return "0 s"
	}
	return digits(v*1e9) + " ns"
}

// percent writes a share with two digits, or three from 10 % on.
func percent(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 1, 64), 64)
	if err != nil || v >= 0.1 {
		rounded = math.Round(v*1000) / 1000
	}
	return unit.Ratio(rounded).String()
}

// digits writes v with three significant digits and no exponent; whole parts
// of more digits are kept whole.
func digits(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	if err != nil {
		rounded = v
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// Times writes a ratio such as 61× or 1.05×. Ratios near 1 keep as many digits
// as it takes to tell them from 1.
func Times(ratio float64) string {
	switch {
	case math.IsNaN(ratio):
		return "an unknown number of times"
	case math.IsInf(ratio, 1):
		return "infinitely"
	case ratio >= 9.995:
		return strconv.FormatFloat(math.Round(ratio), 'f', 0, 64) + "×"
	case ratio >= 1.995:
		return strings.TrimSuffix(strconv.FormatFloat(ratio, 'f', 1, 64), ".0") + "×"
	}
	text := strconv.FormatFloat(ratio, 'f', 2, 64)
	if text == "1.00" && ratio != 1 {
		text = strconv.FormatFloat(ratio, 'f', 3, 64)
	}
	return text + "×"
}

// allowed is the words for a margin given as a ratio.
func allowed(margin float64) string { return "at most " + Times(margin) + " worse allowed" }

// worseBy is the words for an effect that may be on either side of 1.
func worseBy(ratio float64) string {
	switch {
	case math.IsInf(ratio, 1):
		return "infinitely worse"
	case ratio == 0:
		return "infinitely better"
	case ratio < 1:
		return Times(1/ratio) + " better"
	case ratio == 1:
		return "the same"
	default:
		return Times(ratio) + " worse"
	}
}

// count writes a number of things: "1 op", "12 ops". Every noun used here
// makes its plural with s.
func count[N ~int | ~uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// inCell says where, and nothing where there is only one cell.
func inCell(cell string) string {
	if cell == "" || cell == "all" {
		return ""
	}
	return " in " + cell
}

// list joins names in prose: a, b and c.
func list(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
