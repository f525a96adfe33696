package compare

import (
	"math"
	"sync"
)

// The signed-rank statistic W is the sum of those ranks 1..n that carry the
// rarer sign. When each of n differences is as likely to be positive as
// negative, W is the sum of n independent terms, the i-th being i or 0 with
// probability 1/2 each. Its law is therefore built rank by rank:
//
//	P_i(w) = (P_{i-1}(w) + P_{i-1}(w-i)) / 2
//
// Source: F. Wilcoxon, Biometrics Bulletin 1 (1945) 80; the recursion is in
// M. Hollander, D. Wolfe, E. Chicken, Nonparametric Statistical Methods,
// 3rd ed., ch. 3.1.

// nullLaws keeps the lower half of the law of W for every n asked for; the
// upper half follows by symmetry about n(n+1)/4.
var nullLaws = struct {
	sync.Mutex
	cdf map[int][]float64
}{cdf: map[int][]float64{}}

// nullLaw returns P(W <= w) for w = 0 … n(n+1)/4.
func nullLaw(n int) []float64 {
	nullLaws.Lock()
	defer nullLaws.Unlock()
	if cdf, ok := nullLaws.cdf[n]; ok {
		return cdf
	}
	half := n * (n + 1) / 4
	p := make([]float64, half+1)
	p[0] = 1
	reached := 0 // the largest sum the ranks so far can make
	for rank := 1; rank <= n; rank++ {
		reached = min(reached+rank, half)
		for w := reached; w >= 0; w-- {
			p[w] /= 2
			if w >= rank {
				p[w] += p[w-rank] / 2 // p[w-rank] is still the law without this rank
			}
		}
	}
	for w := 1; w <= half; w++ {
		p[w] += p[w-1]
	}
	nullLaws.cdf[n] = p
	return p
}

// SignedRankCDF is P(W <= w) of the signed-rank statistic of n pairs under the
// null hypothesis, exact but for rounding. n < 1 knows nothing and gives 1.
func SignedRankCDF(n, w int) float64 {
	total := n * (n + 1) / 2
	switch {
	case n < 1 || w >= total:
		return 1
	case w < 0:
		return 0
	}
	law := nullLaw(n)
	if w < len(law) {
		return law[w]
	}
	return 1 - law[total-w-1]
}

// SignedRankOrder is the k for which the k-th smallest of the n(n+1)/2 Walsh
// averages is an exact lower confidence bound at one-sided error alpha: the
// largest k with P(W <= k-1) <= alpha. 0 means that n pairs are too few for
// this alpha and there is no bound.
//
// Source: J. W. Tukey (1949), in Hollander, Wolfe, Chicken, ch. 3.3.
func SignedRankOrder(n int, alpha float64) int {
	if n < 1 || !(alpha > 0) {
		return 0
	}
	// A bound beyond the middle would be a bound only in name; alpha >= 1/2
	// stops there.
	law := nullLaw(n)
	lo, hi := 0, len(law)
	for lo < hi {
		mid := (lo + hi) / 2
		if law[mid] <= alpha {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// MinPairs is the least number of pairs from which anything can be concluded
// at one-sided error alpha: all n differences of one sign have probability
// 2^-n under the null hypothesis, and no arrangement is rarer. An alpha
// outside (0, 1) gives 1 from 1 up, and MaxInt from 0 down.
func MinPairs(alpha float64) int {
	if !(alpha > 0) {
		return math.MaxInt
	}
	n := 1
	for p := 0.5; p > alpha; p /= 2 {
		n++
	}
	return n
}
