// Package metric is the closed catalogue of what loadline can measure: for
// each id its base unit, its better direction, how it is aggregated over a
// trial, and which statistics it allows. A word that is not in the catalogue
// is an error, never a default.
package metric

// ID names a metric; ids are a public contract.
type ID string

// The metrics of HTTP transfers, storms and connections.
const (
	Goodput            ID = "goodput"
	TTFB               ID = "ttfb"
	TTLB               ID = "ttlb"
	Service            ID = "service"
	Response           ID = "response"
	Rate               ID = "rate"
	Errors             ID = "errors"
	Connect            ID = "connect"
	TLS                ID = "tls"
	StallTime          ID = "stall.time"
	IntegrityLost      ID = "integrity.lost"
	IntegrityCorrupt   ID = "integrity.corrupt"
	IntegrityShort     ID = "integrity.short"
	IntegrityDuplicate ID = "integrity.duplicate"
)

// The metrics of storage, streams and queues.
const (
	IOPS               ID = "iops"
	Fsync              ID = "fsync"
	KafkaAck           ID = "kafka.ack"
	KafkaE2E           ID = "kafka.e2e"
	BacklogDepth       ID = "backlog.depth"
	BacklogOldestAge   ID = "backlog.oldest_age"
	BacklogCompletions ID = "backlog.completions"
)

// Unit is the base unit in which a metric rests.
type Unit string

// The base units.
const (
	Seconds        Unit = "s"
	BytesPerSecond Unit = "B/s"
	PerSecond      Unit = "1/s"
	Count          Unit = "count"
	Share          Unit = "share" // 0 to 1
)

// Better is the direction in which a metric improves.
type Better string

// The two directions.
const (
	Lower  Better = "lower"
	Higher Better = "higher"
)

// Stat is a statistic over the ops or the time of one trial.
type Stat string

// The statistics a criterion may ask for.
const (
	Mean      Stat = "mean"
	P50       Stat = "p50"
	P90       Stat = "p90"
	P95       Stat = "p95"
	P99       Stat = "p99"
	P999      Stat = "p99.9"
	Max       Stat = "max"
	StatRate  Stat = "rate"
	StatCount Stat = "count"
)

// Rule says how a metric is made from the observations of a trial.
type Rule string

// The aggregation rules.
const (
	// OverTime divides a total by the time until the last op ended or was cut.
	OverTime Rule = "over-time"
	// OverOps collects one value per op in a histogram; quantiles come from
	// histograms merged over blocks, never from averaged percentiles.
	OverOps Rule = "over-ops"
	// ShareOfOps counts ops with a property against all ops.
	ShareOfOps Rule = "share-of-ops"
	// Tally counts events over the whole run.
	Tally Rule = "tally"
)

// Metric is one row of the catalogue.
type Metric struct {
	ID     ID
	Unit   Unit
	Better Better
	Rule   Rule
	Stats  []Stat
	Help   string
}

// Allows reports whether the statistic makes sense of the metric.
func (m Metric) Allows(s Stat) bool {
	for _, allowed := range m.Stats {
		if s == allowed {
			return true
		}
	}
	return false
}

// Comparable reports whether arms can be compared by a ratio of the statistic.
// Counts and shares of rare events cannot, since a ratio to none says nothing;
// nor can a maximum, which one op decides.
func (m Metric) Comparable(s Stat) bool {
	return (m.Rule == OverTime || m.Rule == OverOps) && s != Max && m.Allows(s)
}

// UnitOf is the base unit of a statistic of the metric: a metric that tallies
// ops is a number as a count and a share as a rate.
func (m Metric) UnitOf(s Stat) Unit {
	switch {
	case m.Rule != ShareOfOps && m.Rule != Tally:
		return m.Unit
	case s == StatRate:
		return Share
	}
	return Count
}

// Quantile is the quantile that the statistic asks for, from 0 to 1; ok is
// false if it is not a quantile.
func (s Stat) Quantile() (q float64, ok bool) {
	switch s {
	case P50:
		return 0.50, true
	case P90:
		return 0.90, true
	case P95:
		return 0.95, true
	case P99:
		return 0.99, true
	case P999:
		return 0.999, true
	}
	return 0, false
}

// Words are all statistics.
func (Stat) Words() []string {
	return []string{"mean", "p50", "p90", "p95", "p99", "p99.9", "max", "rate", "count"}
}
