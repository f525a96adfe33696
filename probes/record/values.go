package record

import (
	"cmp"
	"math"
	"slices"
	"time"

	"loadline/probes"
	"loadline/scenarios/metric"
)

// Value is one trial's statistic in the metric's base unit (seconds, B/s, 1/s,
// a share, a count), as what is known of it: the truth lies in [Low, High].
// The bounds differ only where ops were cut or failed.
type Value struct {
	// Block is the trial's block; WholeRun for what is counted over the run.
	Block     int
	Low, High float64
	// N is the number of ops that the statistic is over.
	N uint64
}

// WholeRun stands as the block of a value that is counted over the whole run.
const WholeRun = -1

// Known reports whether the trial had anything to say.
func (v Value) Known() bool { return v.N > 0 && !math.IsNaN(v.Low) && !math.IsNaN(v.High) }

// TrialsOf are the trials of an arm in a cell, by block, and within a block in
// the order in which they ran; those that were aborted are among them.
func (r Run) TrialsOf(cell, arm string) []Trial {
	var out []Trial
	for _, t := range r.Trials {
		if t.Cell == cell && t.Arm == arm {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b Trial) int {
		return cmp.Or(cmp.Compare(a.Block, b.Block), cmp.Compare(a.Index, b.Index))
	})
	return out
}

// Values are a statistic of a metric for every trial of an arm in a cell, by
// block. Trials that were aborted are left out: what ended them was not the
// arm. A statistic that the metric does not have gives no values.
//
//   - goodput mean: Low = proven bytes / span (acknowledged or verified by ops
//     that ended well), High = moved bytes / span (with what cut ops had
//     moved). Failed ops count as zero in both. N counts all ops.
//   - rate mean: Low = ops that ended well / span, High adds those that were
//     cut, which may just have ended.
//   - latencies (service, response, ttfb, ttlb, connect, tls, stall.time and
//     the phases): Low takes an op that failed or was cut at the time it had
//     lasted, High as endless (+Inf where the statistic falls on such an op;
//     a mean with one of them is +Inf). Quantiles follow HdrHistogram's rule.
//   - errors rate: Low = failed / all ops, High adds those that were cut;
//     errors count: the same without the division. Starts that were dropped
//     are the generator's and are in neither.
//   - integrity.*: one Value for the whole run, from the ledger and the typed
//     outcomes; N is the number of ops that were looked at.
//
// A trial in which nothing can be said (no op, or no time) has N 0 and NaN.
func (r Run) Values(cell, arm string, m metric.ID, s metric.Stat) []Value {
	if _, tally := integrityCounts[m]; tally {
		return r.integrityValues(cell, arm, m, s)
	}
	var out []Value
	for _, t := range r.TrialsOf(cell, arm) {
		if t.Aborted != "" {
			continue
		}
		if v, ok := t.value(m, s); ok {
			v.Block = t.Block
			out = append(out, v)
		}
	}
	return out
}

// value is the statistic of one trial; false if the metric does not have it.
func (t Trial) value(m metric.ID, s metric.Stat) (Value, bool) {
	switch m {
	case metric.Goodput:
		return t.perSecond(float64(t.Bytes.Proven), float64(t.Bytes.Moved)), s == metric.Mean
	case metric.Rate:
		ended := float64(t.Ops[probes.OK])
		return t.perSecond(ended, ended+float64(t.Ops[probes.Cut])), s == metric.Mean
	case metric.Errors:
		return t.errors(s), s == metric.StatRate || s == metric.StatCount
	}
	return t.latency(m, s)
}

func (t Trial) perSecond(low, high float64) Value {
	if t.Span <= 0 {
		return Value{Low: math.NaN(), High: math.NaN()}
	}
	seconds := t.Span.Seconds()
	return Value{Low: low / seconds, High: high / seconds, N: t.Total()}
}

func (t Trial) errors(s metric.Stat) Value {
	dropped := t.Ops[probes.Dropped]
	all := t.Total() - dropped
	low := float64(t.Failed() - dropped)
	high := low + float64(t.Ops[probes.Cut])
	if s == metric.StatRate {
		low, high = low/float64(all), high/float64(all) // NaN where there are no ops
	}
	return Value{Low: low, High: high, N: all}
}

// quantiles are the shares that the statistics stand for.
var quantiles = map[metric.Stat]float64{
	metric.P50: 0.5, metric.P90: 0.9, metric.P95: 0.95, metric.P99: 0.99, metric.P999: 0.999,
}

func (t Trial) latency(m metric.ID, s metric.Stat) (Value, bool) {
	l := t.Latency[m]
	if l == nil {
		l = &Latency{}
	}
	var low, high float64
	switch q, isQuantile := quantiles[s]; {
	case isQuantile:
		low, high, _ = quantile(l.Done, l.Unended, q)
	case s == metric.Mean:
		low, high, _ = mean(l.Done, l.Unended)
	case s == metric.Max:
		low, high, _ = largest(l.Done, l.Unended)
	default:
		return Value{}, false
	}
	second := float64(time.Second)
	return Value{Low: low / second, High: high / second, N: l.Count()}, true
}

// Total is the number of ops, whatever their outcome.
func (t Trial) Total() uint64 {
	n := uint64(0)
	for _, c := range t.Ops {
		n += c
	}
	return n
}

// Failed is the number of ops whose outcome is a failure, dropped ones
// included.
func (t Trial) Failed() uint64 {
	n := uint64(0)
	for outcome, c := range t.Ops {
		if outcome.Failed() {
			n += c
		}
	}
	return n
}

// Durations are a latency metric of one trial for resampling: the ops that
// ended well, and those that failed or were cut at the time they had lasted.
// Either may be nil, which is empty.
type Durations struct {
	Block         int
	Done, Unended *Hist
}

// Histograms are a latency metric for every trial of an arm in a cell, by
// block, aborted trials left out as in Values. A quantile's lower bound comes
// from Done and Unended together, its upper bound from Done with every op of
// Unended as endless.
func (r Run) Histograms(cell, arm string, m metric.ID) []Durations {
	var out []Durations
	for _, t := range r.TrialsOf(cell, arm) {
		if t.Aborted != "" {
			continue
		}
		d := Durations{Block: t.Block}
		if l := t.Latency[m]; l != nil {
			d.Done, d.Unended = l.Done, l.Unended
		}
		out = append(out, d)
	}
	return out
}

// Outcomes sums the outcomes of an arm in a cell over all its trials, aborted
// ones included: an op that failed has failed.
func (r Run) Outcomes(cell, arm string) map[probes.Outcome]uint64 {
	sum := map[probes.Outcome]uint64{}
	for _, t := range r.TrialsOf(cell, arm) {
		for outcome, n := range t.Ops {
			sum[outcome] += n
		}
	}
	return sum
}
