// Package markdown draws the report for a pull request or a step summary: the
// verdict as a heading, the criteria as a table, the rest folded away. It
// stays below 60 kB, the size that review comments hold; what it leaves out it
// counts. Names and messages are the target's own words, so they are kept from
// being read as markup.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"loadline/reports"
	"loadline/reports/verdict"
)

// The bounds of what is listed, so that the document fits where it is shown:
// findings as rows, lines of any list, and bytes of a line. The record holds
// all of it.
const (
	maxRows  = 60
	maxLines = 20
	maxBytes = 500
)

// Renderer draws GitHub-flavoured Markdown.
type Renderer struct{}

// Format is "markdown".
func (Renderer) Format() string { return "markdown" }

// Separator is a rule.
func (Renderer) Separator() string { return "\n---\n\n" }

// Render draws the document.
func (Renderer) Render(w io.Writer, r reports.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s\n\n%s\n\n", reports.Mark(r.Decision.Verdict), r.Decision.Verdict, safe(r.Decision.Sentence))
	fmt.Fprintf(&b, "`%s` · run `%s` · %s\n", safe(r.Scenario), safe(r.Run), r.Took.Round(100e6))
	if r.Partial != "" {
		fmt.Fprintf(&b, "\n> **Partial:** %s\n", safe(r.Partial))
	}
	criteria(&b, r)
	if a := r.Attribution; a.Where != "" {
		fmt.Fprintf(&b, "\n**Where:** %s\n\n", safe(a.Where))
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
	findings := reports.Ordered(r.Decision.Findings)
	if len(findings) == 0 {
		return
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{"verdict", "criterion", "cell", "arm", "reference", "candidate", "worse by", "allowed", "n"})
	for _, f := range findings[:min(len(findings), maxRows)] {
		t.AppendRow(table.Row{
			reports.Mark(f.Verdict) + " " + string(f.Verdict), f.Metric + " " + f.Stat, safe(f.Cell), safe(f.Arm),
			reports.Quantity(f.Values.Reference, f.Unit), reports.Quantity(f.Values.Candidate, f.Unit),
			reports.EffectWords(f), reports.Allowed(f), f.N,
		})
	}
	b.WriteString("\n" + t.RenderMarkdown() + "\n\n")
	if rest := len(findings) - maxRows; rest > 0 {
		fmt.Fprintf(b, "%d more findings in the record, none graver than these.\n\n", rest)
	}
	var reasons []string
	for _, f := range findings {
		if f.Verdict != verdict.Pass {
			reasons = append(reasons, reports.Mark(f.Verdict)+" "+f.Reason)
		}
	}
	bullets(b, reasons)
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
	for _, l := range lines[:min(len(lines), maxLines)] {
		fmt.Fprintf(b, "- %s\n", safe(l))
	}
	if rest := len(lines) - maxLines; rest > 0 {
		fmt.Fprintf(b, "- and %d more in the record\n", rest)
	}
}

// safe is a text on one line, in which no markup begins and which is cut where
// it is too long to read.
func safe(text string) string {
	text = reports.OneLine(text)
	if len(text) > maxBytes {
		text = strings.ToValidUTF8(text[:maxBytes], "") + "…"
	}
	return escape.Replace(text)
}

var escape = strings.NewReplacer("<", "&lt;", "](", "]\\(")
