package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loadline/infra/lab/origin"
)

// TestAReaderThatLeavesDoesNotTakeTheVerdictAlong: grep -q and head close the
// pipe as soon as they have seen enough; a gate must not read that as a crash.
func TestAReaderThatLeavesDoesNotTakeTheVerdictAlong(t *testing.T) {
	for _, x := range []struct {
		fault string
		code  int
	}{{"", 0}, {"refuse on=upload status=500", 10}} {
		for _, format := range []string{"text", "json"} {
			t.Run(strings.TrimSpace(x.fault+" "+format), func(t *testing.T) {
				t.Parallel()
				dir := quick(t)
				var faults []string
				if x.fault != "" {
					faults = append(faults, x.fault)
				}
				target := newTarget(t, dir, origin.Options{}, faults...)
				c, _, stderr := command(t.Context(), dir, target.env, "run", "quick.yaml", "--out", "runs", "-o", format)
				ours, theirs, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				c.Stdout = theirs
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				theirs.Close()
				ours.Close()
				c.Wait()
				if code := c.ProcessState.ExitCode(); code != x.code || !strings.Contains(stderr.String(), "stdout was closed by its reader") {
					t.Errorf("exit code %d (%v), want %d: %s", code, c.ProcessState, x.code, stderr)
				}
				if pages, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "report.html")); len(pages) != 1 {
					t.Errorf("%d pages were written, want 1", len(pages))
				}
			})
		}
	}
}

// TestAFullDiskBehindStdoutIsAnOutputThatCouldNotBeKept, unlike a reader that
// has left.
func TestAFullDiskBehindStdoutIsAnOutputThatCouldNotBeKept(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	c, _, stderr := command(t.Context(), dir, x.env, "run", "quick.yaml", "--out", "runs")
	c.Stdout = full
	c.Run()
	if code := c.ProcessState.ExitCode(); code != exitNotKept || !strings.Contains(stderr.String(), "stdout: ") {
		t.Errorf("exit code %d, want %d: %s", code, exitNotKept, stderr)
	}
}
