package reports_test

import (
	"os/exec"
	"testing"

	"pgregory.net/rapid"

	"loadline/reports"
)

// TestAShellReadsAWordAsItWas asks the shell of this machine.
func TestAShellReadsAWordAsItWas(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skipf("no POSIX shell here: %v", err)
	}
	same := func(tb interface{ Fatalf(string, ...any) }, word string) {
		out, err := exec.Command(sh, "-c", "X="+reports.ShellWord(word)+`; printf %s "$X"; printf %s `+reports.ShellWord(word)).Output()
		if err != nil || string(out) != word+word {
			tb.Fatalf("%q: the shell read %q (%v)", word, out, err)
		}
	}
	for _, word := range []string{"", "plain", "load={model: closed, in_flight: 1}", "it's", "$HOME `id` \\ \"x\" *", "a\nb", "~", "#", "https://x/?a=1&b=2"} {
		same(t, word)
	}
	rapid.Check(t, func(rt *rapid.T) { same(rt, rapid.StringMatching(`[ -~]{0,12}`).Draw(rt, "word")) })
	if got := reports.ShellWord("--set"); got != "--set" {
		t.Errorf("a harmless word is quoted: %s", got)
	}
}
