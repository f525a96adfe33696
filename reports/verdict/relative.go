package verdict

import (
	"fmt"
	"math"
	"strconv"

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
	// sick says why a PASS would have no ground, empty if it has.
	sick string
	// lone says that single pairs were far worse, which a median hides.
	lone string
	// method says what was compared where it is not pairs of blocks.
	method string
}

// relative judges the criteria that compare, with the reference arm of the
// same run or with earlier runs: one family, so that the gate as a whole has
// the stated risk.
func (m measured) relative(o Options) []judged {
	var asked []question
	var missing []judged
	for _, c := range m.run.Header.Scenario.Criteria {
		if !c.Relative() {
			continue
		}
		for _, arm := range m.arms(c) {
			for _, cell := range m.cellsOf(c) {
				at := place{cell, arm}
				if c.Against != againstBaseline {
					asked = append(asked, m.ask(c, at, m.reference))
				} else if q, why := m.askBaseline(c, at, o); why == "" {
					asked = append(asked, q)
				} else {
					missing = append(missing, without(c, at, why))
				}
			}
		}
	}
	return append(answer(asked, m.rule(o)), missing...)
}

// rule is where in the run the family is judged.
func (m measured) rule(o Options) compare.Rule {
	return compare.Rule{Looks: max(1, len(m.run.Header.Looks)), Look: o.look}
}

// ask gathers the evidence for one comparison.
func (m measured) ask(c scenarios.Criterion, at place, reference string) question {
	against := place{at.cell, reference}
	q := question{criterion: c, at: at, reference: reference, sick: m.sickReference(c, against)}
	if q.sick == "" {
		q.sick = m.otherWork(at)
	}
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
	q.lone = lone(c, at, reference, pairs)
	return q
}

// lone says how many single pairs were worse beyond clear harm, where they are
// fewer than half: a stop of some seconds now and then is one block in ten, and
// none to a median.
func lone(c scenarios.Criterion, at place, reference string, pairs []compare.Pair) string {
	far, worst := 0, 0.0
	for _, p := range pairs {
		if h := p.Harm(); h > math.Log(compare.ClearHarmFactor(float64(*c.Margin))) {
			far, worst = far+1, math.Max(worst, h)
		}
	}
	if far == 0 || 2*far >= len(pairs) {
		return ""
	}
	how := "it was up to " + digits(math.Exp(worst)) + "× worse than"
	if math.IsInf(worst, 1) {
		how = "nothing got done, unlike through"
	}
	return fmt.Sprintf("%s %s of `%s`%s: in %d of %s %s `%s`, which a median hides",
		c.Metric, c.Stat, at.arm, inCell(at.cell), far, count(uint64(len(pairs)), "pair"), how, reference)
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
		f.Effect = Effect{math.Exp(shown(r)), math.Exp(r.Low), math.Exp(r.High)}
		f.Reason = reason(f, r, asked[i].method)
		if asked[i].sick != "" && (f.Verdict == Pass || f.Verdict == Improved) {
			f.Verdict = Inconclusive
			f.Reason += "; but " + asked[i].sick
		}
		found = append(found, judged{Finding: f, needs: r.More, lone: asked[i].lone})
	}
	return found
}

// shown is the estimate to show. Where ops that failed or were cut leave the
// candidate's worst case without a limit, it is the best case: at least so
// much, and the interval is open above.
func shown(r compare.Result) float64 {
	if math.IsInf(r.Estimate(), 1) {
		return r.Harm
	}
	return r.Estimate()
}

// maxSickClosed is the share of failed ops from which the goodput of a closed
// load is no measure any more: a slot backs off after each of them, for much
// longer than an op of a healthy arm may take.
const maxSickClosed = 0.05

// sickReference says why not being worse than the reference shows nothing:
// it never worked, or failed so often that its goodput may be down by as much
// as the margin. (Latencies take a failed op of the reference at its best
// case.)
func (m measured) sickReference(c scenarios.Criterion, ref place) string {
	t := tallyOf(m.trials[ref])
	most := 1 - 1/c.Margin.Worse()
	if m.run.Header.Scenario.Load.Model != scenarios.Open {
		most = min(most, maxSickClosed)
	}
	switch share := float64(t.failed()) / float64(max(1, t.ended())); {
	case t.unserved():
		return fmt.Sprintf("the reference `%s` never worked here (%s)", ref.arm, m.failure(ref.arm, []string{ref.cell}))
	case catalogued(c.Metric).Rule == metric.OverTime && share > most:
		return fmt.Sprintf("the reference `%s` is sick itself: %s of its ops failed, which may cost it as much as the margin or more, so not being worse than it shows little",
			ref.arm, Amount(metric.Share, share))
	}
	return ""
}

