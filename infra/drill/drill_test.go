package drill

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"loadline/infra/conduct"
	"loadline/infra/lab"
	"loadline/probes/all"
	"loadline/reports"
	"loadline/reports/attribution"
	"loadline/reports/text"
	"loadline/reports/verdict"
)

// tally counts how healthy checks ended. One that cannot be told on a machine
// which others use is no refusal; most of them being so is a blunt tool.
type tally struct{ passed, open int }

// TestIncidents runs every incident and its healthy twin, for as many seeds as
// LOADLINE_LAB says. A seed takes about seven minutes.
func TestIncidents(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("LOADLINE_LAB"))
	if seeds == 0 {
		t.Skip("runs with LOADLINE_LAB=1 (a number of seeds), as make lab does")
	}
	var healthy tally
	for _, i := range lab.Incidents() {
		for seed := 1; seed <= seeds; seed++ {
			for _, sick := range []bool{true, false} {
				if i.Clean && sick {
					continue
				}
				state := map[bool]string{true: "incident", false: "twin"}[sick]
				t.Run(fmt.Sprintf("%s/%s/seed-%d", i.ID, state, seed), func(t *testing.T) {
					drill(t, i, sick, uint64(seed), &healthy)
				})
			}
		}
	}
	t.Logf("healthy checks: %d passed, %d could not be told", healthy.passed, healthy.open)
	if healthy.passed < 3*healthy.open {
		t.Errorf("of the healthy checks only %d passed while %d could not be told", healthy.passed, healthy.open)
	}
}

func drill(t *testing.T, i lab.Incident, sick bool, seed uint64, healthy *tally) {
	need(t, i.Program)
	began := time.Now()
	results, err := Run(t.Context(), i, sick, seed, conduct.Options{Table: all.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		t.Logf("%s after %.0f s: %s", r.Scenario, time.Since(began).Seconds(), r.Report.Decision.Sentence)
		if r.Wrong != "" {
			var page bytes.Buffer
			text.Renderer{}.Render(&page, r.Report)
			t.Errorf("%s: %s\n%s", r.Scenario, r.Wrong, page.String())
			continue
		}
		switch r.Report.Decision.Verdict {
		case verdict.Pass, verdict.Improved:
			healthy.passed++
		case verdict.Inconclusive, verdict.Invalid:
			healthy.open++
		}
	}
}

// need skips where the program is not installed, except in CI, where nothing
// may be missing.
func need(t *testing.T, program string) {
	t.Helper()
	_, err := lab.Find(program)
	if errors.Is(err, lab.ErrNotInstalled) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWrongTellsEachDifference takes one thing at a time away from the answer
// that is right.
func TestWrongTellsEachDifference(t *testing.T) {
	check := lab.Check{File: "x.yaml", Cell: "50MiB", Metric: "goodput", Cause: []string{"limit"}}
	right := func() reports.Report {
		return reports.Report{
			Decision: verdict.Decision{Verdict: verdict.Regressed, Findings: []verdict.Finding{
				{Verdict: verdict.Pass, Arm: "through", Metric: "goodput", Cell: "5MiB", Margin: 2, Max: math.NaN()},
				{Verdict: verdict.Regressed, Arm: "through", Metric: "goodput", Cell: "50MiB", Margin: 2, Max: math.NaN()},
			}},
			Attribution: attribution.Attribution{Arm: "through", Where: "downloads through `through`: a rate Limit"},
		}
	}
	if got := wrong(check, true, right()); got != "" {
		t.Errorf("the right answer: %s", got)
	}
	for want, spoil := range map[string]func(*reports.Report){
		"not refused":                      func(r *reports.Report) { r.Decision.Verdict = verdict.Inconclusive },
		"not for goodput in cell 50MiB":    func(r *reports.Report) { r.Decision.Findings[1].Cell = "5MiB" },
		"but not for goodput":              func(r *reports.Report) { r.Decision.Findings[1].Metric = "errors" },
		"refused, but not":                 func(r *reports.Report) { r.Decision.Findings[1].Arm = "around" },
		"the cause (one of limit)":         func(r *reports.Report) { r.Attribution.Where = "the cause is not known" },
		"the cause (one of limit) is not ": func(r *reports.Report) { r.Attribution.Arm = "around" },
	} {
		r := right()
		spoil(&r)
		if got := wrong(check, true, r); !strings.Contains(got, want) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	if got := wrong(check, false, right()); !strings.Contains(got, "cries wolf") {
		t.Errorf("a refused twin: %q", got)
	}
	healthy := right()
	healthy.Decision.Verdict = verdict.Pass
	if got := wrong(check, false, healthy); got != "" {
		t.Errorf("a twin that passes: %q", got)
	}
}
