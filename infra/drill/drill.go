// Package drill runs the lab's incidents against the shipped gate and holds
// the verdict against the known answer: the sick balancer is refused with the
// right cell, arm and cause, its healthy twin is not. It adds no judgement of
// its own, and no fault that the lab does not name.
package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"loadline/infra/conduct"
	"loadline/infra/lab"
	"loadline/reports"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// Result is one check of an incident in one state.
type Result struct {
	Incident, Scenario string
	Sick               bool
	Seed               uint64
	Report             reports.Report
	// Wrong says how the gate's answer differs from the known one; empty if it
	// does not.
	Wrong string
}

// Run brings the incident up, sick or as its twin, runs its checks with the
// given seed, and takes it down. It returns the checks that were made also
// with an error, which means that a check could not be run.
func Run(ctx context.Context, i lab.Incident, sick bool, seed uint64, o conduct.Options) ([]Result, error) {
	stage, err := i.Up(ctx, sick)
	if err != nil {
		return nil, err
	}
	defer stage.Stop()
	var results []Result
	for _, check := range i.Checks {
		p, err := read(check, stage.Env(), seed, o)
		if err != nil {
			return results, err
		}
		res, err := conduct.Run(ctx, p, o)
		if err != nil {
			return results, fmt.Errorf("incident %s, %s: %w", i.ID, check.File, err)
		}
		refuse := sick && check.Refused()
		results = append(results, Result{i.ID, check.File, sick, seed, res.Report, wrong(check, refuse, res.Report)})
	}
	return results, nil
}

func read(check lab.Check, env map[string]string, seed uint64, o conduct.Options) (plan.Plan, error) {
	return plan.Read(check.File, check.Scenario(), scenarios.Options{
		Env:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Sets: []string{fmt.Sprintf("design.seed=%d", seed)},
	}, o.Table)
}

// wrong holds a report against the known answer.
func wrong(check lab.Check, refuse bool, r reports.Report) string {
	d := r.Decision
	if !refuse {
		if d.Verdict == verdict.Regressed {
			return "cries wolf: " + d.Sentence
		}
		return ""
	}
	if d.Verdict != verdict.Regressed {
		return fmt.Sprintf("not refused: %s", d.Sentence)
	}
	if !slices.ContainsFunc(d.Findings, func(f verdict.Finding) bool {
		return f.Verdict == verdict.Regressed && f.Arm == "through" && f.Metric == check.Metric && strings.Contains(f.Cell, check.Cell)
	}) {
		return fmt.Sprintf("refused, but not for %s in cell %s: %s", check.Metric, check.Cell, d.Sentence)
	}
	words := strings.ToLower(r.Attribution.Where + " " + strings.Join(r.Attribution.Evidence, " "))
	if r.Attribution.Arm != "through" || !slices.ContainsFunc(check.Cause, func(c string) bool { return strings.Contains(words, strings.ToLower(c)) }) {
		return fmt.Sprintf("refused, but the cause (one of %s) is not named: %q", strings.Join(check.Cause, ", "), r.Attribution.Where)
	}
	return ""
}
