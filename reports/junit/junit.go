// Package junit writes the decision as JUnit XML for CI systems: one testcase
// per finding and one for the gate as a whole. Many readers show a skipped
// case as green, so the gate's own case fails whenever the run may not be
// read as a pass.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"loadline/reports"
	"loadline/reports/verdict"
)

// Renderer writes JUnit XML.
type Renderer struct{}

// Format is "junit".
func (Renderer) Format() string { return "junit" }

type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	Name       string     `xml:"name,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"`
	Timestamp  string     `xml:"timestamp,attr"`
	Properties []property `xml:"properties>property"`
	Cases      []testcase `xml:"testcase"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type testcase struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	Failure *note  `xml:"failure,omitempty"`
	Error   *note  `xml:"error,omitempty"`
	Skipped *note  `xml:"skipped,omitempty"`
	Out     string `xml:"system-out,omitempty"`
}

type note struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
}

// Render writes the document with the XML declaration and a final newline.
func (x Renderer) Render(w io.Writer, r reports.Report) error {
	return x.RenderAll(w, []reports.Report{r})
}

// RenderAll writes a document with one suite for each report.
func (Renderer) RenderAll(w io.Writer, rs []reports.Report) error {
	var all suites
	for _, r := range rs {
		all.Suites = append(all.Suites, build(r))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func build(r reports.Report) suite {
	s := suite{
		Name: "loadline " + r.Scenario, Time: fmt.Sprintf("%.3f", r.Took.Seconds()),
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []property{
			{"run", r.Run}, {"verdict", string(r.Decision.Verdict)},
			{"exit_code", strconv.Itoa(r.Exit)},
			{"attribution", r.Attribution.Where}, {"fingerprint", r.Fingerprint},
		},
	}
	s.add(gate(r))
	for _, f := range r.Decision.Findings {
		c := testcase{Class: r.Scenario, Name: reports.FindingName(f), Out: f.Reason}
		c.mark(f.Verdict, f.Reason)
		s.add(c)
	}
	return s
}

// gate is the case of the whole decision: it fails unless the run passed.
func gate(r reports.Report) testcase {
	c := testcase{Class: r.Scenario, Name: "gate", Out: r.Decision.Sentence}
	switch v := r.Decision.Verdict; v {
	case verdict.Pass, verdict.Improved:
	case verdict.Invalid:
		c.Error = &note{string(v), r.Decision.Sentence}
	default:
		c.Failure = &note{string(v), r.Decision.Sentence}
	}
	return c
}

func (c *testcase) mark(v verdict.Verdict, reason string) {
	switch v {
	case verdict.Regressed:
		c.Failure = &note{string(v), reason}
	case verdict.Invalid:
		c.Error = &note{string(v), reason}
	case verdict.Inconclusive, verdict.NoBaseline:
		c.Skipped = &note{Message: string(v) + ": " + reason}
	}
}

func (s *suite) add(c testcase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}
