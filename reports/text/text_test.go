package text_test

import (
	"bytes"
	"strings"
	"testing"

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
