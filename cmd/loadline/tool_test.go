package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"loadline/probes/record"
)

// finished is what a command line left.
type finished struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// loadline runs a command line in dir as a process of its own, and ends it
// after limit. env is added to the environment.
func loadline(t *testing.T, dir string, env map[string]string, limit time.Duration, args ...string) finished {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	started := time.Now()
	c, stdout, stderr := command(ctx, dir, env, args...)
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	e := finished{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(started)}
	if ctx.Err() != nil {
		t.Fatalf("loadline %v had not ended after %v:\n%s%s", args, limit, e.stdout, e.stderr)
	}
	return e
}

// command is a command line that is not yet started.
func command(ctx context.Context, dir string, env map[string]string, args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	c = exec.CommandContext(ctx, "loadline", args...)
	c.Dir, c.Stdout, c.Stderr = dir, stdout, stderr
	c.Env = os.Environ()
	for name, value := range env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c, stdout, stderr
}

// quick puts quick.yaml into a new directory.
func quick(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text, err := os.ReadFile("testdata/quick.yaml")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "quick.yaml"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// theRun opens the one record below dir.
func theRun(t *testing.T, dir string) (path string, run record.Run) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", record.FileName))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d records below %s, want 1 (%v)", len(found), dir, err)
	}
	if run, err = record.Open(found[0]); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(found[0]), run
}
