package verdict

import (
	"loadline/reports/baseline"
	"loadline/scenarios"
)

// askBaseline gathers the evidence against earlier runs; why says that there
// is nothing to compare with.
func (m measured) askBaseline(c scenarios.Criterion, at place, o Options) (q question, why string) {
	a := baseline.Compare(o.Baseline, m.run, baseline.Question{Metric: c.Metric, Stat: c.Stat, Arm: at.arm, Cell: at.cell})
	if a.Missing != "" {
		return q, a.Missing
	}
	return question{
		criterion: c, at: at, reference: orWord(o.BaselineName, "baseline"),
		evidence: a.Evidence, values: Values{a.Base, a.Cand}, sick: a.NoPass, method: a.Method,
	}, ""
}

// without is the finding of a criterion that has nothing to compare with.
func without(c scenarios.Criterion, at place, why string) judged {
	f := blank(c, at)
	f.Verdict, f.Reason = NoBaseline, why
	return judged{Finding: f}
}
