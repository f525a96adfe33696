package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loadline/probes/record"
	"loadline/scenarios"
)

// changed runs two blocks of 400 ms with an event at half time.
func changed(t *testing.T, timeout time.Duration, run ...string) (record.Run, time.Duration) {
	t.Helper()
	m := newMemory(0, map[string]*way{"r": {latency: 5 * time.Millisecond}})
	began := time.Now()
	r, err := m.run(t, m.plan(closed(1, 0, 400*time.Millisecond, time.Second), 2, func(s *scenarios.Scenario) {
		s.Event = &scenarios.Event{At: 0.5, Run: run, Timeout: timeout}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return r, time.Since(began)
}

func TestEventRunsOnceInEveryTrial(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	run, _ := changed(t, 10*time.Second, "sh", "-c", "echo changed; echo x >> "+log)
	if len(run.Trials) != 2 || run.End.Status != "complete" {
		t.Fatalf("%d trials, end %+v", len(run.Trials), run.End)
	}
	for _, trial := range run.Trials {
		e := trial.Event
		if e == nil || e.Failed() || e.Exit != 0 || e.Output != "changed\n" || e.At < 200*time.Millisecond || e.At > time.Second {
			t.Errorf("event %+v, want it done at 200 ms", e)
		}
		if trial.Total() < 10 { // 80 on a machine of its own
			t.Errorf("%d ops: the load goes on across the change", trial.Total())
		}
	}
	if text, _ := os.ReadFile(log); string(text) != "x\nx\n" {
		t.Errorf("it ran %d times", len(text)/2)
	}
}

func TestEventThatFailsEndsTheRun(t *testing.T) {
	for _, c := range []struct {
		name    string
		run     []string
		timeout time.Duration
		exit    int
		says    string
	}{
		{"exit code", []string{"sh", "-c", "echo no room >&2; exit 3"}, 10 * time.Second, 3, "exit code 3"},
		{"no such program", []string{"/nonexistent/change.sh"}, 10 * time.Second, -1, "no such file"},
		{"timeout", []string{"sh", "-c", "sleep 60 & sleep 60"}, 300 * time.Millisecond, -1, "not done after 300ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, took := changed(t, c.timeout, c.run...)
			if took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if len(run.Trials) != 1 || run.End.Status != "failed" {
				t.Fatalf("%d trials, end %+v: want the run ended by the event", len(run.Trials), run.End)
			}
			e := run.Trials[0].Event
			if !e.Failed() || e.Exit != c.exit || !strings.Contains(e.Err, c.says) {
				t.Errorf("event %+v, want exit %d and %q", e, c.exit, c.says)
			}
			if len(run.Warnings) != 1 || run.Warnings[0] != e.Err || run.End.Why != e.Err {
				t.Errorf("warnings %q, end %+v", run.Warnings, run.End)
			}
			if c.name == "exit code" && e.Output != "no room\n" {
				t.Errorf("output %q", e.Output)
			}
		})
	}
}

// TestEventKeepsNoSecretOfItsCommand: neither one that is known by its value,
// wherever it is repeated, nor one that is known by its flag alone.
func TestEventKeepsNoSecretOfItsCommand(t *testing.T) {
	m := newMemory(0, map[string]*way{"r": {latency: 5 * time.Millisecond}})
	script := "echo weight is half; echo $1 >&2; exit 3"
	run, err := m.run(t, m.plan(closed(1, 0, 400*time.Millisecond, time.Second), 2, func(s *scenarios.Scenario) {
		s.Event = &scenarios.Event{At: 0.5, Timeout: 10 * time.Second, Run: []string{"sh", "-c", script, "sh", "known-5ecret", "--password=byname", "--token", "byflag", "--weight", "half"}}
		s.Secrets.Add("known-5ecret")
	}))
	if err != nil {
		t.Fatal(err)
	}
	e := run.Trials[0].Event
	for _, text := range []string{e.Err, e.Output, run.End.Why, strings.Join(run.Warnings, " ")} {
		if strings.Contains(text, "known-5ecret") || strings.Contains(text, "byname") || strings.Contains(text, "byflag") {
			t.Errorf("a secret is kept in %q", text)
		}
	}
	if !strings.Contains(e.Output, "weight is half") || !strings.Contains(e.Err, "--weight half") {
		t.Errorf("what is no secret went too: %q, %q", e.Output, e.Err)
	}
}

// TestEventThatIsStoppedLeavesNothingRunning: what the program started ends
// with it.
func TestEventThatIsStoppedLeavesNothingRunning(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	changed(t, 300*time.Millisecond, "sh", "-c", "sleep 60 & echo $! > "+file+"; wait")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stat := "/proc/" + strings.TrimSpace(string(text)) + "/stat"
	for range 100 {
		// A killed process that nobody waits for stays listed as Z.
		if s, err := os.ReadFile(stat); err != nil || strings.Contains(string(s), ") Z ") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %s is still running", text)
}

func TestEventMayLeaveADaemonRunning(t *testing.T) {
	run, took := changed(t, 10*time.Second, "sh", "-c", "sleep 3 & echo started")
	if e := run.Trials[0].Event; e.Failed() || e.Exit != 0 || e.Output != "started\n" {
		t.Errorf("event %+v, want success", e)
	}
	if took > 8*time.Second {
		t.Errorf("took %v: waited for the daemon", took)
	}
}

func TestEventKeepsOnlyTheEndOfLongOutput(t *testing.T) {
	run, _ := changed(t, 10*time.Second, "sh", "-c", "yes filler | head -100000; echo last")
	if out := run.Trials[0].Event.Output; len(out) > 4096 || !strings.HasSuffix(out, "last\n") {
		t.Errorf("%d bytes kept, ending in %q", len(out), out[max(0, len(out)-20):])
	}
}
