// Package markdown draws the report for a pull request or a step summary: the
// verdict as a heading, the criteria as a table, the rest folded away. It
// stays below 60 kB, the size that review comments hold.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"loadline/reports"
	"loadline/reports/verdict"
)

// maxCases bounds the ops of the ledger that are listed, so that the document
// fits where it is shown; the record holds all.
const maxCases = 20

// Renderer draws GitHub-flavoured Markdown.
type Renderer struct{}

// Format is "markdown".
func (Renderer) Format() string { return "markdown" }

// Render draws the document.
func (Renderer) Render(w io.Writer, r reports.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s\n\n%s\n\n", reports.Mark(r.Decision.Verdict), r.Decision.Verdict, r.Decision.Sentence)
	fmt.Fprintf(&b, "`%s` · run `%s` · %s\n", r.Scenario, r.Run, r.Took.Round(100e6))
	if r.Partial != "" {
		fmt.Fprintf(&b, "\n> **Partial:** %s\n", r.Partial)
	}
	criteria(&b, r)
	if a := r.Attribution; a.Where != "" {
		fmt.Fprintf(&b, "\n**Where:** %s\n\n", a.Where)
		bullets(&b, a.Evidence)
	}
	ledger(&b, r)
	titled(&b, "The measurement is not to be trusted", r.Decision.Health.Problems)
	titled(&b, "Warnings", append(append([]string{}, r.Decision.Health.Remarks...), r.Decision.Warnings...))
	fold(&b, "How to reproduce", r.Reproduce)
	_, err := io.WriteString(w, b.String())
	return err
}

func criteria(b *strings.Builder, r reports.Report) {
	if len(r.Decision.Findings) == 0 {
		return
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{"verdict", "criterion", "cell", "arm", "reference", "candidate", "worse by", "allowed", "n"})
	for _, f := range reports.Ordered(r.Decision.Findings) {
		t.AppendRow(table.Row{
			reports.Mark(f.Verdict) + " " + string(f.Verdict), f.Metric + " " + f.Stat, f.Cell, f.Arm,
			reports.Quantity(f.Values.Reference, f.Unit), reports.Quantity(f.Values.Candidate, f.Unit),
			reports.EffectWords(f), reports.Allowed(f), f.N,
		})
	}
	b.WriteString("\n" + t.RenderMarkdown() + "\n\n")
	for _, f := range reports.Ordered(r.Decision.Findings) {
		if f.Verdict != verdict.Pass {
			fmt.Fprintf(b, "- **%s**: %s\n", reports.FindingName(f), f.Reason)
		}
	}
}

func ledger(b *strings.Builder, r reports.Report) {
	if len(r.Ledger) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**Integrity:** %s\n", reports.LedgerWords(r.Decision.Integrity))
	var lines []string
	for _, l := range r.Ledger {
		for _, c := range l.Cases {
			lines = append(lines, l.Arm+": "+reports.CaseWords(c))
		}
	}
	if len(lines) > maxCases {
		rest := len(lines) - maxCases
		lines = append(lines[:maxCases], fmt.Sprintf("%d more in the record", rest))
	}
	fold(b, "Uploads that are not intact", lines)
}

func titled(b *strings.Builder, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n**%s**\n\n", title)
		bullets(b, lines)
	}
}

func fold(b *strings.Builder, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n<details><summary>%s</summary>\n\n", title)
		bullets(b, lines)
		b.WriteString("\n</details>\n")
	}
}

func bullets(b *strings.Builder, lines []string) {
	for _, l := range lines {
		fmt.Fprintf(b, "- %s\n", strings.ReplaceAll(l, "\n", " "))
	}
}
