package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"loadline/scenarios"
)

const (
	// AlphaRegress is the producer's risk of a whole gate: the chance that an
	// unchanged candidate is called REGRESSED, over all its relative
	// comparisons and looks.
	AlphaRegress = scenarios.AlphaRegressed
	// AlphaPass is the consumer's risk of one criterion: the chance that a
	// candidate worse by the margin is called PASS, over all looks. A gate
	// passes only when every criterion does, so it needs no correction.
	AlphaPass = scenarios.AlphaPass
)

// LeastBlocks is the least number of blocks at which the rule can decide at
// all: with `relative` relative comparisons under Holm and `looks` planned
// looks, a single regression among them must be able to reach its level, and
// PASS its own. A run without relative comparisons needs one.
func LeastBlocks(relative, looks int) int {
	if relative < 1 {
		return 1
	}
	k := float64(max(1, looks))
	return max(MinPairs(AlphaRegress/k/float64(relative)), MinPairs(AlphaPass/k))
}

// rankEfficiency is the asymptotic efficiency of signed ranks against the mean
// on normal differences, 3/pi; on heavier tails they do better.
const rankEfficiency = 3 / math.Pi

// blocksFor a decision: with spread s of the log ratio between blocks and
// one-sided errors alpha, beta, a bound at alpha falls short of a distance D
// with chance beta when n = ((z_alpha + z_beta) s / D)^2 / (3/pi).
// Source: E. L. Lehmann, Nonparametrics (1975), ch. 4.2.
func blocksFor(spread, distance, alpha, beta float64) float64 {
	if !(distance > 0) {
		return math.Inf(1)
	}
	z := distuv.UnitNormal.Quantile(1-alpha) + distuv.UnitNormal.Quantile(1-beta)
	n := z * spread / distance
	return n * n / rankEfficiency
}

// Needed is how many blocks a criterion needs to be decided.
type Needed struct {
	ToPass    int // blocks for PASS when nothing changed
	ToRegress int // blocks for REGRESSED when the candidate is worse by twice the margin
}

// BlocksFor plans a criterion with margin m (a share) from the spread between
// blocks known from a pilot or from history, for the chance `power` of a
// decision. `relative` and `looks` as for LeastBlocks; neither number is below
// it. MaxInt where no number of blocks suffices.
func BlocksFor(margin, spread, power float64, relative, looks int) Needed {
	k, family := float64(max(1, looks)), float64(max(1, relative))
	least := LeastBlocks(relative, looks)
	limit, worse := math.Log1p(margin), math.Log1p(2*margin)
	pass := blocksFor(spread, limit, AlphaPass/k, 1-power)
	regress := math.Max(blocksFor(spread, worse, AlphaRegress/k/family, 1-power),
		blocksFor(spread, worse-Floor(margin), 0.5, 1-power))
	return Needed{ToPass: atLeast(least, pass), ToRegress: atLeast(least, regress)}
}

func atLeast(least int, n float64) int {
	if math.IsNaN(n) || n > math.MaxInt32 {
		return math.MaxInt
	}
	return max(least, int(math.Ceil(n)))
}

// likely is the chance of a decision that MoreBlocks aims at.
const likely = 0.8

// MoreBlocks is how many blocks beyond those judged would likely (four times
// in five) decide an inconclusive comparison, if its estimate and spread stay
// what they are: the smaller of what PASS and what REGRESSED would take.
// 0 means that no number can be named: the spread is unknown, or the estimate
// lies where more blocks help neither.
func MoreBlocks(e Evidence, margin, alphaRegress, alphaPass float64) int {
	if math.IsNaN(e.Spread) || math.IsInf(e.Spread, 0) {
		return 0
	}
	harm, health := e.Harm.Estimate(), e.Health.Estimate()
	pass := blocksFor(e.Spread, math.Log1p(margin)-health, alphaPass, 1-likely)
	regress := blocksFor(e.Spread, harm, alphaRegress, 1-likely)
	if floor := Floor(margin); floor > 0 {
		regress = math.Max(regress, blocksFor(e.Spread, harm-floor, 0.5, 1-likely))
	}
	pass = math.Max(pass, float64(MinPairs(alphaPass)))
	regress = math.Max(regress, float64(MinPairs(alphaRegress)))
	n := math.Min(pass, regress)
	if math.IsNaN(n) || n > math.MaxInt32 {
		return 0
	}
	if more := int(math.Ceil(n)) - e.Pairs; more > 0 {
		return more
	}
	// Enough by its spread, and yet undecided: some blocks are far out, or this
	// look's bounds were unlucky. Half as many again is the next fair attempt.
	return max(1, e.Pairs/2)
}
