package conduct_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"loadline/infra/conduct"
	"loadline/infra/lab/origin"
	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// limits is a scenario that one block decides.
const limits = `name: test/conduct
purpose: Does the candidate answer?
arms:
  - {id: around,  role: reference, target: {url: "${AROUND}"}}
  - {id: through, role: candidate, target: {url: "${THROUGH}"}}
work: {kind: http.transfer, direction: upload, size: 16KiB, path: "/files/{name}", verify: none}
load: {model: closed, in_flight: 1, warmup: 0s, measure: 100ms, drain: 1s}
design: {blocks: 1, rest: 0s, max_duration: 20s}
criteria:
  - {metric: errors, stat: rate, max: 0%}
`

// nobody is an address at which nothing listens.
const nobody = "http://127.0.0.1:1"

// planned reads the scenario for two addresses; an empty one is an origin's.
func planned(t *testing.T, around, through string) plan.Plan {
	t.Helper()
	o, err := origin.New(origin.Options{})
	if err == nil {
		err = o.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Stop() })
	env := map[string]string{"AROUND": around, "THROUGH": through}
	for name, url := range env {
		if url == "" {
			env[name] = o.URL()
		}
	}
	p, err := plan.Read("test.yaml", []byte(limits), scenarios.Options{
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}, all.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func options(out string) conduct.Options {
	return conduct.Options{Table: all.Builtin(), Out: out, Command: "loadline run test.yaml --set x=https://me:secret@files.test"}
}

// TestARunEndsAsItsArmsDo: the healthy twin of every end below is the first.
func TestARunEndsAsItsArmsDo(t *testing.T) {
	for _, x := range []struct {
		name, around, through string
		code                  int
	}{
		{"both answer", "", "", 0},
		{"the candidate is not there", "", nobody, 10},
		{"the reference is not there", nobody, "", 21},
		{"nobody is there", nobody, nobody, 21},
	} {
		t.Run(x.name, func(t *testing.T) {
			out := t.TempDir()
			res, err := conduct.Run(t.Context(), planned(t, x.around, x.through), options(out))
			if err != nil {
				t.Fatal(err)
			}
			if code := reports.ExitCode(res.Report.Decision); code != x.code {
				t.Errorf("exit code %d, want %d: %s", code, x.code, res.Report.Decision.Sentence)
			}
			// What was kept is judged to the same end.
			kept, err := record.Open(res.Record)
			if err != nil {
				t.Fatal(err)
			}
			again := conduct.Judge(kept, options(out).Judge, reports.Source{Record: res.Record})
			if again.Decision.Sentence != res.Report.Decision.Sentence || len(again.Reproduce) == 0 || again.Reproduce[0] != "loadline run test.yaml --set x=https://redacted@files.test" {
				t.Errorf("the record reads %q and %q, the run was %q", again.Decision.Sentence, again.Reproduce, res.Report.Decision.Sentence)
			}
		})
	}
}

// TestACancelledRunKeepsWhatThereWas, and is neither a verdict nor a failure of
// its targets.
func TestACancelledRunKeepsWhatThereWas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t.TempDir())
	o.Watch = func(e engine.Event) {
		if e.Kind == engine.TrialEnded {
			cancel()
		}
	}
	res, err := conduct.Run(ctx, planned(t, "", ""), o)
	if !errors.Is(err, engine.ErrAborted) {
		t.Errorf("the error is %v, want %v", err, engine.ErrAborted)
	}
	d := res.Report.Decision
	if code := reports.ExitCode(d); code != 11 || res.Report.Partial == "" || len(res.Run.Trials) == 0 {
		t.Errorf("exit code %d, partial %q, %d trials: %s", code, res.Report.Partial, len(res.Run.Trials), d.Sentence)
	}
	kept, err := record.Open(res.Record)
	if err != nil || kept.End == nil || kept.End.Status != "aborted" {
		t.Errorf("the record ends with %+v (%v)", kept.End, err)
	}
}

// TestARecordThatCannotBeKeptStopsTheRunBeforeAnyLoad.
func TestARecordThatCannotBeKeptStopsTheRunBeforeAnyLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(filepath.Join(file, "runs"))
	o.Watch = func(e engine.Event) { t.Errorf("it went on: %v", e.Kind) }
	res, err := conduct.Run(t.Context(), planned(t, "", ""), o)
	if lost := new(record.ErrNotKept); !errors.As(err, &lost) {
		t.Errorf("the error is %v, want a record that was not kept", err)
	}
	if res.Run.Header.Run != "" || res.Record != "" {
		t.Errorf("there is a run %q at %q", res.Run.Header.Run, res.Record)
	}
}
