package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"loadline/probes"
	"loadline/probes/engine/ledger"
	"loadline/probes/record"
	"loadline/scenarios/plan"
)

// The reasons for which Run returns an error; what was measured until then is
// returned with it.
var (
	// ErrAborted means that the context was cancelled.
	ErrAborted = errors.New("the run was interrupted")
	// ErrUnready means that the reference arm could not be opened or prepared;
	// errors.As to *SetupError says which step.
	ErrUnready = errors.New("the reference arm is not ready")
	// errIgnored is what a call gets that did not return when it was told to.
	errIgnored = errors.New("it did not end when it was told to, and was left behind")
)

// SetupError is a session that could not be opened or prepared.
type SetupError struct {
	Step, Arm, Cell string // Step is open or prepare
	Err             error
}

// Error names arm, cell, step and cause.
func (e *SetupError) Error() string {
	return fmt.Sprintf("arm %s, cell %s: %s: %v", e.Arm, e.Cell, e.Step, e.Err)
}

// Unwrap makes every setup error one that means "not ready".
func (e *SetupError) Unwrap() []error { return []error{ErrUnready, e.Err} }

// Options are what a run needs besides its plan.
type Options struct {
	Table probes.Table
	// Header describes the run; see NewHeader. Its Run is part of every name.
	Header record.Header
	// Writer keeps the run as it goes; nil keeps it in memory only.
	Writer Writer
	// Watch hears of progress, from one goroutine at a time; it may be nil and
	// must be quick.
	Watch func(Event)
	// Look is asked after each block whether the run has seen enough, and why;
	// it may be nil. The run it gets has no End and no Integrity yet.
	Look func(record.Run) (stop bool, why string)
	// Raw keeps every observation.
	Raw bool
}

// Writer keeps a run on disk; *record.Writer is one. An error from any method
// ends the load.
type Writer interface {
	ResultWriter
	NameWriter
}

// ResultWriter keeps what was measured.
type ResultWriter interface {
	Trial(record.Trial) error
	Integrity([]record.Integrity) error
	Warn(string) error
	End(record.End) error
}

// NameWriter keeps which names may exist on the targets, before they do.
type NameWriter interface {
	Reserve(record.Names) error
	Removed(record.Names) error
}

// NewHeader describes a run of p that starts now, with what may be secret taken
// out.
func NewHeader(p plan.Plan, run string, tool record.Tool, env record.Environment, started time.Time) record.Header {
	return record.Redacted(record.Header{
		Schema: record.Schema, Run: run, Started: started, Tool: tool, Environment: env,
		Scenario: p.Scenario, Source: p.Scenario.Source, Overrides: p.Scenario.Overrides,
		Spec: json.RawMessage(p.Spec.Identity()), Fingerprint: p.Fingerprint,
		Arms: p.Arms, Cells: p.Cells, Looks: p.Looks,
	})
}

// Run does the plan and returns what it left. The run is returned also with an
// error: ErrAborted when ctx was cancelled, ErrUnready when the reference could
// not be set up, or the writer's when the record could not be kept. A ceiling
// that was reached, a decision, and an event that failed are no errors; the
// run's End says them.
func Run(ctx context.Context, p plan.Plan, o Options) (record.Run, error) {
	if err := ledger.CheckRun(o.Header.Run); err != nil {
		return record.Run{}, err
	}
	probe, err := o.Table.Find(p.Spec.Kind())
	if err != nil {
		return record.Run{}, err
	}
	return newRunner(p, o, probe).run(ctx)
}
