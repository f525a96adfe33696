package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestNoGroupAnswersAnUnknownCommandWithSuccess walks the whole tree, so that a
// group that is added later is held to it too.
func TestNoGroupAnswersAnUnknownCommandWithSuccess(t *testing.T) {
	groups := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if !c.HasSubCommands() {
			return
		}
		groups++
		words := append(strings.Fields(c.CommandPath())[1:], "frob")
		var stdout, stderr bytes.Buffer
		if code := execute(t.Context(), words, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "hint: ") || stdout.Len() > 0 {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", words, code, &stdout, &stderr)
		}
	}
	walk(newRoot(app{stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}))
	if groups < 3 { // loadline itself, lab, completion
		t.Errorf("only %d groups of commands were found", groups)
	}
}

// TestEveryCommandThatTakesNoSuchArgumentsSaysHowItIsUsed.
func TestEveryCommandThatTakesNoSuchArgumentsSaysHowItIsUsed(t *testing.T) {
	for _, words := range [][]string{
		{"version", "x"}, {"demo", "x"}, {"doctor", "x"}, {"clean"}, {"report"}, {"report", "a", "b"}, {"compare", "a"}, {"lab", "up"},
		{"lab", "down", "x"}, {"lab", "list", "x"}, {"schema", "x"}, {"selftest", "x"}, {"init", "a", "b"}, {"completion", "bash", "x"},
	} {
		var stdout, stderr bytes.Buffer
		if code := execute(t.Context(), words, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "hint: loadline "+words[0]) || !strings.Contains(stderr.String(), " was given ") {
			t.Errorf("%v: exit code %d, stderr %q", words, code, &stderr)
		}
	}
}
