package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"loadline/infra/lab/origin"
	"loadline/probes/all"
	"loadline/reports/rendertest"
	"loadline/reports/text"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// block is a fenced block of the README with the comment that stands before it.
type block struct {
	line                int
	language, note, src string
}

func readme(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

var fence = regexp.MustCompile("(?m)^(?:<!-- (.*) -->\n)?```([a-z]+)\n((?s:.*?))^```$")

func blocks(t *testing.T) []block {
	t.Helper()
	src := readme(t)
	var out []block
	for _, m := range fence.FindAllStringSubmatchIndex(src, -1) {
		b := block{line: 1 + strings.Count(src[:m[0]], "\n"), language: src[m[4]:m[5]], src: src[m[6]:m[7]]}
		if m[2] >= 0 {
			b.note = src[m[2]:m[3]]
		}
		out = append(out, b)
	}
	if n := strings.Count(src, "\n```"); n != 2*len(out) {
		t.Fatalf("%d fences make %d blocks: each must name its language", n, len(out))
	}
	return out
}

// The README's addresses stand for those of a service that the test starts,
// and runs are made small: what is tested is that the commands work as
// written, not how fast the service of a test is.
const (
	aroundOfReadme  = "https://origin.example.org"
	throughOfReadme = "https://files.example.org"
	dialledOfReadme = "10.0.0.12:443"
)

// smaller are the words added to plan and run.
func smaller(x *target) []string {
	var words []string
	for _, set := range []string{
		"arms.around.target.tls.ca=" + x.env["CA"], "arms.through.target.tls.ca=" + x.env["CA"],
		"work.size=64KiB", "work.stall_after=5s", "load.in_flight=2", "load.warmup=0s", "load.measure=150ms", "load.drain=5s",
		"design.blocks=7", "design.rest=0s", "criteria.0.margin=2000%",
	} {
		words = append(words, "--set", set)
	}
	return words
}

// shell is how a block of sh is run: loadline is the program under test, and
// make only says whether the Makefile has the target.
const shell = `set -eu
loadline() {
  case "$1" in plan|run) set -- "$@" $SMALLER ;; esac
  command loadline "$@"
}
make() { grep -q "^$1:" "$MAKEFILE" || { echo "the Makefile has no target $1" >&2; return 2; }; }
`

// TestTheReadmeIsExecuted runs every block of commands, in order and in one
// directory, as a stranger would who reads from the top.
func TestTheReadmeIsExecuted(t *testing.T) {
	dir := t.TempDir()
	x := newTarget(t, dir, origin.Options{})
	program, err := exec.LookPath("loadline")
	if err != nil {
		t.Fatal(err)
	}
	// What make build would have made.
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "bin", "loadline")); err != nil {
		t.Fatal(err)
	}
	makefile, err := filepath.Abs(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+dir, "MAKEFILE="+makefile, "SMALLER="+strings.Join(smaller(x), " "),
		"GITHUB_STEP_SUMMARY="+filepath.Join(dir, "step-summary.md"), "DEPOSIT_TOKEN=secret")
	ran := 0
	for _, b := range blocks(t) {
		for _, script := range scripts(t, b) {
			ran++
			fault, wanted := expected(t, b)
			if fault != "" {
				x.plant(t, fault)
			}
			code, out := sh(t, dir, env, local(x).Replace(script))
			x.front.Faults().Heal()
			if code != wanted {
				t.Errorf("README.md:%d: exit code %d, want %d:\n%s\n%s", b.line, code, wanted, script, out)
			}
		}
	}
	if ran < 8 {
		t.Errorf("only %d scripts were found in the README", ran)
	}
	for _, file := range []string{"upload.yaml", "loadline.schema.json", "junit.xml", "verdict.json", "report.html", "step-summary.md"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("the README's commands left no %s", file)
		}
	}
	if n := x.stored(); n > 0 {
		t.Errorf("the README's commands left %d objects on the target", n)
	}
}

// local puts the addresses of the running service in place of the README's.
func local(x *target) *strings.Replacer {
	return strings.NewReplacer(
		aroundOfReadme, x.env["AROUND"], throughOfReadme, x.env["THROUGH"],
		dialledOfReadme, strings.TrimPrefix(x.env["THROUGH"], "https://"),
	)
}

// scripts are what a block has to run: itself, or the steps of a workflow.
func scripts(t *testing.T, b block) []string {
	t.Helper()
	switch {
	case b.language == "sh":
		return []string{b.src}
	case b.note != "workflow":
		return nil
	}
	var w struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(b.src), &w); err != nil {
		t.Fatalf("README.md:%d: %v", b.line, err)
	}
	var out []string
	for _, job := range w.Jobs {
		exports := ""
		for _, name := range slices.Sorted(maps.Keys(job.Env)) {
			exports += fmt.Sprintf("export %s=%q\n", name, job.Env[name])
		}
		for _, step := range job.Steps {
			if step.Run != "" {
				out = append(out, exports+step.Run)
			}
		}
	}
	return out
}

