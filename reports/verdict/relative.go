package verdict

import (
	"fmt"
	"math"
	"strings"

	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// question is one relative comparison before it is judged.
type question struct {
	criterion scenarios.Criterion
	at        place
	reference string
	evidence  compare.Evidence
	values    Values
}

// relative judges the criteria that compare with the reference arm of the same
// run: one family, so that the gate as a whole has the stated risk.
func (m measured) relative(o Options) []judged {
	var asked []question
	for _, c := range m.run.Header.Scenario.Criteria {
		if !c.Relative() || c.Against == baselineWord {
			continue
		}
		for _, arm := range m.arms(c) {
			for _, cell := range m.cellsOf(c) {
				asked = append(asked, m.ask(c, place{cell, arm}, m.reference))
			}
		}
	}
	return answer(asked, m.rule(o))
}

// rule is where in the run the family is judged.
func (m measured) rule(o Options) compare.Rule {
	return compare.Rule{Looks: max(1, len(m.run.Header.Looks)), Look: o.look}
}

// ask gathers the evidence for one comparison.
func (m measured) ask(c scenarios.Criterion, at place, reference string) question {
	q := question{criterion: c, at: at, reference: reference}
	against := place{at.cell, reference}
	if share, ok := c.Stat.Quantile(); ok && catalogued(c.Metric).Rule == metric.OverOps {
		blocks := m.distributions(against, at, c.Metric)
		q.evidence = compare.FromBlocks(blocks, compare.Quantile{
			Q: share, HigherIsBetter: catalogued(c.Metric).Better == metric.Higher, Seed: m.run.Header.Scenario.Design.Seed,
		})
		q.values = Values{m.merged(against, c.Metric, share), m.merged(at, c.Metric, share)}
		return q
	}
	pairs, values := m.pairs(against, at, c)
	q.evidence, q.values = compare.FromPairs(pairs), values
	return q
}

// answer judges a family of questions under Holm's correction.
func answer(asked []question, rule compare.Rule) []judged {
	evidence, rules := make([]compare.Evidence, len(asked)), make([]compare.Rule, len(asked))
	for i, q := range asked {
		evidence[i], rules[i] = q.evidence, rule
		rules[i].Margin = float64(*q.criterion.Margin)
	}
	var found []judged
	for i, r := range compare.Family(evidence, rules) {
		f := blank(asked[i].criterion, asked[i].at)
		f.Reference, f.Values, f.N = asked[i].reference, asked[i].values, r.Pairs
		f.Verdict, f.Clear = Verdict(r.Outcome), r.Reason == compare.ReasonClearHarm
		f.Effect = Effect{math.Exp(r.Estimate()), math.Exp(r.Low), math.Exp(r.High)}
		f.Reason = reason(f, r)
		found = append(found, judged{Finding: f, needs: r.More})
	}
	return found
}

// reason is the finding in words: effect, interval, limit, and what would
// change it.
func reason(f Finding, r compare.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s of `%s` against `%s`%s: ", f.Metric, f.Stat, f.Arm, f.Reference, inCell(f.Cell))
	switch r.Reason {
	case compare.ReasonClearHarm:
		fmt.Fprintf(&b, "worse in every one of %s by more than %s, so it was decided at once; %s",
			count(f.N, "pair"), Times(compare.ClearHarmFactor(f.Margin-1)), sizes(f))
	case compare.ReasonNotCarried:
		fmt.Fprintf(&b, "not judged: %s", r.Withheld)
	case compare.ReasonBetweenLooks:
		fmt.Fprintf(&b, "no look is planned after %s, and no harm is clear", count(f.N, "pair"))
	case compare.ReasonTooFewPairs:
		fmt.Fprintf(&b, "%s say too little (%s are the least that can decide)",
			count(f.N, "pair"), digits(float64(leastPairs(r))))
	default:
		fmt.Fprintf(&b, "%s over %s", sizes(f), count(f.N, "pair"))
	}
	fmt.Fprintf(&b, "; %s", allowed(f.Margin))
	switch r.Reason {
	case compare.ReasonWorseWithin:
		b.WriteString(": worse, but inside the margin")
	case compare.ReasonSpansMargin:
		b.WriteString(": the data allow both no change and more than the margin")
	case compare.ReasonWorseUnproven:
		b.WriteString(": worse, but it is not settled by how much")
	case compare.ReasonKnownTooWidely:
		b.WriteString(": transfers that were cut leave it open (a longer measure or drain would tell)")
	}
	if r.Outcome == compare.Inconclusive && r.More > 0 {
		fmt.Fprintf(&b, "; %s would likely decide", count(r.More, "more block"))
	}
	return b.String()
}

// leastPairs is the number of pairs from which either bound exists.
func leastPairs(r compare.Result) int {
	return min(compare.MinPairs(r.LevelLow), compare.MinPairs(r.LevelHigh))
}

// sizes is the effect with its interval and the two sides' values.
func sizes(f Finding) string {
	text := worseBy(f.Effect.Ratio)
	switch low, high := f.Effect.Low, f.Effect.High; {
	case low > 0 && !math.IsInf(high, 1):
		text += fmt.Sprintf(" (between %s and %s)", worseBy(low), worseBy(high))
	case low > 0:
		text += fmt.Sprintf(" (at least %s)", worseBy(low))
	case !math.IsInf(high, 1):
		text += fmt.Sprintf(" (at most %s)", worseBy(high))
	}
	return text + ", " + against(f)
}

// against is the two sides' values: candidate against reference.
func against(f Finding) string {
	u := metric.Unit(f.Unit)
	return fmt.Sprintf("%s against %s", Amount(u, f.Values.Candidate), Amount(u, f.Values.Reference))
}
