package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"loadline/probes/record"
)

// TestTheDemoComesToItsTwoVerdicts plays the first minute as a user does, with
// nothing in the environment that it could lean on. It is not parallel: its
// first act measures a healthy balancer on this machine.
func TestTheDemoComesToItsTwoVerdicts(t *testing.T) {
	dir := t.TempDir()
	e := loadline(t, dir, map[string]string{"HOME": dir, "PATH": filepath.Dir(mustFind(t))}, 5*time.Minute, "demo", "--out", "told")
	t.Logf("the demo took %v", e.took)
	first, second, two := strings.Cut(e.stdout, "Act 2: ")
	if e.code != 0 || !two || strings.Contains(e.stderr, "the demo expected") {
		t.Fatalf("exit code %d:\n%s%s", e.code, e.stdout, e.stderr)
	}
	for _, x := range []struct{ act, text, want string }{
		{"the healthy balancer", first, `(?m)^. (PASS|IMPROVED): `},
		{"the upgraded balancer", second, "(?m)^. REGRESSED: .*lost.*`through`|^. REGRESSED: .*`through`.*lost"},
		{"the upgraded balancer", second, "(?m)^. REGRESSED: .*slower than through `around`"},
		{"the upgraded balancer", second, "(?m)^Where: .*`through`"},
		{"the end", second, `loadline init upload\.yaml`},
	} {
		if !regexp.MustCompile(x.want).MatchString(x.text) {
			t.Errorf("%s: nothing says %q:\n%s", x.act, x.want, x.text)
		}
	}
	shown := regexp.MustCompile(`(?m)^  report: (.*)$`).FindAllStringSubmatch(e.stdout, -1)
	if len(shown) != 2 {
		t.Fatalf("%d reports are named, want 2:\n%s", len(shown), e.stdout)
	}
	for i, verdict := range []string{"PASS|IMPROVED", "REGRESSED"} {
		page, err := os.ReadFile(filepath.Join(dir, shown[i][1]))
		if err != nil || !regexp.MustCompile(verdict).Match(page) {
			t.Errorf("the page of act %d does not say %s: %v", i+1, verdict, err)
		}
		if run, err := record.Open(filepath.Join(dir, filepath.Dir(shown[i][1]))); err != nil || run.End == nil {
			t.Errorf("the record of act %d: %v", i+1, err)
		}
	}
}

// mustFind is the path of the program under test.
func mustFind(t *testing.T) string {
	t.Helper()
	c, _, _ := command(t.Context(), ".", nil)
	if c.Err != nil {
		t.Fatal(c.Err)
	}
	return c.Path
}

// TestTheDemoSaysWhereItCouldNotWrite.
func TestTheDemoSaysWhereItCouldNotWrite(t *testing.T) {
	dir := quick(t)
	if e := loadline(t, dir, nil, time.Minute, "demo", "--out", "quick.yaml"); e.code != exitNotKept || !strings.Contains(e.stderr, "quick.yaml") || !strings.Contains(e.stderr, "hint: ") {
		t.Errorf("exit code %d: %s", e.code, e.stderr)
	}
}