// expected reads the note before a block: exit 10 after: what was done to the
// service. Without one the block succeeds.
func expected(t *testing.T, b block) (fault string, code int) {
	t.Helper()
	m := regexp.MustCompile(`^exit (\d+) after: (.*)$`).FindStringSubmatch(b.note)
	if m == nil {
		return "", 0
	}
	faults := map[string]string{"the balancer loses every third upload": "lose on=upload every=3"}
	if faults[m[2]] == "" {
		t.Fatalf("README.md:%d: nothing is known of %q", b.line, m[2])
	}
	code, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return faults[m[2]], code
}

func sh(t *testing.T, dir string, env []string, script string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", shell+script)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestTheReadmesScenariosAreRead(t *testing.T) {
	env := map[string]string{"AROUND": aroundOfReadme, "DEPOSIT_TOKEN": "secret"}
	n := 0
	for _, b := range blocks(t) {
		if b.language != "yaml" || b.note == "workflow" {
			continue
		}
		n++
		look := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
		p, err := plan.Read("README.md", []byte(b.src), scenarios.Options{Env: look}, all.Builtin())
		if err != nil {
			t.Errorf("README.md:%d: %v", b.line, err)
		}
		for _, w := range p.Warnings {
			t.Errorf("README.md:%d: warning: %s", b.line, w)
		}
	}
	if n == 0 {
		t.Error("the README shows no scenario")
	}
}

// TestThePictureIsWhatLoadlinePrints holds the README's picture of a verdict
// to the lines that the text renderer draws around the figures.
func TestThePictureIsWhatLoadlinePrints(t *testing.T) {
	var drawn strings.Builder
	if err := (text.Renderer{}).Render(&drawn, rendertest.Regressed()); err != nil {
		t.Fatal(err)
	}
	heads := regexp.MustCompile(`(?m)^ *criterion +cell.*$|^✗ REGRESSED: |^Where: `)
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	i := slices.IndexFunc(blocks(t), func(b block) bool { return b.language == "text" })
	picture := blocks(t)[i].src
	want := heads.FindAllString(drawn.String(), -1)
	if len(want) != 3 {
		t.Fatalf("the renderer draws %q", want)
	}
	for _, line := range want {
		if !strings.Contains(squeeze(picture), squeeze(line)) {
			t.Errorf("the README's picture has no %q", line)
		}
	}
}

// rows are the rows of the table whose first head that is.
func rows(t *testing.T, head string) [][]string {
	t.Helper()
	_, rest, found := strings.Cut(readme(t), "\n| "+head+" |")
	if !found {
		t.Fatalf("the README has no table of %s", head)
	}
	var out [][]string
	for i, line := range strings.Split(rest, "\n")[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) < 2 {
			t.Fatalf("row %d of the table of %s: %q", i, head, line)
		}
		out = append(out, cells)
	}
	return out
}

func TestTheReadmesExitCodesAreThoseOfTheProgram(t *testing.T) {
	want := map[string]string{"1, 2": "–"}
	for _, v := range []verdict.Verdict{verdict.Pass, verdict.Improved, verdict.Regressed, verdict.Inconclusive, verdict.Invalid, verdict.NoBaseline} {
		code := strconv.Itoa(v.ExitCode())
		if want[code] != "" {
			want[code] += ", "
		}
		want[code] += string(v)
	}
	for _, code := range []int{exitUsage, exitUnreachable, exitNotKept, exitInterrupted} {
		want[strconv.Itoa(code)] = "–"
	}
	got := map[string]string{}
	for _, row := range rows(t, "exit") {
		got[row[0]] = row[1]
	}
	if !maps.Equal(got, want) {
		t.Errorf("the README says %v, the program %v", got, want)
	}
}

// tree is the whole command tree, as the program offers it.
func tree() *cobra.Command {
	root := newRoot(app{stdout: io.Discard, stderr: io.Discard})
	root.InitDefaultCompletionCmd()
	return root
}

func TestTheReadmesCommandsAreThoseOfTheProgram(t *testing.T) {
	var got, want []string
	for _, row := range rows(t, "command") {
		got = append(got, strings.Trim(row[0], "`"))
	}
	for _, c := range tree().Commands() {
		if !c.Hidden {
			want = append(want, c.CommandPath())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the README lists %q, the program has %q", got, want)
	}
}

// TestTheReadmesFlagsExist looks every flag up that the README names.
func TestTheReadmesFlagsExist(t *testing.T) {
	flags := regexp.MustCompile(`(?m)(?:^|[\s\x60])(--[a-z][a-z-]*)`)
	known := map[string]bool{}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, flag := range flags.FindAllStringSubmatch(c.UsageString(), -1) {
			known[flag[1]] = true
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(tree())
	for _, flag := range flags.FindAllStringSubmatch(readme(t), -1) {
		if !known[flag[1]] {
			t.Errorf("the README names %s, which no command has", flag[1])
		}
	}
}
