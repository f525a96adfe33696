package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab/origin"
)

// a long run of quick.yaml, for tests that end it.
var long = []string{"run", "quick.yaml", "--out", "runs", "--set", "load.measure=1s", "--set", "design.blocks=40", "--set", "design.max_duration=9m", "-o", "text", "-o", "json=verdict.json"}

// started is a run under way whose process a test may signal.
type started struct {
	*exec.Cmd
	stdout, stderr interface{ String() string }
}

func start(t *testing.T, dir string, x *target) started {
	t.Helper()
	c, stdout, stderr := command(t.Context(), dir, x.env, long...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return started{c, stdout, stderr}
}

// until waits for something that must become true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("after 20 s: still not %s", what)
}

// end waits for the process and gives its exit code.
func (s started) end(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := s.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return s.ProcessState.ExitCode()
}

func TestInterruptedRunsKeepWhatWasMeasuredAndCleanUp(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := quick(t)
			x := newTarget(t, dir, origin.Options{})
			run := start(t, dir, x)
			until(t, "in its third trial", func() bool { return x.stored() > 100 })
			asked := time.Now()
			for range 2 { // as timeout(1) does: the process, and then its group
				if err := run.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			if code := run.end(t); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			if took := time.Since(asked); took > 12*time.Second {
				t.Errorf("it took %v to end", took)
			}
			if !strings.Contains(run.stderr.String(), "interrupted: stopping load") || !strings.Contains(run.stdout.String(), "PARTIAL: ") ||
				!strings.HasPrefix(run.stdout.String(), "? INCONCLUSIVE: the run was interrupted in block ") {
				t.Errorf("stdout:\n%s\nstderr:\n%s", run.stdout, run.stderr)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "verdict.json")); err != nil || !strings.Contains(string(text), `"exit_code": 130`) {
				t.Errorf("the document does not say exit code 130: %s (%v)", text, err)
			}
			path, kept := theRun(t, filepath.Join(dir, "runs"))
			if kept.End == nil || kept.End.Status != "aborted" || len(kept.Trials) == 0 {
				t.Errorf("the record has %d trials and the end %+v", len(kept.Trials), kept.End)
			}
			if n := x.stored(); n > 0 {
				t.Errorf("%d objects were left on the target", n)
			}
			if e := loadline(t, dir, x.env, time.Minute, "report", path); e.code == 0 || !strings.Contains(e.stdout, "PARTIAL: ") {
				t.Errorf("report ends with %d:\n%s", e.code, e.stdout)
			}
		})
	}
}

// TestASecondInterruptEndsAtOnce: a target that keeps every deletion waiting
// must not keep the user.
func TestASecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	run := start(t, dir, x)
	until(t, "under load", func() bool { return x.stored() > 20 })
	x.origin.Faults().Freeze(time.Minute)
	x.front.Faults().Freeze(time.Minute)
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	time.Sleep(oneAsking + 200*time.Millisecond) // a repeat at once is the same one
	asked := time.Now()
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := run.end(t); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if took := time.Since(asked); took > 2*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if _, kept := theRun(t, filepath.Join(dir, "runs")); !kept.Partial() {
		t.Error("the record claims to be whole")
	}
}

// TestKilledAnywhereTheRecordOpensAndCleanRemovesTheRest kills runs after
// other numbers of stored objects: in the first trial, at its end, later.
func TestKilledAnywhereTheRecordOpensAndCleanRemovesTheRest(t *testing.T) {
	for _, objects := range []int{1, 7, 60, 150, 320} {
		t.Run(fmt.Sprint(objects), func(t *testing.T) {
			t.Parallel()
			dir := quick(t)
			x := newTarget(t, dir, origin.Options{})
			if err := x.put("not-ours"); err != nil {
				t.Fatal(err)
			}
			run := start(t, dir, x)
			until(t, "that far", func() bool { return x.stored() > objects })
			if err := run.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			run.end(t)
			path, kept := theRun(t, filepath.Join(dir, "runs"))
			if !kept.Partial() {
				t.Error("the record claims to be whole")
			}
			e := loadline(t, dir, x.env, time.Minute, "report", path)
			if e.code == 0 || !strings.Contains(e.stdout, "PARTIAL: the run was killed") || strings.Contains(e.stdout, "PASS:") {
				t.Errorf("report ends with %d:\n%s", e.code, e.stdout)
			}
			if x.stored() < objects {
				t.Errorf("only %d objects are there to be removed", x.stored())
			}
			if e := loadline(t, dir, x.env, time.Minute, "clean", path); e.code != 0 {
				t.Errorf("clean ends with %d: %s", e.code, e.stderr)
			}
			if n := x.stored(); n != 1 || !x.origin.Stats("not-ours").Stored {
				t.Errorf("%d objects are left, want the one that is not the run's", n)
			}
		})
	}
}

// downloads is a long run that reads objects which it has stored itself.
const downloads = `name: test/downloads
purpose: Are downloads whole?
arms:
  - {id: around,  role: reference, target: {url: "${AROUND}", tls: {ca: "${CA}"}}}
  - {id: through, role: candidate, target: {url: "${THROUGH}", tls: {ca: "${CA}"}}}
work: {kind: http.transfer, direction: download, size: 64KiB, path: "/files/{name}"}
load: {model: closed, in_flight: 2, warmup: 0s, measure: 20s, drain: 3s}
design: {blocks: 3, rest: 0s, max_duration: 9m}
criteria:
  - {metric: errors, stat: rate, max: 0%}
`

// TestKilledDownloadsLeaveFixturesThatCleanFinds: what a download reads was
// stored by the run, before any op.
func TestKilledDownloadsLeaveFixturesThatCleanFinds(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "downloads.yaml"), []byte(downloads), 0o600), x.put("not-ours")); err != nil {
		t.Fatal(err)
	}
	c, _, _ := command(t.Context(), dir, x.env, "run", "downloads.yaml", "--out", "runs")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "under load", func() bool { return x.stored() > 1 && x.origin.Totals().Requests > 50 })
	c.Process.Kill()
	c.Wait()
	path, _ := theRun(t, filepath.Join(dir, "runs"))
	if e := loadline(t, dir, x.env, time.Minute, "clean", path); e.code != 0 || x.stored() != 1 {
		t.Errorf("clean ends with %d and leaves %d objects, want the one that is not the run's: %s%s", e.code, x.stored(), e.stdout, e.stderr)
	}
}

// TestCleanSaysWhatItCouldNotRemove: a target that is down is named, and the
// names stay for the next time.
func TestCleanSaysWhatItCouldNotRemove(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	run := start(t, dir, x)
	until(t, "under load", func() bool { return x.stored() > 20 })
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	run.end(t)
	path, _ := theRun(t, filepath.Join(dir, "runs"))
	x.front.Faults().Freeze(time.Minute)
	x.origin.Faults().Freeze(6 * time.Second)
	if e := loadline(t, dir, x.env, time.Minute, "clean", path); e.code != exitUnreachable || !strings.Contains(e.stderr, "could not be removed") {
		t.Errorf("clean of a frozen target ends with %d: %s", e.code, e.stderr)
	}
	// A shorter freeze takes the place of the one before: the target is back.
	x.front.Faults().Freeze(time.Millisecond)
	x.origin.Faults().Freeze(time.Millisecond)
	if e := loadline(t, dir, x.env, time.Minute, "clean", path); e.code != 0 || x.stored() != 0 {
		t.Errorf("the second clean ends with %d and leaves %d objects: %s", e.code, x.stored(), e.stderr)
	}
}
