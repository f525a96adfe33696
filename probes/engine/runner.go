package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/engine/ledger"
	"loadline/probes/engine/load"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/redact"
)

// The statuses of a run's End.
const (
	statusComplete = "complete"
	statusDecided  = "decided"
	statusLimit    = "limit"
	statusAborted  = "aborted"
	statusFailed   = "failed"
)

// ending is why a run ended before its plan did.
type ending struct {
	status, why string
	err         error // what Run returns, if anything
}

// Error is the reason.
func (e *ending) Error() string { return e.why }

// place is where a session works: indices of Plan.Arms and Plan.Cells.
type place struct{ arm, cell int }

// runner is one run under way.
type runner struct {
	id       string
	plan     plan.Plan
	options  Options
	probe    probes.Probe
	started  time.Time
	halt     context.CancelCauseFunc // ends the load, with an *ending or a load.Reached
	sessions map[place]probes.Session
	order    []place // in which sessions were opened
	samples  map[place]*samples
	ceilings *load.Ceilings
	ledger   *ledger.Ledger

	watching sync.Mutex // one event at a time

	mu   sync.Mutex // guards out and kept
	out  record.Run
	kept error // why the record could not be kept
}

func newRunner(p plan.Plan, o Options, probe probes.Probe) *runner {
	p.Scenario.Secrets = p.Scenario.Known(os.ReadFile)
	r := &runner{
		id: o.Header.Run, plan: p, options: o, probe: probe, started: time.Now(),
		sessions: map[place]probes.Session{}, samples: map[place]*samples{}, ceilings: load.NewCeilings(p.Scenario.Limits),
		out: record.Run{Header: o.Header},
	}
	r.ledger = ledger.New(r.id, p.Scenario.Design.Seed, r.reserve)
	return r
}

// run does all steps, in order; each is bounded.
func (r *runner) run(parent context.Context) (record.Run, error) {
	ctx, halt := context.WithCancelCause(parent)
	r.halt = halt
	defer halt(nil)
	if limit := r.plan.Scenario.Design.MaxDuration; limit > 0 {
		timer := time.AfterFunc(limit, func() {
			r.stop(&ending{status: statusLimit, why: fmt.Sprintf("design.max_duration of %v is over", limit)})
		})
		defer timer.Stop()
	}
	for _, doubt := range r.plan.Warnings {
		r.warn(doubt)
	}
	end := r.work(ctx)
	halt(probes.ErrStop)
	return r.finish(context.WithoutCancel(parent), end)
}

// work opens and prepares the sessions and runs the trials; it returns why the
// load ended.
func (r *runner) work(ctx context.Context) *ending {
	if err := r.setUp(ctx); err != nil {
		if ctx.Err() != nil {
			return endingOf(ctx)
		}
		return &ending{status: statusFailed, why: err.Error(), err: err}
	}
	for i, pt := range r.plan.Trials {
		last := i == len(r.plan.Trials)-1
		if e := r.oneTrial(ctx, pt); e != nil {
			return e
		}
		if last || r.plan.Trials[i+1].Block != pt.Block {
			if e := r.endBlock(pt); e != nil && !last {
				return e
			}
		}
		if !last && !load.Pause(ctx, r.plan.Scenario.Design.Rest) {
			return endingOf(ctx)
		}
	}
	return &ending{status: statusComplete}
}

// oneTrial runs a trial and keeps it; not nil if the run ends with it.
func (r *runner) oneTrial(ctx context.Context, pt plan.Trial) *ending {
	if e := r.roomFor(pt); e != nil {
		return e
	}
	t := r.newTrial(pt)
	r.tell(t.event(TrialStarted))
	out, measured, err := t.measure(ctx)
	if measured {
		r.keepTrial(out)
		r.tell(t.event(TrialEnded))
	}
	switch {
	case ctx.Err() != nil:
		return endingOf(ctx)
	case err != nil:
		return &ending{status: statusFailed, why: err.Error(), err: err}
	case out.Event.Failed():
		why := r.hide().Text(out.Event.Err)
		r.warn(why)
		return &ending{status: statusFailed, why: why}
	}
	return nil
}

