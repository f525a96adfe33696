package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab"
)

// need skips where a program of the lab is not installed, except in CI, where
// nothing may be missing.
func need(t *testing.T, program string) {
	t.Helper()
	_, err := lab.Find(program)
	if errors.Is(err, lab.ErrNotInstalled) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatLabUpStartsAnswersUntilLabDown brings up a real balancer of each
// kind as the manual says, in a shell, and asks it for an answer.
func TestWhatLabUpStartsAnswersUntilLabDown(t *testing.T) {
	for _, x := range []struct{ incident, program, scheme string }{{"D5", "nginx", "http"}, {"C1", "haproxy", "https"}} {
		t.Run(x.program, func(t *testing.T) {
			need(t, x.program)
			t.Parallel()
			dir := t.TempDir()
			env := map[string]string{"XDG_CACHE_HOME": dir}
			t.Cleanup(func() {
				c, _, _ := command(context.Background(), dir, env, "lab", "down")
				c.Run()
			})
			sh := exec.Command("sh", "-c", `set -e; up=$(loadline lab up "$0"); eval "$up"; printf %s "$LAB_THROUGH"`, x.incident)
			sh.Env = append(os.Environ(), "XDG_CACHE_HOME="+dir)
			through, err := sh.Output()
			if err != nil || len(through) == 0 {
				t.Fatalf("lab up: %v, LAB_THROUGH is %q", err, through)
			}
			if err := answers(x.scheme, string(through)); err != nil {
				t.Errorf("after lab up: %v", err)
			}
			if e := loadline(t, dir, env, time.Minute, "lab", "up", "D6"); e.code != exitUsage || !strings.Contains(e.stderr, x.incident+" is up already (hint: loadline lab down)") {
				t.Errorf("a second lab up ends with %d: %s", e.code, e.stderr)
			}
			if e := loadline(t, dir, env, time.Minute, "lab", "down"); e.code != 0 || e.stdout != x.incident+" is down\n" {
				t.Errorf("lab down ends with %d: %s%s", e.code, e.stdout, e.stderr)
			}
			if err := answers(x.scheme, string(through)); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("after lab down there is still somebody: %v", err)
			}
			if e := loadline(t, dir, env, time.Minute, "lab", "down"); e.code != 0 || !strings.Contains(e.stderr, "no lab is up") {
				t.Errorf("a second lab down ends with %d: %s", e.code, e.stderr)
			}
		})
	}
}

// answers asks for anything at all: an answer of any status is one.
func answers(scheme, address string) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	resp, err := client.Get(scheme + "://" + address + "/")
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// TestLabRunHoldsTheGateAgainstTheKnownAnswer runs the shortest incident, sick
// and healthy.
func TestLabRunHoldsTheGateAgainstTheKnownAnswer(t *testing.T) {
	need(t, "nginx")
	t.Parallel()
	dir := t.TempDir()
	e := loadline(t, dir, nil, 4*time.Minute, "lab", "run", "d5")
	lines := strings.Split(strings.TrimSpace(e.stdout), "\n")
	if e.code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[0], "✓ D5 sick, seed 1") || !strings.HasPrefix(lines[1], "✓ D5 healthy twin") {
		t.Fatalf("exit code %d:\n%s%s", e.code, e.stdout, e.stderr)
	}
	if !strings.Contains(lines[0], "REGRESSED: ") || strings.Contains(lines[1], "REGRESSED") {
		t.Errorf("the verdicts are not the known ones:\n%s", e.stdout)
	}
	if e := loadline(t, dir, nil, time.Minute, "lab", "run", "D99"); e.code != exitUsage || !strings.Contains(e.stderr, `no incident "D99"`) {
		t.Errorf("an unknown incident ends with %d: %s", e.code, e.stderr)
	}
}

// TestAnInterruptedLabIsNeitherUnreachableNorWrong.
func TestAnInterruptedLabIsNeitherUnreachableNorWrong(t *testing.T) {
	need(t, "nginx")
	t.Parallel()
	c, stdout, stderr := command(t.Context(), t.TempDir(), nil, "lab", "run", "D5")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d:\n%s%s", code, exitInterrupted, stdout, stderr)
	}
}
