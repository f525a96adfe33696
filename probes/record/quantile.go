package record

import (
	"math"
	"slices"
	"time"
)

// countAt is one occupied bucket: its top in nanoseconds and its count.
type countAt struct {
	top   time.Duration
	count uint64
}

// quantile is the q-quantile over the ops of one trial as two bounds, in
// nanoseconds: low takes those that did not end at the time they had lasted,
// the best that can be true of them; high takes them as never ending. Both are
// +Inf where the quantile falls among values beyond the histogram. It is false
// if there are no ops.
//
// The rule is HdrHistogram's: the top of the bucket that holds the value of
// rank ⌊qn + ½⌋, counted from 1.
func quantile(done, unended *Hist, q float64) (low, high float64, ok bool) {
	n := done.Count() + unended.Count()
	if n == 0 {
		return math.NaN(), math.NaN(), false
	}
	rank := uint64(min(max(1, math.Floor(q*float64(n)+0.5)), float64(n)))
	ended := occupied(done)
	all := ended
	if unended.Count() > 0 {
		all = append(slices.Clone(ended), occupied(unended)...)
		slices.SortFunc(all, func(a, b countAt) int { return int(a.top - b.top) })
	}
	return valueAt(all, rank), valueAt(ended, rank), true
}

// largest is the maximum over the ops of one trial, with the same two bounds.
func largest(done, unended *Hist) (low, high float64, ok bool) { return quantile(done, unended, 1) }

// mean is the mean over the ops of one trial, with the same two bounds.
func mean(done, unended *Hist) (low, high float64, ok bool) {
	n := float64(done.Count() + unended.Count())
	if n == 0 {
		return math.NaN(), math.NaN(), false
	}
	low = (done.sum() + unended.sum()) / n * float64(time.Second)
	high = low
	if unended.Count() > 0 || done.beyond() > 0 {
		high = math.Inf(1)
	}
	if done.beyond()+unended.beyond() > 0 {
		low = math.Inf(1)
	}
	return low, high, true
}

func (x *Hist) beyond() uint64 {
	if x == nil {
		return 0
	}
	return x.Beyond
}

func occupied(x *Hist) []countAt {
	var out []countAt
	for top, n := range x.Buckets() {
		out = append(out, countAt{top, n})
	}
	return out
}

func valueAt(buckets []countAt, rank uint64) float64 {
	seen := uint64(0)
	for _, b := range buckets {
		if seen += b.count; seen >= rank {
			return float64(b.top)
		}
	}
	return math.Inf(1)
}