// roomFor refuses to start a trial that max_duration would break off in any
// case.
func (r *runner) roomFor(pt plan.Trial) *ending {
	limit, offered := r.plan.Scenario.Design.MaxDuration, r.plan.LoadIn(pt)
	if limit <= 0 || time.Since(r.started)+offered.Warmup+offered.Measure <= limit {
		return nil
	}
	return &ending{status: statusLimit, why: fmt.Sprintf("design.max_duration of %v has no room for another trial", limit)}
}

// endBlock lets the caller look at the run; not nil if it has seen enough.
func (r *runner) endBlock(pt plan.Trial) *ending {
	e := Event{Kind: BlockEnded, Trial: pt.Index + 1}
	e.Block = pt.Block + 1
	r.tell(e)
	if r.options.Look == nil {
		return nil
	}
	r.mu.Lock()
	seen := r.out
	seen.Trials, seen.Warnings = slices.Clone(seen.Trials), slices.Clone(seen.Warnings)
	r.mu.Unlock()
	if stop, why := r.options.Look(seen); stop {
		return &ending{status: statusDecided, why: why}
	}
	return nil
}

// stop ends the load for the given reason; the first one counts.
func (r *runner) stop(reason error) { r.halt(reason) }

// endingOf is why a run's context ended.
func endingOf(ctx context.Context) *ending {
	var e *ending
	if errors.As(context.Cause(ctx), &e) {
		return e
	}
	var limit load.Reached
	if errors.As(context.Cause(ctx), &limit) {
		return &ending{status: statusLimit, why: limit.Error()}
	}
	return &ending{status: statusAborted, why: ErrAborted.Error(), err: fmt.Errorf("%w: %w", ErrAborted, context.Cause(ctx))}
}

// notKept ends the load because the record cannot be kept.
func (r *runner) notKept(err error) {
	if err == nil {
		return
	}
	err = r.asKept(err)
	r.stop(&ending{status: statusFailed, why: err.Error(), err: err})
}

// asKept notes the first error of the record.
func (r *runner) asKept(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = err
	}
	return err
}

func (r *runner) keepTrial(t record.Trial) {
	t = record.RedactedTrial(t, r.hide())
	r.mu.Lock()
	r.out.Trials = append(r.out.Trials, t)
	r.mu.Unlock()
	if w := r.options.Writer; w != nil {
		r.notKept(w.Trial(t))
	}
}

// reserve keeps names before they exist on a target.
func (r *runner) reserve(n record.Names) error {
	if w := r.options.Writer; w != nil {
		if err := w.Reserve(n); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Names = append(r.out.Names, n)
	return nil
}

// hide is what must be shown nowhere.
func (r *runner) hide() redact.Values { return r.plan.Scenario.Secrets }

// warn keeps a remark for the report, once.
func (r *runner) warn(text string) {
	text = r.hide().Text(text)
	r.mu.Lock()
	known := slices.Contains(r.out.Warnings, text)
	if !known {
		r.out.Warnings = append(r.out.Warnings, text)
	}
	r.mu.Unlock()
	if w := r.options.Writer; w != nil && !known {
		r.notKept(w.Warn(text))
	}
}

// tell hands an event to the watcher.
func (r *runner) tell(e Event) {
	if r.options.Watch == nil {
		return
	}
	e.Trials, e.Blocks, e.Elapsed = len(r.plan.Trials), r.plan.Scenario.Design.Blocks, time.Since(r.started)
	r.watching.Lock()
	defer r.watching.Unlock()
	r.options.Watch(e)
}

// event is an event of this trial.
func (t *trial) event(k Kind) Event {
	return Event{Kind: k, Arm: t.arm.ID, Cell: t.cell.ID, Trial: t.plan.Index + 1, Block: t.plan.Block + 1}
}

// reference reports whether an arm is the one that the others are held against.
func (r *runner) reference(arm int) bool { return r.plan.Arms[arm].Role == scenarios.Reference }
