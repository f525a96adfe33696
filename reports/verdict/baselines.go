package verdict

// againstBaseline judges the criteria that compare with earlier runs.
func (m measured) againstBaseline(o Options) []judged {
	var found []judged
	for _, c := range m.run.Header.Scenario.Criteria {
		if !c.Relative() || c.Against != baselineWord {
			continue
		}
		for _, arm := range m.arms(c) {
			for _, cell := range m.cellsOf(c) {
				f := blank(c, place{cell, arm})
				f.Verdict, f.Reason = NoBaseline, "no baseline was given"
				found = append(found, judged{Finding: f})
			}
		}
	}
	return found
}
