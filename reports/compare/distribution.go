package compare

import (
	"iter"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Distribution is what one trial recorded of a metric: its histogram with the
// empty buckets left out. Build it once per trial; every quantile criterion on
// the metric can share it. The zero value is a trial that recorded nothing.
type Distribution struct {
	ended, cut []bucket
}

// bucket stands for its top value, as HdrHistogram reports it, in the unit the
// histogram was filled with.
type bucket struct {
	top   int64
	count float64 // whole; float64 because the resampling multiplies it
}

// NewDistribution reads the histogram of the ops that ended and, where there
// were any, the histogram of how long the ops that were cut had lasted when
// they were cut: such an op would have taken at least that long. Either may be
// nil. The histograms are not changed and need not share their bounds.
func NewDistribution(ended, cut *hdrhistogram.Histogram) Distribution {
	return Distribution{ended: buckets(ended), cut: buckets(cut)}
}

// DistributionOf is NewDistribution of histograms that are at hand as buckets
// (top and count, ascending), without the detour over a dense histogram.
func DistributionOf(ended, cut iter.Seq2[time.Duration, uint64]) Distribution {
	return Distribution{ended: collected(ended), cut: collected(cut)}
}

func collected(from iter.Seq2[time.Duration, uint64]) []bucket {
	var out []bucket
	for top, count := range from {
		out = append(out, bucket{top: int64(top), count: float64(count)})
	}
	return out
}

// Ops is the number of ops recorded: those that ended and those cut.
func (d Distribution) Ops() float64 {
	return total(d.ended) + total(d.cut)
}

func total(bs []bucket) (n float64) {
	for _, b := range bs {
		n += b.count
	}
	return n
}

// buckets walks the counts of h. HdrHistogram's own Distribution visits every
// bucket through an iterator, some twenty times slower; the layout of the
// counts is part of the HDR format and does not change.
//
// Layout: the first 2^(half+1) counts are single units apart; after them each
// run of 2^half counts covers one doubling of the value.
func buckets(h *hdrhistogram.Histogram) []bucket {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	snapshot := h.Export()
	unit := uint(max(0, math.Floor(math.Log2(float64(max(1, snapshot.LowestTrackableValue))))))
	half := uint(max(1, math.Ceil(math.Log2(2*math.Pow10(int(snapshot.SignificantFigures)))))) - 1
	out := make([]bucket, 0, min(h.TotalCount(), 1024))
	left := h.TotalCount()
	for i, count := range snapshot.Counts {
		if left <= 0 {
			break // nothing but empty buckets follows
		}
		if count == 0 {
			continue
		}
		left -= count
		doubling, sub := uint(0), int64(i)
		if i >= 1<<(half+1) {
			doubling = uint(i)>>half - 1
			sub = int64(i)&(1<<half-1) + 1<<half
		}
		top := (sub+1)<<(doubling+unit) - 1
		out = append(out, bucket{top: top, count: float64(count)})
	}
	return out
}

// rank is the place, counted from 1, of quantile q among n observations. It is
// HdrHistogram's rule, so a quantile printed from a record and the one judged
// here are the same number.
func rank(q, n float64) float64 {
	return min(max(1, math.Floor(q*n+0.5)), n)
}
