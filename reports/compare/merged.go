package compare

import (
	"math"
	"slices"
)

// mergedArm answers quantiles of an arm's blocks merged in any multiplicity:
// for each bucket that any block occupies, the cumulated count of every block.
// Merging a resample is then a weighted sum over blocks at the dozen buckets a
// binary search visits, instead of an addition of whole histograms.
type mergedArm struct {
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

func mergeArm(blocks []Distribution, as cutAs) *mergedArm {
	m := &mergedArm{blocks: len(blocks), ops: make([]float64, len(blocks))}
	counted := make([][]bucket, len(blocks))
	var tops []int64
	for b, d := range blocks {
		counted[b] = d.counted(as)
		for _, k := range counted[b] {
			tops = append(tops, k.top)
		}
		m.ops[b] = d.Ops()
		m.cut = m.cut || len(d.cut) > 0
	}
	slices.Sort(tops)
	tops = slices.Compact(tops)
	m.tops = make([]float64, len(tops))
	for i, top := range tops {
		m.tops[i] = float64(top)
	}
	m.cum = make([]float64, len(tops)*len(blocks))
	for b, ks := range counted {
		m.fill(tops, b, ks)
	}
	return m
}

// counted is the buckets of a trial with its cut ops counted as told; those
// that are endless are left out, so that they lie above all. Not in order.
func (d Distribution) counted(as cutAs) []bucket {
	switch {
	case len(d.cut) == 0 || as == cutAsEndless:
		return d.ended
	case as == cutAsNothing:
		return append([]bucket{{top: 0, count: total(d.cut)}}, d.ended...)
	default:
		return slices.Concat(d.ended, d.cut)
	}
}

// fill cumulates one block's buckets into its column.
func (m *mergedArm) fill(tops []int64, block int, ks []bucket) {
	for _, k := range ks {
		row, _ := slices.BinarySearch(tops, k.top)
		m.cum[row*m.blocks+block] += k.count
	}
	sum := 0.0
	for i := block; i < len(m.cum); i += m.blocks {
		sum += m.cum[i]
		m.cum[i] = sum
	}
}

// quantile is the q-quantile of the blocks merged, block b taken weights[b]
// times: +Inf where it falls among ops that never ended, NaN where there are
// no ops.
func (m *mergedArm) quantile(q float64, weights []float64) float64 {
	n := dot(weights, m.ops)
	if n == 0 {
		return math.NaN()
	}
	place := rank(q, n)
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
