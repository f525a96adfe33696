// Package text draws the report for a terminal or a log: the verdict sentence
// first, then the criteria, then what explains them. It uses no colour codes
// of its own; a caller that writes to a terminal sets Color.
package text

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"loadline/reports"
	"loadline/reports/verdict"
)

// Renderer draws plain text, with ANSI colours for the verdict words if Color.
type Renderer struct{ Color bool }

// Format is "text".
func (Renderer) Format() string { return "text" }

// Separator is an empty line.
func (Renderer) Separator() string { return "\n" }

// Render draws the report; lines of tables may be as wide as their content.
func (x Renderer) Render(w io.Writer, r reports.Report) error {
	var b strings.Builder
	x.head(&b, r)
	x.criteria(&b, r)
	arms(&b, r)
	evidence(&b, r)
	foot(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

func (x Renderer) head(b *strings.Builder, r reports.Report) {
	fmt.Fprintf(b, "%s %s\n", reports.Mark(r.Decision.Verdict), x.paint(r.Decision.Verdict, reports.OneLine(r.Decision.Sentence)))
	fmt.Fprintf(b, "  %s · run %s · %s\n", reports.OneLine(r.Scenario), reports.OneLine(r.Run), r.Took.Round(100e6))
	if r.Partial != "" {
		fmt.Fprintf(b, "  PARTIAL: %s\n", reports.OneLine(r.Partial))
	}
}

func (x Renderer) criteria(b *strings.Builder, r reports.Report) {
	if len(r.Decision.Findings) == 0 {
		return
	}
	t := newTable()
	t.AppendHeader(table.Row{"criterion", "cell", "arm", "reference", "candidate", "worse by", "allowed", "n", "verdict"})
	for _, f := range reports.Ordered(r.Decision.Findings) {
		t.AppendRow(table.Row{
			f.Metric + " " + f.Stat, cellOf(f.Cell), reports.OneLine(f.Arm),
			reports.Quantity(f.Values.Reference, f.Unit), reports.Quantity(f.Values.Candidate, f.Unit),
			reports.EffectWords(f), reports.Allowed(f), f.N, reports.Mark(f.Verdict) + " " + x.paint(f.Verdict, string(f.Verdict)),
		})
	}
	section(b, "", t)
	gap := "\n"
	for _, f := range reports.Ordered(r.Decision.Findings) {
		if f.Verdict != verdict.Pass {
			fmt.Fprintf(b, "%s  %s %s\n", gap, reports.Mark(f.Verdict), reports.OneLine(f.Reason))
			gap = ""
		}
	}
}

func arms(b *strings.Builder, r reports.Report) {
	t := newTable()
	t.AppendHeader(table.Row{"cell", "arm", "role", "goodput", "ops/s", "response p50", "p95", "p99", "outcomes"})
	for _, c := range r.Cells {
		for _, a := range c.Arms {
			q := a.Quantiles("response")
			t.AppendRow(table.Row{
				cellOf(c.ID), reports.OneLine(a.Arm), a.Role, reports.Bounds(a.Goodput.Median, a.Moved.Median, "B/s"), reports.Quantity(a.Rate.Median, "1/s"),
				reports.Seconds(q.P50), reports.Seconds(q.P95), reports.Seconds(q.P99), outcomes(a.Outcomes),
			})
		}
	}
	section(b, "Arms side by side (medians of blocks)", t)
}

// cellOf is empty for the only cell there is: a column that is empty
// throughout is not drawn.
func cellOf(id string) string {
	if id == "all" {
		return ""
	}
	return reports.OneLine(id)
}

func outcomes(cs []reports.Count) string {
	parts := make([]string, 0, len(cs))
	for _, c := range cs {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Name))
	}
	return strings.Join(parts, ", ")
}

func evidence(b *strings.Builder, r reports.Report) {
	if a := r.Attribution; a.Where != "" {
		fmt.Fprintf(b, "\nWhere: %s\n", reports.OneLine(a.Where))
		for _, e := range a.Evidence {
			fmt.Fprintf(b, "  - %s\n", reports.OneLine(e))
		}
	}
	if len(r.Ledger) > 0 {
		fmt.Fprintf(b, "\nIntegrity: %s\n", reports.LedgerWords(r.Decision.Integrity))
		for _, l := range r.Ledger {
			for _, c := range l.Cases[:min(len(l.Cases), 5)] {
				fmt.Fprintf(b, "  - %s: %s\n", reports.OneLine(l.Arm), reports.OneLine(reports.CaseWords(c)))
			}
		}
	}
	list(b, "The measurement is not to be trusted", r.Decision.Health.Problems)
	list(b, "Generator", few(r.Decision.Health.Remarks))
	list(b, "Warnings", few(r.Decision.Warnings))
}

// few are the first lines of many that say much the same of other cells.
func few(lines []string) []string {
	const most = 4
	if len(lines) <= most+1 {
		return lines
	}
	return append(slices.Clone(lines[:most]), fmt.Sprintf("and %d more; -o html lists them all", len(lines)-most))
}

func foot(b *strings.Builder, r reports.Report) {
	list(b, "Reproduce", r.Reproduce)
}

func list(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, l := range lines {
		fmt.Fprintf(b, "  - %s\n", reports.OneLine(l))
	}
}

func newTable() table.Writer {
	t := table.NewWriter()
	s := table.StyleDefault
	s.Format.Header = 0
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	t.SetStyle(s)
	t.SuppressEmptyColumns()
	return t
}

func section(b *strings.Builder, title string, t table.Writer) {
	if t.Length() == 0 {
		return
	}
	b.WriteByte('\n')
	if title != "" {
		b.WriteString(title + "\n")
	}
	for line := range strings.Lines(t.Render() + "\n") {
		b.WriteString("  " + strings.TrimRight(line, " \n") + "\n")
	}
}

// paint colours a verdict's words where the terminal shows colours.
func (x Renderer) paint(v verdict.Verdict, words string) string {
	if !x.Color {
		return words
	}
	code := "33" // yellow: neither yes nor no
	switch v {
	case verdict.Pass, verdict.Improved:
		code = "32"
	case verdict.Regressed:
		code = "31"
	}
	return "\x1b[1;" + code + "m" + words + "\x1b[0m"
}
