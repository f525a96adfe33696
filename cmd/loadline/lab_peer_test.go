package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loadline/probes"
)

// TestAPeerAnswersTheControlMeasurement runs net.tcp against the peer that
// users start, and ends the peer as they do.
func TestAPeerAnswersTheControlMeasurement(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	far, _, stderr := command(ctx, t.TempDir(), nil, "lab", "peer", "127.0.0.1:0")
	far.Stdout = nil
	out, err := far.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := far.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	at, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the peer says %q and %s", line, stderr)
	}
	for _, mode := range []string{"echo", "upload", "download"} {
		dir, size := t.TempDir(), "size: 4MiB"
		if mode == "echo" {
			size = "size: 64"
		}
		text := fmt.Sprintf(`name: test/control
arms:
  - {id: a, role: reference, target: {url: "http://%[1]s"}}
  - {id: b, role: candidate, target: {url: "http://%[1]s"}}
work: {kind: net.tcp, mode: %[2]s, %[3]s}
load: {model: closed, in_flight: 1, warmup: 0s, measure: 200ms, drain: 5s}
design: {blocks: 1, rest: 0s}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`, at, mode, size)
		if err := os.WriteFile(filepath.Join(dir, "control.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if e := loadline(t, dir, nil, 30*time.Second, "run", "control.yaml", "--out", "runs"); e.code != 0 {
			t.Fatalf("%s: exit %d: %s%s", mode, e.code, e.stdout, e.stderr)
		}
		_, run := theRun(t, filepath.Join(dir, "runs"))
		for _, trial := range run.Trials {
			if trial.Ops[probes.OK] == 0 || trial.Failed() > 0 {
				t.Errorf("%s: ops %v", mode, trial.Ops)
			}
		}
	}
	_ = far.Process.Signal(os.Interrupt)
	_ = far.Wait()
	if code := far.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the peer, interrupted, ends with %d: %s", code, stderr)
	}
	if e := loadline(t, t.TempDir(), nil, 10*time.Second, "lab", "peer", "127.0.0.1:0", "--cert", "x"); e.code != 20 || !strings.Contains(e.stderr, "belong together") {
		t.Errorf("half a certificate: exit %d: %s", e.code, e.stderr)
	}
	if e := loadline(t, t.TempDir(), nil, 10*time.Second, "lab", "peer", "nowhere"); e.code != 21 {
		t.Errorf("no address: exit %d: %s", e.code, e.stderr)
	}
}
