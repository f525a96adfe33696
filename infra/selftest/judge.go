package selftest

import (
	"fmt"
	"slices"
	"strings"

	"loadline/infra/conduct"
	"loadline/probes/record"
	"loadline/reports/verdict"
)

// missed says why a planted fault does not count as caught: the candidate must
// be refused, by the finding that the fault is made for, in every cell, and
// with the words that tell a person what happened. Empty is caught.
func missed(c Case, res conduct.Result) string {
	d := res.Report.Decision
	if d.Verdict != verdict.Regressed {
		return fmt.Sprintf("the verdict is %s: %s", d.Verdict, d.Sentence)
	}
	for _, cell := range res.Run.Header.Cells {
		if !slices.ContainsFunc(d.Findings, func(f verdict.Finding) bool {
			return f.Metric == string(c.By) && f.Cell == cell.ID && f.Arm == "through" && f.Verdict == verdict.Regressed
		}) {
			return fmt.Sprintf("it was refused, but not by %s in cell %s: %s", c.By, cell.ID, d.Sentence)
		}
	}
	told := append([]string{res.Report.Attribution.Where}, res.Report.Attribution.Evidence...)
	if !strings.Contains(strings.Join(told, "\n"), c.Says) {
		return fmt.Sprintf("it was refused, but the attribution does not say %q: %s", c.Says, strings.Join(told, "; "))
	}
	return ""
}

// alarm says why a healthy twin does not count as silent: it must pass.
func alarm(res conduct.Result) string {
	if d := res.Report.Decision; d.Verdict != verdict.Pass && d.Verdict != verdict.Improved {
		return fmt.Sprintf("the healthy twin is %s: %s", d.Verdict, d.Sentence)
	}
	return ""
}

// fullMachine is the share of the machine's cores in use, by anyone, from
// which on nobody gets one when he needs it.
const fullMachine = 0.97

// starved reports whether the machine was full in a quarter of the trials.
func starved(run record.Run) bool {
	full := 0
	for _, t := range run.Trials {
		if t.Health.Machine >= fullMachine {
			full++
		}
	}
	return full > 0 && 4*full >= len(run.Trials)
}
