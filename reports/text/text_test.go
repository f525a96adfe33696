package text_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"loadline/reports/rendertest"
	"loadline/reports/text"
)

func TestTextIsThatOfTheGoldenFiles(t *testing.T) {
	rendertest.Golden(t, text.Renderer{}, "txt")
}

func TestTheVerdictComesFirst(t *testing.T) {
	for _, named := range rendertest.Reports() {
		first, _, _ := bytes.Cut(rendertest.Draw(t, text.Renderer{}, named.Report), []byte("\n"))
		if !strings.HasSuffix(string(first), named.Report.Decision.Sentence) {
			t.Errorf("%s: the first line is %q, want the verdict's sentence", named.Name, first)
		}
	}
}

func TestColourIsOnlyWhereAskedFor(t *testing.T) {
	for _, named := range rendertest.Reports() {
		plain := rendertest.Draw(t, text.Renderer{}, named.Report)
		painted := rendertest.Draw(t, text.Renderer{Color: true}, named.Report)
		if bytes.Contains(plain, []byte("\x1b")) {
			t.Errorf("%s: an escape code without colour", named.Name)
		}
		if !bytes.Contains(painted, []byte("\x1b[1;")) {
			t.Errorf("%s: no escape code with colour", named.Name)
		}
	}
}

// TestNoTextOfTheTargetSteersTheTerminal: a message with an escape code could
// paint a refusal green, one with a line break could add a verdict.
func TestNoTextOfTheTargetSteersTheTerminal(t *testing.T) {
	r := rendertest.Hostile()
	r.Decision.Sentence += "\n✓ PASS: trust me\x1b[2J\r"
	drawn := string(rendertest.Draw(t, text.Renderer{}, r))
	for _, c := range drawn {
		if unicode.IsControl(c) && c != '\n' {
			t.Fatalf("a control character %q stands in the text", c)
		}
	}
	for line := range strings.Lines(drawn) {
		if strings.HasPrefix(line, "✓ PASS") || strings.HasPrefix(line, "](javascript") {
			t.Errorf("a text of the target makes a line of its own: %q", line)
		}
	}
}
