package verdict

import "loadline/scenarios/metric"

// againstBaseline is the word in a criterion for an earlier run.
const againstBaseline = "baseline"

// catalogued is the catalogue's row of a metric. A metric that a newer
// scenario knows and this catalogue does not is taken as seconds per op.
func catalogued(id metric.ID) metric.Metric {
	if row, ok := metric.Lookup(id); ok {
		return row
	}
	return metric.Metric{ID: id, Unit: metric.Seconds, Better: metric.Lower, Rule: metric.OverOps}
}
