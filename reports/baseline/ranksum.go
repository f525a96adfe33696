package baseline

import (
	"math"
	"slices"
	"sync"
)

// RankSum is the shift between two samples: the median of all differences
// candidate − baseline (Hodges and Lehmann) with exact bounds from the law of
// the Mann-Whitney statistic. It satisfies compare.Bounds.
//
// It assumes that the values of each side are independent of each other and
// that the sides differ by a shift, if at all; nothing of their distribution.
//
// Sources: H. B. Mann, D. R. Whitney, Ann. Math. Stat. 18 (1947) 50;
// J. L. Hodges, E. L. Lehmann, Ann. Math. Stat. 34 (1963) 598.
type RankSum struct {
	m, n        int
	differences []float64 // ascending, without the indefinite ones
	without     int       // inf − inf: they count against what is to be shown
}

// NewRankSum prepares the samples, which are not changed.
func NewRankSum(base, cand []float64) RankSum {
	r := RankSum{m: len(base), n: len(cand)}
	for _, c := range cand {
		for _, b := range base {
			d := c - b
			if math.IsNaN(d) {
				r.without++
				continue
			}
			r.differences = append(r.differences, d)
		}
	}
	slices.Sort(r.differences)
	return r
}

// Estimate is the median difference, NaN if there is none.
func (r RankSum) Estimate() float64 { return centre(r.differences) }

// Lower is the exact lower bound of the shift at one-sided error alpha, −Inf
// when the samples are too small.
func (r RankSum) Lower(alpha float64) float64 {
	i := r.order(alpha) - 1 - r.without
	if i < 0 || i >= len(r.differences) {
		return math.Inf(-1)
	}
	return r.differences[i]
}

// Upper is the exact upper bound, +Inf when the samples are too small.
func (r RankSum) Upper(alpha float64) float64 {
	i := r.order(alpha) - 1 - r.without
	if i < 0 || i >= len(r.differences) {
		return math.Inf(1)
	}
	return r.differences[len(r.differences)-1-i]
}

// P is the one-sided p-value against "not above zero": Lower(alpha) > 0
// exactly when P() <= alpha.
func (r RankSum) P() float64 {
	notAbove, _ := slices.BinarySearchFunc(r.differences, 0, func(d, _ float64) int {
		if d > 0 {
			return 1
		}
		return -1
	})
	law := mannWhitney(r.m, r.n)
	return law[min(notAbove+r.without, len(law)-1)]
}

// order is the largest k with P(U <= k-1) <= alpha; 0 if there is none.
func (r RankSum) order(alpha float64) int {
	law := mannWhitney(r.m, r.n)
	k := 0
	for k < len(law)/2 && law[k] <= alpha {
		k++
	}
	return k
}

var laws = struct {
	sync.Mutex
	cdf map[[2]int][]float64
}{cdf: map[[2]int][]float64{}}

// mannWhitney is P(U <= u) for u = 0 … mn under the null hypothesis, by the
// recursion on whose value is the largest of all:
//
//	p(m,n,u) = m/(m+n) p(m-1,n,u-n) + n/(m+n) p(m,n-1,u)
func mannWhitney(m, n int) []float64 {
	m, n = min(m, n), max(m, n) // the law is the same both ways; so is the rounding
	laws.Lock()
	defer laws.Unlock()
	if cdf, ok := laws.cdf[[2]int{m, n}]; ok {
		return cdf
	}
	// row[i] is the law of (i, j) for the j at hand.
	row := make([][]float64, m+1)
	for i := range row {
		row[i] = []float64{1}
	}
	for j := 1; j <= n; j++ {
		next := make([][]float64, m+1)
		next[0] = []float64{1}
		for i := 1; i <= m; i++ {
			p := make([]float64, i*j+1)
			share := float64(i) / float64(i+j)
			for u, q := range next[i-1] {
				p[u+j] += share * q
			}
			for u, q := range row[i] {
				p[u] += (1 - share) * q
			}
			next[i] = p
		}
		row = next
	}
	cdf := slices.Clone(row[m])
	for u := 1; u < len(cdf); u++ {
		cdf[u] += cdf[u-1]
	}
	laws.cdf[[2]int{m, n}] = cdf
	return cdf
}
