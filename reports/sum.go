package reports

import (
	"math"
	"sort"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// latencyRows are the durations that a report lists, in order.
var latencyRows = []metric.ID{metric.Response, metric.Service, metric.TTFB, metric.Connect, metric.TLS}

// phaseRows are the slices of an op, in the order in which they happen.
var phaseRows = []string{"resolve", "connect", "tls", "continue", "send", "wait", "receive"}

// maxCurves bounds the transfer curves of an arm that a report carries.
const maxCurves = 12

// sumUp folds the trials of one arm in one cell; there is at least one. Whose
// they are is the caller's to say.
func sumUp(ts []record.Trial) CellArm {
	a := CellArm{Trials: len(ts)}
	outcomes := map[probes.Outcome]uint64{}
	merged := map[metric.ID]*record.Hist{}
	var goodputs, moved, rates []float64
	for _, t := range ts {
		for o, n := range t.Ops {
			outcomes[o] += n
		}
		for id, l := range t.Latency {
			if merged[id] == nil {
				merged[id] = record.NewHist()
			}
			merged[id].Merge(l.Done)
		}
		// A trial that ended as it began has no rate.
		if span := t.Span.Seconds(); span > 0 {
			low, high := float64(t.Bytes.Proven)/span, float64(t.Bytes.Moved)/span
			goodputs, moved = append(goodputs, low), append(moved, high)
			rates = append(rates, float64(t.Ops[probes.OK])/span)
			a.PerBlock = append(a.PerBlock, BlockValue{t.Block, low, high})
		}
		a.Failures = append(a.Failures, t.Failures...)
		if len(a.Transfer) < maxCurves && t.Timeline.Step > 0 {
			a.Transfer = append(a.Transfer, curve(t))
		}
	}
	for _, o := range probes.Outcomes {
		if n := outcomes[o]; n > 0 {
			a.Outcomes = append(a.Outcomes, Count{string(o), n})
		}
	}
	a.Goodput, a.Moved, a.Rate = spread(goodputs), spread(moved), spread(rates)
	for _, id := range latencyRows {
		if h := merged[id]; h.Count() > 0 {
			a.Latency = append(a.Latency, quantiles(string(id), h))
		}
	}
	ops := float64(merged[metric.Service].Count())
	for _, p := range phaseRows {
		// A phase that most ops do not have, such as connect on a kept
		// connection, counts 0 for those; one that cut ops got through counts
		// for them too.
		if h := merged[metric.ID("phase."+p)]; h.Count() > 0 && ops > 0 {
			n := float64(h.Count())
			a.Phases = append(a.Phases, Phase{p, h.Mean() * n / max(n, ops)})
		}
	}
	a.Backends, a.Network = backends(ts), network(ts)
	return a
}

// Quantiles is the row of a metric; NaN throughout if there is none.
func (a CellArm) Quantiles(id string) Quantiles {
	for _, q := range a.Latency {
		if q.Metric == id {
			return q
		}
	}
	nan := math.NaN()
	return Quantiles{id, nan, nan, nan, nan, nan, nan, 0}
}

func quantiles(id string, h *record.Hist) Quantiles {
	q := Quantiles{Metric: id, N: h.Count()}
	q.P50, q.P90, q.P95 = quantile(h, 0.5), quantile(h, 0.9), quantile(h, 0.95)
	q.P99, q.P999, q.Max = quantile(h, 0.99), quantile(h, 0.999), quantile(h, 1)
	return q
}

// quantile is the top of the bucket that holds the value of rank ⌊qn + ½⌋ from
// 1 on, which is HdrHistogram's rule, in seconds: NaN if there is none, +Inf if
// it lies beyond the histogram.
func quantile(h *record.Hist, q float64) float64 {
	n := h.Count()
	if n == 0 {
		return math.NaN()
	}
	rank := uint64(max(1, math.Floor(q*float64(n)+0.5)))
	seen := uint64(0)
	for top, count := range h.Buckets() {
		if seen += count; seen >= rank {
			return top.Seconds()
		}
	}
	return math.Inf(1)
}

func spread(values []float64) Spread {
	s := compare.Describe(values)
	return Spread{Median: s.Median, Min: s.Min, Max: s.Max, MAD: s.MAD}
}

// curve is the trial's transfer rate. The trial ends within its last step,
// whose rate is over the time that it had; one that had less than a fifth of
// a step says nothing of a rate and is left out.
func curve(t record.Trial) Curve {
	c := Curve{Block: t.Block}
	step := t.Timeline.Step
	for i, b := range t.Timeline.Bytes {
		had := min(t.Span-time.Duration(i)*step, step)
		if had < step/5 {
			break
		}
		c.T = append(c.T, (time.Duration(i) * step).Seconds())
		c.BPS = append(c.BPS, float64(b)/had.Seconds())
	}
	return c
}

// Coarser is the curve with at most so many points, each the mean of as many
// of the old ones.
func (c Curve) Coarser(most int) Curve {
	most = max(1, most)
	if len(c.T) <= most {
		return c
	}
	each := (len(c.T) + most - 1) / most
	out := Curve{Block: c.Block}
	for i := 0; i < len(c.T); i += each {
		joined := c.BPS[i:min(i+each, len(c.T))]
		sum := 0.0
		for _, v := range joined {
			sum += v
		}
		out.T = append(out.T, c.T[i])
		out.BPS = append(out.BPS, sum/float64(len(joined)))
	}
	return out
}

func backends(ts []record.Trial) []BackendRow {
	hists := map[string]*record.Hist{}
	rows := map[string]*BackendRow{}
	var total uint64
	for _, t := range ts {
		for name, b := range t.Backends {
			if rows[name] == nil {
				rows[name], hists[name] = &BackendRow{Name: name}, record.NewHist()
			}
			rows[name].Ops += b.Ops
			rows[name].Failed += b.Failed
			hists[name].Merge(b.Service)
			total += b.Ops
		}
	}
	out := make([]BackendRow, 0, len(rows))
	for name, row := range rows {
		q := quantiles(name, hists[name])
		row.Share, row.P50, row.P95, row.Max = float64(row.Ops)/float64(total), q.P50, q.P95, q.Max
		out = append(out, *row)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// network sums counts and times, and takes medians of what is no sum.
func network(ts []record.Trial) record.Network {
	var n record.Network
	var rtt, minRTT, delivery, perStream, fill []float64
	bound := 0.0
	for _, t := range ts {
		x := t.Network
		n.Opened += x.Opened
		n.Reused += x.Reused
		n.Retrans += x.Retrans
		n.Busy += x.Busy
		n.RwndLimit += x.RwndLimit
		n.SndbufLimt += x.SndbufLimt
		if x.Congestion != "" {
			n.Congestion = x.Congestion
		}
		n.Samples += x.Samples
		bound += x.SndbufBound * float64(x.Samples)
		fill = append(fill, x.WindowFill)
		rtt, minRTT = append(rtt, float64(x.RTT)), append(minRTT, float64(x.MinRTT))
		delivery, perStream = append(delivery, float64(x.Delivery)), append(perStream, float64(x.PerStream))
	}
	n.RTT, n.MinRTT = duration(rtt), duration(minRTT)
	n.Delivery, n.PerStream, n.WindowFill = rate(delivery), rate(perStream), median(fill)
	if n.Samples > 0 {
		n.SndbufBound = bound / float64(n.Samples)
	}
	return n
}

// median of the values that are known (not 0); 0 if none is.
func median(values []float64) float64 {
	known := values[:0:0]
	for _, v := range values {
		if v > 0 {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return 0
	}
	return compare.Describe(known).Median
}

func duration(ns []float64) time.Duration { return time.Duration(median(ns)) }

func rate(values []float64) unit.BytesPerSecond { return unit.BytesPerSecond(median(values)) }
