package compare

import "math"

// Pair is what one block knows of both arms, each figure oriented so that
// larger is worse (seconds as they are; a rate as its reciprocal), at least 0
// and possibly +Inf: a trial that moved nothing took infinitely long per byte.
//
// Best and Worst differ only where a trial's figure is known within bounds,
// because transfers were cut: Worst counts what was acknowledged or verified,
// Best also what unfinished transfers had moved. A NaN bound is not known.
type Pair struct {
	RefBest, RefWorst   float64
	CandBest, CandWorst float64
}

// Exact is the pair of two figures known exactly.
func Exact(ref, cand float64) Pair {
	return Pair{RefBest: ref, RefWorst: ref, CandBest: cand, CandWorst: cand}
}

// Harm is the least log ratio candidate/reference that the bounds allow: the
// candidate's best case against the reference's worst. It is what may prove
// harm.
//
// Where neither arm moved anything the ratio is undefined. Harm is then 0, no
// evidence either way; Health is +Inf, because nothing was shown to be well.
func (p Pair) Harm() float64 {
	if math.IsInf(p.CandBest, 1) && math.IsInf(p.RefWorst, 1) {
		return 0
	}
	return LogRatio(orElse(p.CandBest, 0), orElse(p.RefWorst, math.Inf(1)))
}

// Health is the greatest log ratio candidate/reference that the bounds allow:
// the candidate's worst case against the reference's best. Only it may prove
// that the candidate is not worse.
func (p Pair) Health() float64 {
	cand := orElse(p.CandWorst, math.Inf(1))
	if math.IsInf(cand, 1) {
		return cand // also against a reference that moved nothing
	}
	return LogRatio(cand, orElse(p.RefBest, 0))
}

// LogRatio is ln(cand/ref) for figures of at least 0, never NaN for such: 0 of
// two equal figures, zeros and infinities included, and +Inf or -Inf where
// only one of them is 0 or infinite.
func LogRatio(cand, ref float64) float64 {
	if cand == ref {
		return 0
	}
	return math.Log(cand) - math.Log(ref)
}

func orElse(x, unknown float64) float64 {
	if math.IsNaN(x) {
		return unknown
	}
	return x
}