// reason is the finding in words: effect, interval, limit, and what would
// change it.
func reason(f Finding, r compare.Result, method string) string {
	over := "over " + count(f.N, "pair")
	if method != "" {
		over = "by " + method
	}
	text := fmt.Sprintf("%s %s of `%s` against `%s`%s: ", f.Metric, f.Stat, f.Arm, f.Reference, inCell(f.Cell))
	switch r.Reason {
	case compare.ReasonClearHarm:
		text += fmt.Sprintf("clear harm, worse in every one of %s by more than %s; %s",
			count(f.N, blocksOr(method)), Times(compare.ClearHarmFactor(f.Margin-1)), sizes(f))
	case compare.ReasonNotCarried:
		text += fmt.Sprintf("not judged, %s", r.Withheld)
	case compare.ReasonBetweenLooks:
		text += fmt.Sprintf("no look is planned after %s, and no harm is clear", count(f.N, "pair"))
	case compare.ReasonTooFewPairs:
		text += fmt.Sprintf("%s too few (%s are the least that can decide)", isAre(f.N, "pair"), digits(float64(leastPairs(r))))
	default:
		text += sizes(f) + " " + over
	}
	text += "; " + limitOf(f) + hint(r)
	if r.Outcome == compare.Inconclusive && r.More > 0 {
		text += fmt.Sprintf("; %s would likely decide", count(r.More, "more block"))
	}
	return text
}

// limitOf is what the criterion allows. An estimate inside the margin is refused
// from the floor on unless the whole interval is inside; that is said where it
// happened, or the figures would contradict the verdict.
func limitOf(f Finding) string {
	text := allowed(f.Margin)
	if f.Verdict != Regressed || f.Clear || !(f.Effect.Ratio < f.Margin) {
		return text
	}
	least := math.Exp(compare.Floor(f.Margin - 1))
	if least >= f.Margin {
		return text
	}
	floor := Times(least)
	if floor == Times(f.Margin) {
		floor = strconv.FormatFloat(least, 'f', 3, 64) + "×"
	}
	return fmt.Sprintf("%s, and from %s on only what is surely inside that", text, floor)
}

// hint says what the branch of the rule means where the figures do not.
func hint(r compare.Result) string {
	switch r.Reason {
	case compare.ReasonWorseWithin:
		return ": worse, but inside the margin"
	case compare.ReasonSpansMargin:
		return ": the data allow both no change and more than the margin"
	case compare.ReasonWorseUnproven:
		return ": worse, but it is not settled by how much"
	case compare.ReasonKnownTooWidely:
		return ": ops that failed or were cut leave it open"
	}
	return ""
}

// blocksOr is what evidence is counted in: pairs, or blocks of two runs.
func blocksOr(method string) string {
	if method != "" {
		return "block"
	}
	return "pair"
}

func isAre(n int, noun string) string {
	if n == 1 {
		return count(n, noun) + " is"
	}
	return count(n, noun) + " are"
}

// leastPairs is the number of pairs from which either bound exists.
func leastPairs(r compare.Result) int {
	return min(compare.MinPairs(r.LevelLow), compare.MinPairs(r.LevelHigh))
}

// sizes is the effect with its interval and the two sides' values.
func sizes(f Finding) string {
	text := worseBy(f.Effect.Ratio)
	low, high := f.Effect.Low, f.Effect.High
	if math.IsInf(low, 1) {
		low = 0 // said by the ratio already
	}
	switch {
	case low > 0 && !math.IsInf(high, 1):
		text += fmt.Sprintf(" (between %s and %s)", worseBy(low), worseBy(high))
	case low > 0:
		text += fmt.Sprintf(" (at least %s)", worseBy(low))
	case high > 0 && !math.IsInf(high, 1):
		text += fmt.Sprintf(" (at most %s)", worseBy(high))
	}
	return text + ", " + against(f)
}

// against is the two sides' values: candidate against reference.
func against(f Finding) string {
	u := metric.Unit(f.Unit)
	return fmt.Sprintf("%s against %s", Amount(u, f.Values.Candidate), Amount(u, f.Values.Reference))
}
