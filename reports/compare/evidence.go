package compare

import (
	"fmt"
	"math"
)

// Bounds is what a set of pairs has to say of one log ratio.
type Bounds interface {
	Estimate() float64           // NaN when nothing is known
	Lower(alpha float64) float64 // one-sided error alpha; -Inf when alpha is out of reach
	Upper(alpha float64) float64 // one-sided error alpha; +Inf when alpha is out of reach
	P() float64                  // one-sided, against "not above zero"; P() <= alpha exactly when Lower(alpha) > 0
}

// Evidence is one comparison of a candidate with its reference, before any
// rule is applied. All figures are natural logarithms of candidate/reference
// in the orientation "larger is worse".
type Evidence struct {
	Pairs  int
	Harm   Bounds // candidate's best case against the reference's worst: may prove harm
	Health Bounds // candidate's worst case against the reference's best: may prove health

	// LeastHarm is, when above 0, the smallest harm seen in any one pair, for
	// the rule of clear harm. At or below 0 some pair shows no harm or cannot
	// be judged on its own, and the figure says no more than that.
	LeastHarm float64
	// Spread is the robust standard deviation of the log ratio between blocks,
	// for saying how many more would decide; NaN when unknown.
	Spread float64
	// Withheld says why the data do not carry the statistic at all; its zero
	// value means that they do.
	Withheld Withheld
	Warnings []Warning
}

// Withheld is the reason why a statistic was not judged.
type Withheld struct {
	Arm       string  // "reference" or "candidate"; empty when nothing is withheld
	Quantile  float64 // as a share, 0 … 1
	Ops       float64 // recorded by that arm in all blocks together
	OpsNeeded float64
}

// Yes reports whether the statistic is withheld.
func (w Withheld) Yes() bool { return w.Arm != "" }

func (w Withheld) String() string {
	if !w.Yes() {
		return ""
	}
	return fmt.Sprintf("p%g needs %.0f ops per arm, the %s has %.0f",
		100*w.Quantile, w.OpsNeeded, w.Arm, w.Ops)
}

// Warning is something a reader of the figures should know; it decides nothing.
type Warning struct {
	Code WarningCode
	N    int // number of pairs concerned
}

// WarningCode names a kind of warning.
type WarningCode string

const (
	// WarnFewPairs: fewer pairs than any bound at AlphaRegress can rest on.
	WarnFewPairs WarningCode = "few-pairs"
	// WarnBothDead: pairs in which neither arm moved anything.
	WarnBothDead WarningCode = "both-moved-nothing"
	// WarnReferenceDead: pairs in which only the reference moved nothing.
	WarnReferenceDead WarningCode = "reference-moved-nothing"
	// WarnCandidateDead: pairs in which only the candidate moved nothing.
	WarnCandidateDead WarningCode = "candidate-moved-nothing"
	// WarnUnknown: pairs with a figure that is not known.
	WarnUnknown WarningCode = "unknown-figure"
	// WarnBounded: pairs known only within bounds, because transfers were cut.
	WarnBounded WarningCode = "known-within-bounds"
)

// FromPairs compares two arms by one figure per block: exact signed-rank
// bounds around the Hodges-Lehmann estimate. pairs is not changed, and its
// order does not matter.
func FromPairs(pairs []Pair) Evidence {
	harm, health := make([]float64, len(pairs)), make([]float64, len(pairs))
	least := math.Inf(1)
	for i, p := range pairs {
		harm[i], health[i] = p.Harm(), p.Health()
		least = math.Min(least, harm[i])
	}
	if len(pairs) == 0 || math.IsNaN(least) {
		least = math.Inf(-1)
	}
	lower := NewSignedRank(harm)
	upper := lower
	if !equal(harm, health) {
		upper = NewSignedRank(health)
	}
	return Evidence{
		Pairs: len(pairs), Harm: lower, Health: upper,
		LeastHarm: least, Spread: RobustSD(health),
		Warnings: pairWarnings(pairs),
	}
}

func pairWarnings(pairs []Pair) []Warning {
	var bothDead, refDead, candDead, unknown, bounded int
	for _, p := range pairs {
		refNone, candNone := math.IsInf(p.RefBest, 1), math.IsInf(p.CandBest, 1)
		switch {
		case p.RefBest+p.RefWorst+p.CandBest+p.CandWorst != p.RefBest+p.RefWorst+p.CandBest+p.CandWorst:
			unknown++
		case refNone && candNone:
			bothDead++
		case refNone:
			refDead++
		case candNone:
			candDead++
		case p.RefBest != p.RefWorst || p.CandBest != p.CandWorst:
			bounded++
		}
	}
	var out []Warning
	add := func(code WarningCode, n int) {
		if n > 0 {
			out = append(out, Warning{Code: code, N: n})
		}
	}
	if len(pairs) < MinPairs(AlphaRegress) {
		out = append(out, Warning{Code: WarnFewPairs, N: len(pairs)})
	}
	add(WarnBothDead, bothDead)
	add(WarnReferenceDead, refDead)
	add(WarnCandidateDead, candDead)
	add(WarnUnknown, unknown)
	add(WarnBounded, bounded)
	return out
}

func equal(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
