package compare

import (
	"cmp"
	"math"
	"slices"
)

// mergedArm answers quantiles of an arm's blocks merged in any multiplicity:
// for each bucket that any block occupies, the cumulated count of every block.
// Merging a resample is then a weighted sum over blocks at the dozen buckets a
// binary search visits, instead of an addition of whole histograms.
type mergedArm struct {
	q      float64   // the quantile asked for, as a share
	tops   []float64 // bucket tops, ascending
	blocks int
	cum    []float64 // len(tops) rows of `blocks` cumulated counts
	ops    []float64 // ops per block, the cut ones included
	cut    bool      // some ops were cut
}

// cutAs says how an op that was cut is counted.
type cutAs int

const (
	cutAsRecorded cutAs = iota // at the value it had reached
	cutAsEndless               // above every value
	cutAsNothing               // at zero
)

// mergeArm lays out an arm for one quantile q: only the buckets that can hold
// it in some resample are kept.
func mergeArm(blocks []Distribution, q float64, as cutAs) *mergedArm {
	m := &mergedArm{q: q, blocks: len(blocks), ops: make([]float64, len(blocks))}
	counted := make([][]bucket, len(blocks))
	low, high := int64(math.MaxInt64), int64(0)
	for b, d := range blocks {
		counted[b] = d.counted(as)
		m.ops[b] = d.Ops()
		m.cut = m.cut || len(d.cut) > 0
		if m.ops[b] > 0 {
			l, h := window(counted[b], q*m.ops[b])
			low, high = min(low, l), max(high, h)
		}
	}
	below := make([]float64, len(blocks))
	for b, ks := range counted {
		below[b], counted[b] = within(ks, low, high)
	}
	m.tops = allTops(counted)
	m.cum = make([]float64, len(m.tops)*len(blocks))
	for b, ks := range counted {
		m.fill(b, below[b], ks)
	}
	return m
}

// window is the buckets of a block between which `place` falls, give or take
// one op for rounding. Where every block has fewer than its place less that,
// so has any sum of them, and likewise above: the quantile of any merge lies
// within the outermost windows.
func window(ks []bucket, place float64) (low, high int64) {
	low, high = math.MaxInt64, math.MaxInt64 // beyond the last bucket: never ended
	sum := 0.0
	for _, k := range ks {
		sum += k.count
		if sum >= place-1 {
			low = min(low, k.top)
		}
		if sum >= place+1 {
			return low, k.top
		}
	}
	return low, high
}

// within is the buckets from low to high and the count of those below.
func within(ks []bucket, low, high int64) (below float64, kept []bucket) {
	for len(ks) > 0 && ks[0].top < low {
		below += ks[0].count
		ks = ks[1:]
	}
	for len(ks) > 0 && ks[len(ks)-1].top > high {
		ks = ks[:len(ks)-1]
	}
	return below, ks
}

// counted is the buckets of a trial, ascending, with its cut ops counted as
// told; those that are endless are left out, so that they lie above all.
func (d Distribution) counted(as cutAs) []bucket {
	switch {
	case len(d.cut) == 0 || as == cutAsEndless:
		return d.ended
	case as == cutAsNothing:
		return append([]bucket{{top: 0, count: total(d.cut)}}, d.ended...)
	}
	both := slices.Concat(d.ended, d.cut)
	slices.SortFunc(both, func(a, b bucket) int { return cmp.Compare(a.top, b.top) })
	return both
}

// allTops is the ascending union of the tops of ascending blocks, by halves:
// the blocks occupy much the same buckets, so unions stay short.
func allTops(counted [][]bucket) []float64 {
	switch len(counted) {
	case 0:
		return nil
	case 1:
		tops := make([]float64, len(counted[0]))
		for i, k := range counted[0] {
			tops[i] = float64(k.top)
		}
		return slices.Compact(tops)
	}
	a, b := allTops(counted[:len(counted)/2]), allTops(counted[len(counted)/2:])
	union := make([]float64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		top := min(a[0], b[0])
		union = append(union, top)
		if a[0] == top {
			a = a[1:]
		}
		if b[0] == top {
			b = b[1:]
		}
	}
	return append(append(union, a...), b...)
}

// fill cumulates one block's ascending buckets, and the count below them, into
// its column.
func (m *mergedArm) fill(block int, sum float64, ks []bucket) {
	for row, top := range m.tops {
		for len(ks) > 0 && float64(ks[0].top) == top {
			sum += ks[0].count
			ks = ks[1:]
		}
		m.cum[row*m.blocks+block] = sum
	}
}

// quantile is the quantile of the blocks merged, block b taken weights[b]
// times: +Inf where it falls among ops that never ended, NaN where there are
// no ops.
func (m *mergedArm) quantile(weights []float64) float64 {
	n := dot(weights, m.ops)
	if n == 0 {
		return math.NaN()
	}
	place := rank(m.q, n)
	lo, hi := 0, len(m.tops)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if dot(weights, m.cum[mid*m.blocks:(mid+1)*m.blocks]) >= place {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(m.tops) {
		return math.Inf(1)
	}
	return m.tops[lo]
}

// dot keeps four sums so that the additions do not wait for each other. The
// terms are whole numbers, so the order of addition does not change the result.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
