// Package html draws the report as one page that needs nothing else: styles,
// scripts and figures stand within it, and it opens offline. The verdict comes
// first; figures are static SVG that a script, where one runs, makes zoomable.
// It follows the reader's light or dark scheme and the width of the screen.
//
// uPlot, which draws the zoomable figures, is vendored with its licence in
// folder vendored.
package html

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"loadline/reports"
	"loadline/reports/plot"
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
	// Word is the part of the sentence before the colon, Because the rest.
	Word, Because      string
	Criteria           []criterion
	Drawn              []cell
	PlotStyle, Style   template.CSS
	PlotScript, Script template.JS
}

// Render writes the page.
func (Renderer) Render(w io.Writer, r reports.Report) error {
	drawn, err := draw(r)
	if err != nil {
		return err
	}
	t, err := template.New("page").Funcs(words(r)).Parse(page)
	if err != nil {
		return err
	}
	v := view{
		Report: r, Criteria: criteria(reports.Ordered(r.Decision.Findings)), Drawn: drawn,
		PlotStyle: template.CSS(plotStyle), Style: template.CSS(style),
		PlotScript: template.JS(plotScript), Script: template.JS(script),
	}
	v.Word, v.Because, _ = strings.Cut(r.Decision.Sentence, ": ")
	return t.Execute(w, v)
}

// words are what the page says numbers and verdicts with.
func words(r reports.Report) template.FuncMap {
	return template.FuncMap{
		"allowed":   reports.Allowed,
		"bounds":    reports.Bounds,
		"caseWords": reports.CaseWords,
		"cases":     first(maxCases),
		"colour":    func(arm string) int { return colourOf(r, arm) },
		"duration":  func(d time.Duration) string { return reports.Seconds(d.Seconds()) },
		"effect":    reports.EffectWords,
		"failures":  first(maxFailures),
		"inc":       func(n int) int { return n + 1 },
		"ledger":    reports.LedgerWords,
		"mark":      reports.Mark,
		"peer":      reports.PeerWords,
		"prose":     prose,
		"quantity":  reports.Quantity,
		"seconds":   reports.Seconds,
		"tone":      tone,
		"trials":    first(maxTrials),
	}
}

// first says how many of a list's lines a page shows.
func first(most int) func(n int) int { return func(n int) int { return min(n, most) } }

// prose is a sentence in which names between backticks are set as code.
func prose(text string) template.HTML {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 {
		return template.HTML(template.HTMLEscapeString(text))
	}
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			b.WriteString("<code>" + template.HTMLEscapeString(part) + "</code>")
		} else {
			b.WriteString(template.HTMLEscapeString(part))
		}
	}
	return template.HTML(b.String())
}

// colourOf is the number of an arm's colour in every figure.
func colourOf(r reports.Report, arm string) int {
	for i, a := range r.Arms {
		if a.ID == arm {
			return i % plot.Colours
		}
	}
	return 0
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
