package lab

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"loadline/infra/conduct"
	"loadline/probes/all"
	"loadline/reports/text"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// planned makes a check's scenario exact, with variables from env.
func planned(t *testing.T, c Check, env map[string]string, seed int) plan.Plan {
	t.Helper()
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	o := scenarios.Options{Env: lookup, Sets: []string{"design.seed=" + strconv.Itoa(seed)}}
	p, err := plan.Read(c.File, c.Scenario(), o, all.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestScenariosCanBeDecided reads every scenario without running it.
func TestScenariosCanBeDecided(t *testing.T) {
	env := (&Stage{URL: "https://files.lab.test", Around: "127.0.0.1:1", Through: "127.0.0.1:2", Witness: "127.0.0.1:3", CA: "ca.pem"}).Env()
	for _, i := range Incidents() {
		for _, c := range i.Checks {
			if p := planned(t, c, env, 1); len(p.Warnings) > 0 {
				t.Errorf("%s: %s", c.File, strings.Join(p.Warnings, "; "))
			}
		}
	}
}

// TestIncidents runs every incident and its twin through the shipped probe,
// engine and judge, for as many seeds as LOADLINE_LAB says. It takes about ten
// minutes a seed.
func TestIncidents(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("LOADLINE_LAB"))
	if seeds == 0 {
		t.Skip("runs with LOADLINE_LAB=1 (a number of seeds), as make lab does")
	}
	var healthy tally
	for _, i := range Incidents() {
		for seed := 1; seed <= seeds; seed++ {
			for _, sick := range []bool{true, false} {
				if i.Clean && sick {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/seed-%d", i.ID, map[bool]string{true: "incident", false: "twin"}[sick], seed), func(t *testing.T) {
					stage := up(t, i.ID, sick)
					for _, c := range i.Checks {
						judge(t, stage, c, sick && c.Refused(), seed, &healthy)
					}
				})
			}
		}
	}
	t.Logf("healthy: %d passed, %d could not be told", healthy.passed, healthy.open)
	if healthy.passed < 3*healthy.open {
		t.Errorf("of the healthy checks only %d passed while %d could not be told", healthy.passed, healthy.open)
	}
}

// tally counts how healthy checks ended. One that cannot be told on a machine
// which others use is no refusal; most of them being so is a blunt tool.
type tally struct{ passed, open int }

// judge runs one check and holds its report to what the table says.
func judge(t *testing.T, stage *Stage, c Check, refuse bool, seed int, healthy *tally) {
	t.Helper()
	began := time.Now()
	res, err := conduct.Run(t.Context(), planned(t, c, stage.Env(), seed), conduct.Options{Table: all.Builtin()})
	took := time.Since(began)
	if err != nil {
		t.Fatalf("%s: %v", c.File, err)
	}
	r := res.Report
	t.Logf("%s in %.0f s: %s", c.File, took.Seconds(), r.Decision.Sentence)
	if !refuse && r.Decision.Verdict == verdict.Inconclusive {
		healthy.open++
		return
	}
	wrong := unlike(c, refuse, res)
	if !refuse && len(wrong) == 0 {
		healthy.passed++
	}
	if len(wrong) == 0 {
		return
	}
	var page bytes.Buffer
	text.Renderer{}.Render(&page, r)
	t.Errorf("%s: %s\n%s", c.File, strings.Join(wrong, "; "), page.String())
}

// unlike lists in what a report differs from what the check must find.
func unlike(c Check, refuse bool, res conduct.Result) (wrong []string) {
	d, a := res.Report.Decision, res.Report.Attribution
	if !refuse {
		if d.Verdict != verdict.Pass && d.Verdict != verdict.Improved {
			wrong = append(wrong, fmt.Sprintf("verdict %s, want PASS", d.Verdict))
		}
		return wrong
	}
	if d.Verdict != verdict.Regressed {
		return append(wrong, fmt.Sprintf("verdict %s, want REGRESSED", d.Verdict))
	}
	named := false
	for _, f := range d.Findings {
		if f.Verdict != verdict.Regressed {
			continue
		}
		named = named || f.Cell == c.Cell && f.Metric == c.Metric
		if f.Arm != "through" {
			wrong = append(wrong, "refused arm "+f.Arm)
		}
	}
	if !named {
		wrong = append(wrong, fmt.Sprintf("no refusal of %s in cell %s", c.Metric, c.Cell))
	}
	if a.Arm != "through" {
		wrong = append(wrong, fmt.Sprintf("attributed to arm %q", a.Arm))
	}
	said := strings.Join(append([]string{a.Where}, a.Evidence...), "\n")
	for _, word := range c.Cause {
		if strings.Contains(said, word) {
			return wrong
		}
	}
	return append(wrong, fmt.Sprintf("attributed to %q, want one of %q", a.Where, c.Cause))
}
