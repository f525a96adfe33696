package markdown_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"loadline/reports/markdown"
	"loadline/reports/rendertest"
)

func TestMarkdownIsThatOfTheGoldenFiles(t *testing.T) {
	rendertest.Golden(t, markdown.Renderer{}, "md")
}

func TestTheDocumentFitsInAReviewComment(t *testing.T) {
	large, hostile := rendertest.Large(), rendertest.Hostile()
	for range 100 {
		large.Decision.Findings = append(large.Decision.Findings, hostile.Decision.Findings...)
		large.Decision.Warnings = append(large.Decision.Warnings, strings.Repeat("ä", 2000))
		large.Ledger = append(large.Ledger, hostile.Ledger...)
	}
	got := rendertest.Draw(t, markdown.Renderer{}, large)
	if len(got) > 60_000 || !utf8.Valid(got) {
		t.Errorf("%d bytes, valid UTF-8: %v; want at most 60,000", len(got), utf8.Valid(got))
	}
	if !strings.Contains(string(got), "more findings in the record") {
		t.Error("findings were left out and not counted")
	}
}

func TestNoTextOfTheTargetIsReadAsMarkup(t *testing.T) {
	got := string(rendertest.Draw(t, markdown.Renderer{}, rendertest.Hostile()))
	for _, bad := range []string{"<script", "<img", "](javascript", "\x00", "\x1b"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q stands in the document as it is", bad)
		}
	}
	if !strings.Contains(got, "arm &lt;script>") {
		t.Error("the hostile report was not drawn")
	}
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "| ") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 10 {
			t.Errorf("a row of the table has other cells than its head: %s", line)
		}
	}
}
