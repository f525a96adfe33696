package verdict

import (
	"math"
	"slices"

	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// common are the blocks that both sides have, ascending.
func common[T any](a, b map[int]T) []int {
	var blocks []int
	for n := range a {
		if _, ok := b[n]; ok {
			blocks = append(blocks, n)
		}
	}
	slices.Sort(blocks)
	return blocks
}

// distributions are the histograms of a metric by block, for both arms. Ops
// that failed or were cut took at least as long as they lasted.
func (m measured) distributions(ref, cand place, id metric.ID) []compare.Block {
	a, b := m.durations(ref, id), m.durations(cand, id)
	var out []compare.Block
	for _, n := range common(a, b) {
		out = append(out, compare.Block{Ref: a[n], Cand: b[n]})
	}
	return out
}

// durations are an arm's histograms by block, read once for all criteria.
func (m measured) durations(at place, id metric.ID) map[int]compare.Distribution {
	key := metricAt{at, id}
	if m.read[key] == nil {
		out := map[int]compare.Distribution{}
		for _, d := range m.run.Histograms(at.cell, at.arm, id) {
			out[d.Block] = compare.DistributionOf(d.Done.Buckets(), d.Unended.Buckets())
		}
		m.read[key] = out
	}
	return m.read[key]
}

// metricAt is a metric of an arm in a cell.
type metricAt struct {
	at place
	id metric.ID
}

// merged is a quantile of an arm over all its blocks in seconds, for display:
// ops that did not end count at the time they had lasted.
func (m measured) merged(at place, id metric.ID, share float64) float64 {
	var all record.Hist
	for _, d := range m.run.Histograms(at.cell, at.arm, id) {
		all.Merge(d.Done)
		all.Merge(d.Unended)
	}
	return quantile(&all, share)
}

// quantile is one of durations, in seconds; NaN if there are none.
func quantile(all *record.Hist, share float64) float64 {
	n := all.Count()
	if n == 0 {
		return math.NaN()
	}
	rank := min(max(1, uint64(math.Floor(share*float64(n)+0.5))), n)
	for top, k := range all.Buckets() {
		if k >= rank {
			return top.Seconds()
		}
		rank -= k
	}
	return math.Inf(1)
}

// above is how many of the durations are longer than a limit in seconds.
func above(h *record.Hist, limit float64) uint64 {
	if h == nil {
		return 0
	}
	n := h.Beyond
	for top, k := range h.Buckets() {
		// A bucket's top is up to 0.1 % above the durations in it: one that the
		// limit itself falls into is not beyond it.
		if top.Seconds() > limit*1.001 {
			n += k
		}
	}
	return n
}

// greatest is the longest of the durations in seconds, 0 if there is none.
func greatest(h *record.Hist) float64 {
	if h == nil {
		return 0
	}
	if h.Beyond > 0 {
		return math.Inf(1)
	}
	longest := 0.0
	for top := range h.Buckets() {
		longest = top.Seconds()
	}
	return longest
}

// pairs are an arm's values against the reference's by block, turned so that
// larger is worse, and the typical value of either side.
func (m measured) pairs(ref, cand place, c scenarios.Criterion) ([]compare.Pair, Values) {
	a, b := m.values(ref, c), m.values(cand, c)
	var pairs []compare.Pair
	var refs, cands []float64
	for _, n := range common(a, b) {
		ra, rb := orient(a[n], c.Metric), orient(b[n], c.Metric)
		pairs = append(pairs, compare.Pair{RefBest: ra.Low, RefWorst: ra.High, CandBest: rb.Low, CandWorst: rb.High})
		refs, cands = append(refs, a[n].Low), append(cands, b[n].typical(c.Metric))
		refs[len(refs)-1] = a[n].typical(c.Metric)
	}
	return pairs, Values{compare.Describe(refs).Median, compare.Describe(cands).Median}
}

// values are an arm's values of a criterion's statistic by block, with what is
// left open by ops that were cut.
func (m measured) values(at place, c scenarios.Criterion) map[int]bounds {
	out := map[int]bounds{}
	for _, v := range m.run.Values(at.cell, at.arm, c.Metric, c.Stat) {
		out[v.Block] = bounds{v.Low, v.High}
	}
	return out
}

// bounds are what is known of one value: exact where the two are equal.
type bounds struct{ Low, High float64 }

// orient turns a value so that larger is worse: Low is then the best case.
func orient(b bounds, id metric.ID) bounds {
	if catalogued(id).Better == metric.Higher {
		return bounds{1 / b.High, 1 / b.Low}
	}
	return b
}

// typical is the value to show: that which counts all that moved, so that a
// slow arm is shown as slow and not as dead.
func (b bounds) typical(id metric.ID) float64 {
	if catalogued(id).Better == metric.Higher {
		return b.High
	}
	return b.Low
}
