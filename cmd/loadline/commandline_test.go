package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/origin"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

func TestTheCommandLineCanBePasted(t *testing.T) {
	env := map[string]string{"THROUGH": "https://files.example.org:8443", "TOKEN": canary, "USERS": "https://me:" + canary + "@x.test", "UNUSED": "x"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	p := plan.Plan{Scenario: scenarios.Scenario{
		Source:    `target: {url: "${THROUGH}"} headers: {Authorization: {env: TOKEN}} other: ${USERS} unset: ${ABSENT:-x}`,
		Overrides: []string{"load={model: closed, in_flight: 1}"},
		Env:       map[string]string{"THROUGH": env["THROUGH"], "USERS": env["USERS"]},
	}}
	got := commandLine([]plan.Plan{p}, []string{"run", "my file.yaml", "--set", p.Scenario.Overrides[0], "--set", "name=it's"}, lookup)
	want := `THROUGH=https://files.example.org:8443 TOKEN="${TOKEN}" USERS="${USERS}" loadline run 'my file.yaml' --set 'load={model: closed, in_flight: 1}' --set 'name=it'\''s'`
	if got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
}

// TestWhatIsPrintedToReproduceReproduces takes the line out of a report and
// gives it to a shell, with nothing but the secret in the environment.
func TestWhatIsPrintedToReproduceReproduces(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{Auth: origin.Auth{Token: canary}})
	x.env["TOKEN"] = "Bearer " + canary
	e := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs",
		"--set", "work.headers={Authorization: {env: TOKEN}}", "--set", "load={model: closed, in_flight: 1, warmup: 0s, measure: 150ms, drain: 3s}")
	var line string
	for l := range strings.Lines(e.stdout) {
		if _, command, ok := strings.Cut(l, "- AROUND="); ok {
			line = "AROUND=" + strings.TrimSpace(command)
		}
	}
	if e.code != 0 || !strings.Contains(line, `TOKEN="${TOKEN}" loadline run`) || strings.Contains(line, canary) {
		t.Fatalf("exit code %d, to reproduce: %q\n%s%s", e.code, line, e.stdout, e.stderr)
	}
	sh := exec.Command("sh", "-c", line)
	sh.Dir, sh.Env = dir, append(os.Environ(), "TOKEN="+x.env["TOKEN"])
	out, err := sh.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "test/quick") {
		t.Errorf("%v:\n%s", err, out)
	}
	fingerprint := func(text string) string {
		_, after, _ := strings.Cut(text, "fingerprint ")
		return strings.TrimSpace(strings.SplitN(after, "\n", 2)[0])
	}
	if a, b := fingerprint(e.stdout), fingerprint(string(out)); a == "" || a != b {
		t.Errorf("the second run measured something else: %q, %q", a, b)
	}
}
