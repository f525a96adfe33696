package health

import (
	"math"
	"runtime/metrics"
	"time"
)

// The runtime's histograms, in seconds since the process began.
const (
	schedLatencies = "/sched/latencies:seconds"
	gcPauses       = "/sched/pauses/total/gc:seconds"
)

// histogram is one of the runtime's; counts[i] lie in [edges[i], edges[i+1]).
type histogram struct {
	counts []uint64
	edges  []float64
}

func readHistogram(name string) histogram {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return histogram{}
	}
	h := sample[0].Value.Float64Histogram()
	return histogram{append([]uint64(nil), h.Counts...), h.Buckets}
}

// since is what was counted after the earlier reading.
func (h histogram) since(earlier histogram) histogram {
	for i := range min(len(h.counts), len(earlier.counts)) {
		h.counts[i] -= earlier.counts[i]
	}
	return h
}

// quantile is the upper edge of the bucket that holds the quantile q, 0 if
// nothing was counted; 1 gives the largest.
func (h histogram) quantile(q float64) time.Duration {
	total := uint64(0)
	for _, n := range h.counts {
		total += n
	}
	want, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range h.counts {
		seen += n
		if n > 0 && seen >= want {
			return edge(h.edges[i], h.edges[i+1])
		}
	}
	return 0
}

// edge is the upper edge, or the lower where the bucket has no upper end.
func edge(low, high float64) time.Duration {
	if math.IsInf(high, 1) {
		high = low
	}
	return time.Duration(high * float64(time.Second))
}
