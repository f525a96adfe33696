package compare

import "math"

// ClearHarmPairs is the least number of pairs from which harm may be called
// clear, without waiting for a planned look.
const ClearHarmPairs = 3

// ClearHarmFactor is how many times worse the candidate must be in every
// single pair for the harm to be clear: max(2, (1+m)^2) for the margin m.
//
// The rule is asked again after every block, yet costs its false alarms only
// once: to be worse in all of n pairs includes the first three, so whoever is
// not alarmed by three is never alarmed later.
func ClearHarmFactor(margin float64) float64 {
	return math.Max(2, (1+margin)*(1+margin))
}

// clearHarm applies the rule to an evidence.
func (e Evidence) clearHarm(margin float64) bool {
	return e.Pairs >= ClearHarmPairs && e.LeastHarm > math.Log(ClearHarmFactor(margin))
}

// leastHarm is the smallest harm any single block shows, by the statistic. It
// stops at the first block that shows none: from there on harm is not clear.
func leastHarm(blocks []Block, q Quantile) float64 {
	if len(blocks) == 0 {
		return math.Inf(-1)
	}
	least := math.Inf(1)
	for _, b := range blocks {
		if least = math.Min(least, b.harm(q)); least <= 0 {
			break
		}
	}
	return least
}

// harm is what one block alone shows. Where its ops are too few to carry the
// quantile, only a complete separation counts: the best op of the candidate
// against the worst of the reference, which no quantile ratio falls below.
func (b Block) harm(q Quantile) float64 {
	ref, cand := b.Ref, b.Cand
	if ref.Ops() == 0 || cand.Ops() == 0 {
		return math.Inf(-1)
	}
	if needed := OpsNeeded(q.Q); ref.Ops() >= needed && cand.Ops() >= needed {
		m := merge([]Distribution{ref}, []Distribution{cand}, q)
		return m.pair(q, []float64{1}).Harm()
	}
	refLow, refHigh := ref.extremes()
	candLow, candHigh := cand.extremes()
	if q.HigherIsBetter {
		if len(ref.cut) > 0 {
			refLow = 0
		}
		return LogRatio(1/candHigh, 1/refLow)
	}
	if len(ref.cut) > 0 {
		refHigh = math.Inf(1)
	}
	return LogRatio(candLow, refHigh)
}

// extremes is the smallest and the largest value recorded, of ended and cut
// ops alike.
func (d Distribution) extremes() (low, high float64) {
	low, high = math.Inf(1), 0
	for _, bs := range [][]bucket{d.ended, d.cut} {
		if len(bs) > 0 {
			low = math.Min(low, float64(bs[0].top))
			high = math.Max(high, float64(bs[len(bs)-1].top))
		}
	}
	return low, high
}
