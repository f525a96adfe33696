package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/origin"
	"loadline/probes"
	"loadline/probes/record"
)

// TestVegetaReportReadsWhatReportWrites pipes the observations of a run, some
// of which failed, through the real command.
func TestVegetaReportReadsWhatReportWrites(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{}, "refuse on=upload every=3 status=503")
	if e := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs", "--raw"); e.code != 10 {
		t.Fatalf("the run ends with %d: %s", e.code, e.stderr)
	}
	path, run := theRun(t, dir+"/runs")
	observed := loadline(t, dir, x.env, time.Minute, "report", path, "-o", "vegeta")
	if observed.code != 0 {
		t.Fatalf("report -o vegeta ends with %d: %s", observed.code, observed.stderr)
	}
	// In this directory, so that the version is the one that the module pins.
	vegeta := exec.CommandContext(t.Context(), "go", "tool", "vegeta", "report", "-type=json")
	vegeta.Stdin = strings.NewReader(observed.stdout)
	var stderr strings.Builder
	vegeta.Stderr = &stderr
	text, err := vegeta.Output()
	if err != nil {
		t.Fatalf("vegeta report: %v: %s", err, stderr.String())
	}
	var seen struct {
		Requests    int            `json:"requests"`
		StatusCodes map[string]int `json:"status_codes"`
		Errors      []string       `json:"errors"`
	}
	if err := json.Unmarshal(text, &seen); err != nil {
		t.Fatal(err)
	}
	ops, refused := count(run)
	if seen.Requests != ops || seen.StatusCodes["503"] != refused || len(seen.Errors) == 0 || refused == 0 {
		t.Errorf("vegeta read %+v of %d ops, %d of them refused", seen, ops, refused)
	}
}

// count is how many ops a run's trials saw end, and how many were answered with
// no success, which is 503 here.
func count(run record.Run) (ops, refused int) {
	for _, trial := range run.Trials {
		for _, n := range trial.Ops {
			ops += int(n)
		}
		refused += int(trial.Ops[probes.Status])
	}
	return ops, refused
}
