package verdict

import (
	"fmt"
	"math"
	"slices"

	"loadline/probes/record"
	"loadline/reports/baseline"
	"loadline/scenarios"
)

// Options are what a judgement needs beside the record. The zero value judges
// a finished run that has no baseline.
type Options struct {
	// Baseline are earlier runs for the criteria written against: baseline;
	// none makes these criteria NO_BASELINE.
	Baseline []record.Run
	// BaselineName is how the baseline is spoken of; "baseline" if empty.
	BaselineName string

	// look is the number, from 1, of the planned look at which a running run
	// stands, and 0 between looks; running says that it is one.
	running bool
	look    int
}

// Judge applies the record's criteria to a run that is over. It is pure: the
// same record and options give the same decision.
//
// A run whose record has no end was killed, and cannot pass.
func Judge(run record.Run, o Options) Decision {
	o.running, o.look = false, 1
	return decide(layOut(run), o)
}

// Compare judges what changed from the base runs to cand: every relative
// criterion of cand's scenario is taken against them, whatever it was written
// against; limits are cand's own, and keeping them is no comparison: where
// nothing is compared, the answer is NO_BASELINE at best.
func Compare(base []record.Run, cand record.Run, name string) Decision {
	var criteria []scenarios.Criterion
	asked := map[string]bool{}
	for _, c := range cand.Header.Scenario.Criteria {
		if c.Relative() {
			c.Against = againstBaseline
			key := fmt.Sprint(c.Metric, c.Stat, c.Arm, c.Cell)
			if asked[key] {
				continue
			}
			asked[key] = true
		}
		criteria = append(criteria, c)
	}
	cand.Header.Scenario.Criteria = criteria
	d := Judge(cand, Options{Baseline: base, BaselineName: name})
	if why := nothingCompared(base, cand); why != "" && d.Verdict != Regressed && d.Verdict != Invalid {
		d.Verdict, d.Sentence = NoBaseline, string(NoBaseline)+": "+why
	}
	return d
}

// nothingCompared says why a comparison of runs has compared nothing, empty if
// it has: limits are kept or broken by one run alone.
func nothingCompared(base []record.Run, cand record.Run) string {
	for _, b := range base {
		if why := baseline.Differs(b, cand); why != "" {
			return why
		}
	}
	if !slices.ContainsFunc(cand.Header.Scenario.Criteria, scenarios.Criterion.Relative) {
		return "the scenario has limits only and no criterion with a margin, so nothing was compared"
	}
	return ""
}

// JudgeLook judges a run that still goes on, after a whole block, and reports
// whether it may end here: harm is clear, a limit is broken for good or the
// reference never works, or a planned look leaves nothing open. What is only known at the end (the ack
// ledger) is left out.
func JudgeLook(run record.Run, o Options) (d Decision, over bool) {
	m := layOut(run)
	done := m.blocks()
	o.running, o.look = true, 1+slices.Index(run.Header.Looks, done)
	d = decide(m, o)
	if (d.Verdict == Regressed || d.Unreachable != "") && (o.look > 0 || done >= leastBlocksToEnd || done > 0 && m.decidedAtOnce()) {
		return d, true
	}
	return d, o.look > 0 && (d.Verdict == Pass || d.Verdict == Improved)
}

// leastBlocksToEnd is how many blocks a run has at least before a broken limit
// ends it: one failed op settles the verdict, but not what causes it.
const leastBlocksToEnd = 3

// judged is a finding on its way into a decision.
type judged struct {
	Finding
	// certain marks what no ill health of the generator explains away: an
	// integrity failure that was seen, or an arm that never works.
	certain bool
	// needs is how many more blocks would likely decide it; 0 is not known.
	needs int
	// lone says that single pairs were far worse than the rest.
	lone string
}

func decide(m measured, o Options) Decision {
	if len(m.run.Trials) == 0 {
		return nothingMeasured(m)
	}
	found := m.absolute(o)
	relative := m.relative(o)
	found = append(found, m.implied(slices.Concat(found, relative))...)
	found = append(found, relative...)

	ail := m.examine(o)
	void(found, ail)
	if !o.running {
		found = withdraw(found, m.incomplete())
	}
	d := Decision{Integrity: m.ledger(), Health: healthOf(ail)}
	for _, f := range found {
		d.Findings = append(d.Findings, f.Finding)
		if f.Verdict == Inconclusive {
			d.MoreBlocks = max(d.MoreBlocks, f.needs)
		}
	}
	d.Verdict = overall(d.Findings, d.Health)
	d.Unreachable = m.unreachable(found)
	if d.Unreachable != "" {
		d.Verdict = Invalid
	}
	d.Warnings = m.warnings(found)
	d.Sentence = m.sentence(d)
	if d.Verdict == Inconclusive && !o.running {
		d.Sentence = m.undecidedBecause(d)
	}
	return d
}

// overall is the precedence REGRESSED, INVALID, NO_BASELINE, INCONCLUSIVE,
// PASS; IMPROVED is a PASS in which something improved.
func overall(findings []Finding, h Health) Verdict {
	has := map[Verdict]bool{}
	for _, f := range findings {
		has[f.Verdict] = true
	}
	switch {
	case has[Regressed]:
		return Regressed
	case has[Invalid] || !h.OK:
		return Invalid
	case has[NoBaseline]:
		return NoBaseline
	case has[Inconclusive] || len(findings) == 0:
		return Inconclusive
	case has[Improved]:
		return Improved
	default:
		return Pass
	}
}

// incomplete says why the record cannot carry a PASS, empty if it can.
func (m measured) incomplete() string {
	switch end := m.run.End; {
	case end == nil:
		return "the run was killed, its record is only a part"
	case end.Status == "aborted" || end.Status == "failed":
		return fmt.Sprintf("the run did not end as planned (%s)", orWord(end.Why, end.Status))
	case len(m.run.Damage) > 0:
		return "the record is damaged: " + m.run.Damage[0]
	}
	return ""
}

// withdraw turns every PASS into INCONCLUSIVE: absence of evidence is no pass.
func withdraw(found []judged, why string) []judged {
	if why == "" {
		return found
	}
	for i, f := range found {
		if f.Verdict == Pass || f.Verdict == Improved {
			found[i].Verdict = Inconclusive
			found[i].Reason = fmt.Sprintf("%s; this would be %s, but %s", f.Reason, f.Verdict, why)
		}
	}
	return found
}

// arms are the arms that a criterion is about.
func (m measured) arms(c scenarios.Criterion) []string {
	if c.Arm != "" {
		return []string{c.Arm}
	}
	return m.candidates
}

// cellsOf are the cells that a criterion is about.
func (m measured) cellsOf(c scenarios.Criterion) []string {
	if c.Cell != "" {
		return []string{c.Cell}
	}
	return m.cells
}

func orWord(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// blank is a finding of a criterion on one arm in one cell, undecided.
func blank(c scenarios.Criterion, at place) Finding {
	nan := math.NaN()
	f := Finding{
		Metric: string(c.Metric), Stat: string(c.Stat), Unit: string(catalogued(c.Metric).UnitOf(c.Stat)),
		Cell: at.cell, Arm: at.arm, Verdict: Inconclusive,
		Effect: Effect{nan, nan, nan}, Values: Values{nan, nan}, Margin: nan, Max: nan,
	}
	if c.Margin != nil {
		f.Margin = c.Margin.Worse()
	}
	if c.Max != nil {
		f.Max = *c.Max
	}
	return f
}
