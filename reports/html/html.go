// Package html draws the report as one page that needs nothing else: styles,
// scripts and figures stand within it, and it opens offline. The verdict comes
// first; figures are static SVG that a script, where one runs, makes zoomable.
//
// uPlot, which does that, is vendored with its licence in folder vendored.
package html

import (
	_ "embed"
	"html/template"
	"io"
	"time"

	"loadline/reports"
	"loadline/reports/verdict"
)

//go:embed page.html
var page string

//go:embed style.css
var style string

//go:embed script.js
var script string

//go:embed vendored/uPlot.iife.min.js
var plotScript string

//go:embed vendored/uPlot.min.css
var plotStyle string

// Renderer draws the page.
type Renderer struct{}

// Format is "html".
func (Renderer) Format() string { return "html" }

// view is the report with what the page draws of it.
type view struct {
	reports.Report
	Criteria           []criterion
	Drawn              []cell
	PlotStyle, Style   template.CSS
	PlotScript, Script template.JS
}

// Render writes the page.
func (Renderer) Render(w io.Writer, r reports.Report) error {
	drawn, err := draw(r.Cells)
	if err != nil {
		return err
	}
	t, err := template.New("page").Funcs(words(r)).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, view{
		Report: r, Criteria: criteria(reports.Ordered(r.Decision.Findings)), Drawn: drawn,
		PlotStyle: template.CSS(plotStyle), Style: template.CSS(style),
		PlotScript: template.JS(plotScript), Script: template.JS(script),
	})
}

// words are what the page says numbers and verdicts with.
func words(r reports.Report) template.FuncMap {
	return template.FuncMap{
		"allowed":   reports.Allowed,
		"caseWords": reports.CaseWords,
		"colour":    func(arm string) template.CSS { return template.CSS(colourOf(r, arm)) },
		"duration":  func(d time.Duration) string { return reports.Seconds(d.Seconds()) },
		"effect":    reports.EffectWords,
		"inc":       func(n int) int { return n + 1 },
		"ledger":    reports.LedgerWords,
		"mark":      reports.Mark,
		"peer":      reports.PeerWords,
		"quantity":  reports.Quantity,
		"seconds":   reports.Seconds,
		"spread": func(s reports.Spread, unit string) string {
			return reports.Quantity(s.Median, unit) + " [" + reports.Quantity(s.Min, unit) + ", " + reports.Quantity(s.Max, unit) + "]"
		},
		"tone": tone,
	}
}

// tone is the class that colours a verdict.
func tone(v verdict.Verdict) string {
	switch v {
	case verdict.Pass, verdict.Improved:
		return "good"
	case verdict.Regressed:
		return "bad"
	default:
		return "open"
	}
}
