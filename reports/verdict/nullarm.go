package verdict

import "fmt"

// nullArm judges the hidden second copy of the reference by the same rule as
// a candidate, in both directions. Where it comes out different, so may
// anything; a candidate's harm then stands only where it is larger.
func (m measured) nullArm(o Options) []ailment {
	if m.null == "" || m.reference == "" {
		return nil
	}
	var worse, better []question
	for _, c := range m.run.Header.Scenario.Criteria {
		if !c.Relative() || c.Against == againstBaseline {
			continue
		}
		for _, cell := range m.cellsOf(c) {
			worse = append(worse, m.ask(c, place{cell, m.null}, m.reference))
			better = append(better, m.ask(c, place{cell, m.reference}, m.null))
		}
	}
	var found []ailment
	for _, j := range append(answer(worse, m.rule(o)), answer(better, m.rule(o))...) {
		if j.Verdict == Regressed {
			found = append(found, m.nullAilment(j.Finding))
		}
	}
	return found
}

func (m measured) nullAilment(null Finding) ailment {
	return ailment{
		cell: null.Cell, onlyCompared: true,
		text: fmt.Sprintf("the null arm is a second copy of `%s`, yet %s %s of `%s` came out %s than that of `%s`%s: the measurement sees differences where there are none",
			m.reference, null.Metric, null.Stat, null.Arm, worseBy(null.Effect.Ratio), null.Reference, inCell(null.Cell)),
		voidsHarm: func(f Finding) bool {
			return f.Reference != "" && f.Metric == null.Metric && f.Stat == null.Stat && f.Effect.Ratio <= null.Effect.Ratio
		},
	}
}
