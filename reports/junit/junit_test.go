package junit_test

import (
	"bytes"
	"encoding/xml"
	"testing"
	"time"

	"loadline/reports"
	"loadline/reports/junit"
	"loadline/reports/rendertest"
	"loadline/reports/verdict"
	"loadline/scenarios"
)

// document is JUnit XML as a CI system reads it.
type document struct {
	Suites []struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Class   string    `xml:"classname,attr"`
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func parse(t *testing.T, r reports.Report) document {
	t.Helper()
	var d document
	if err := xml.Unmarshal(rendertest.Draw(t, junit.Renderer{}, r), &d); err != nil {
		t.Fatalf("the document is no XML: %v", err)
	}
	if len(d.Suites) != 1 {
		t.Fatalf("%d suites, want 1", len(d.Suites))
	}
	return d
}

func TestJUnitIsThatOfTheGoldenFiles(t *testing.T) {
	rendertest.Golden(t, junit.Renderer{}, "xml")
}

// TestTheGateIsGreenOnlyForAPass goes through every verdict: a CI system shows
// a case green unless it has a failure or an error, and skipped ones often too.
func TestTheGateIsGreenOnlyForAPass(t *testing.T) {
	for _, v := range []verdict.Verdict{
		verdict.Pass, verdict.Improved, verdict.Regressed, verdict.Inconclusive, verdict.Invalid, verdict.NoBaseline, "", "SOMETHING_NEW",
	} {
		r := rendertest.Passed()
		r.Decision.Verdict = v
		gate := parse(t, r).Suites[0].Cases[0]
		if gate.Name != "gate" {
			t.Fatalf("the first case is %q, want gate", gate.Name)
		}
		passes := v == verdict.Pass || v == verdict.Improved
		if green := gate.Failure == nil && gate.Error == nil; green != passes || gate.Skipped != nil {
			t.Errorf("%q: green %v, skipped %v; want green %v and never skipped", v, green, gate.Skipped != nil, passes)
		}
	}
}

// TestOneDocumentHoldsEveryScenario, also one that left no run: a suite that is
// missing reads as green.
func TestOneDocumentHoldsEveryScenario(t *testing.T) {
	var b bytes.Buffer
	lost := reports.NotRun(scenarios.Scenario{Name: "edge/lost"}, "the disk is full", 22, time.Unix(0, 0))
	if err := (junit.Renderer{}).RenderAll(&b, []reports.Report{rendertest.Passed(), rendertest.Regressed(), lost}); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := xml.Unmarshal(b.Bytes(), &d); err != nil || len(d.Suites) != 3 {
		t.Fatalf("%d suites, want 3 (%v)", len(d.Suites), err)
	}
	for i, want := range []bool{true, false, false} {
		gate := d.Suites[i].Cases[0]
		if green := gate.Failure == nil && gate.Error == nil; green != want {
			t.Errorf("suite %d: green %t, want %t", i+1, green, want)
		}
	}
}

func TestCasesAddUpAndHaveNamesOfTheirOwn(t *testing.T) {
	for _, named := range append(rendertest.Reports(), rendertest.Named{Name: "hostile", Report: rendertest.Hostile()}) {
		s := parse(t, named.Report).Suites[0]
		failures, errors, skipped := 0, 0, 0
		seen := map[string]bool{}
		for _, c := range s.Cases {
			switch {
			case c.Failure != nil:
				failures++
			case c.Error != nil:
				errors++
			case c.Skipped != nil:
				skipped++
			}
			if c.Class == "" || c.Name == "" || seen[c.Name] {
				t.Errorf("%s: case %q of class %q has no name of its own", named.Name, c.Name, c.Class)
			}
			seen[c.Name] = true
		}
		want := [4]int{len(named.Report.Decision.Findings) + 1, failures, errors, skipped}
		if got := [4]int{s.Tests, s.Failures, s.Errors, s.Skipped}; got != want {
			t.Errorf("%s: tests, failures, errors, skipped are %v, want %v", named.Name, got, want)
		}
	}
}
