package compare

import "math"

// Outcome is what a relative criterion comes to.
type Outcome string

// The outcomes, worst first.
const (
	Regressed    Outcome = "REGRESSED"
	Inconclusive Outcome = "INCONCLUSIVE"
	Pass         Outcome = "PASS"
	Improved     Outcome = "IMPROVED"
)

// Reason says which branch of the rule gave the outcome.
type Reason string

// The reasons.
const (
	ReasonClearHarm      Reason = "clear-harm"               // REGRESSED: worse in every pair by ClearHarmFactor
	ReasonWorse          Reason = "worse-beyond-the-floor"   // REGRESSED: L > 0 and T >= E
	ReasonWithinMargin   Reason = "within-the-margin"        // PASS: U < M
	ReasonWorseWithin    Reason = "worse-but-within-margin"  // PASS: U < M although L > 0
	ReasonBetter         Reason = "better-beyond-the-floor"  // IMPROVED: U < 0 and T <= -E
	ReasonNotCarried     Reason = "statistic-not-carried"    // INCONCLUSIVE: too few ops for the quantile
	ReasonBetweenLooks   Reason = "between-looks"            // INCONCLUSIVE: no look is planned here
	ReasonTooFewPairs    Reason = "too-few-pairs"            // INCONCLUSIVE: neither bound can exist yet
	ReasonSpansMargin    Reason = "interval-spans-margin"    // INCONCLUSIVE: both 0 and the margin are possible
	ReasonWorseUnproven  Reason = "worse-size-not-settled"   // INCONCLUSIVE: L > 0, but T < E and U >= M
	ReasonKnownTooWidely Reason = "known-too-widely-for-now" // INCONCLUSIVE: cut transfers leave the figures open
)

// Rule is a relative criterion and where in the run it is judged.
type Rule struct {
	Margin float64 // m, as a share: 0.05 allows the candidate to be 1.05 times worse
	Looks  int     // K, how many looks are planned; less than 1 counts as 1
	Look   int     // this look, 1 … K; 0 between looks, where only clear harm decides
}

// Result is a relative criterion judged. Low, High, Harm, Health, Margin and
// Floor are logarithms of candidate/reference, larger = worse; math.Exp of
// them is the factor. Low and High may be infinite.
type Result struct {
	Outcome Outcome
	Reason  Reason
	Pairs   int

	Harm, Health float64 // T at the candidate's best and at its worst; equal unless transfers were cut
	Low, High    float64 // L at LevelLow, U at LevelHigh
	LevelLow     float64 // one-sided error of Low: AlphaRegress shared over looks and by Holm
	LevelHigh    float64 // one-sided error of High: AlphaPass shared over looks
	P            float64 // one-sided p-value of harm, not adjusted; significant when P <= LevelLow
	Margin       float64 // M = ln(1+m)
	Floor        float64 // E
	More         int     // INCONCLUSIVE: blocks that would likely decide; 0 = cannot be said

	Withheld Withheld
	Warnings []Warning
}

// Estimate is the log ratio to show: what proved harm where the outcome is
// REGRESSED, what did or did not prove health otherwise.
func (r Result) Estimate() float64 {
	if r.Outcome == Regressed {
		return r.Harm
	}
	return r.Health
}

// Floor is E, the smallest estimate worth calling a change: ln(1+0.6m) up to a
// margin of 25 %, ln(1+m) above.
func Floor(margin float64) float64 {
	if margin <= 0.25 {
		return math.Log1p(0.6 * margin)
	}
	return math.Log1p(margin)
}

// tie is how close two logarithms must be to count as equal: far below any
// effect, far above rounding. Coarse figures (whole microseconds) do land on
// the margin exactly, and must not pass by the last bit.
const tie = 1e-9

// Relative judges one comparison. levelHarm is its share of AlphaRegress, as
// Family works it out; PASS is judged at AlphaPass over the looks.
//
//	clear harm                      REGRESSED, also between looks
//	U < M                           PASS; IMPROVED if also U < 0 and T <= -E
//	L > 0 and T >= E                REGRESSED
//	otherwise                       INCONCLUSIVE
func Relative(e Evidence, rule Rule, levelHarm float64) Result {
	r := Result{
		Outcome: Inconclusive, Pairs: e.Pairs,
		LevelLow: levelHarm, LevelHigh: AlphaPass / float64(max(1, rule.Looks)),
		Margin: math.Log1p(rule.Margin), Floor: Floor(rule.Margin),
		Withheld: e.Withheld, Warnings: e.Warnings,
	}
	r.Harm, r.Health = e.Harm.Estimate(), e.Health.Estimate()
	r.Low, r.High, r.P = e.Harm.Lower(r.LevelLow), e.Health.Upper(r.LevelHigh), e.Harm.P()
	switch {
	case e.clearHarm(rule.Margin):
		r.Outcome, r.Reason = Regressed, ReasonClearHarm
	case e.Withheld.Yes():
		r.Reason = ReasonNotCarried
	case rule.Look < 1:
		r.Reason = ReasonBetweenLooks
	case r.High < r.Margin-tie:
		r.pass()
	case r.P <= r.LevelLow && r.Harm >= r.Floor-tie:
		r.Outcome, r.Reason = Regressed, ReasonWorse
	default:
		r.Reason = r.undecided()
	}
	if r.Outcome == Inconclusive && !e.Withheld.Yes() {
		r.More = MoreBlocks(e, rule.Margin, r.LevelLow, r.LevelHigh)
	}
	return r
}

// pass tells apart the ways of not being worse than the margin.
func (r *Result) pass() {
	switch {
	case r.High < -tie && r.Health <= -r.Floor+tie:
		r.Outcome, r.Reason = Improved, ReasonBetter
	case r.P <= r.LevelLow:
		r.Outcome, r.Reason = Pass, ReasonWorseWithin
	default:
		r.Outcome, r.Reason = Pass, ReasonWithinMargin
	}
}

// undecided names why neither side was reached.
func (r *Result) undecided() Reason {
	switch {
	case r.Pairs < MinPairs(r.LevelLow) && r.Pairs < MinPairs(r.LevelHigh) && math.IsInf(r.Low, -1) && math.IsInf(r.High, 1):
		return ReasonTooFewPairs
	case r.P <= r.LevelLow:
		return ReasonWorseUnproven
	case r.Harm != r.Health:
		return ReasonKnownTooWidely
	default:
		return ReasonSpansMargin
	}
}

// Family judges all relative comparisons of a gate together: Holm's correction
// shares AlphaRegress among them, after it was shared over the looks. rules[i]
// belongs to evidence[i]; each keeps its own margin and looks.
//
// A comparison whose statistic is withheld stays in the family, so that what
// the others need does not depend on the data.
func Family(evidence []Evidence, rules []Rule) []Result {
	p := make([]float64, len(evidence))
	for i, e := range evidence {
		p[i] = 1
		if !e.Withheld.Yes() {
			// The p-value times its own number of looks, so that comparisons
			// with different numbers of looks share one alpha.
			p[i] = e.Harm.P() * float64(max(1, rules[i].Looks))
		}
	}
	results := make([]Result, len(evidence))
	for i, level := range HolmLevels(p, AlphaRegress) {
		results[i] = Relative(evidence[i], rules[i], level/float64(max(1, rules[i].Looks)))
	}
	return results
}
