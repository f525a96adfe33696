package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// setupGrace is how long opening or preparing a session may take to heed its
// cancellation.
const setupGrace = time.Second

// setUp opens every session the plan needs and prepares them, the reference's
// first. A candidate that cannot be prepared is no reason to stop: that it
// does not work is what the run is there to show.
func (r *runner) setUp(ctx context.Context) error {
	places := r.places()
	for _, at := range places {
		if err := r.open(ctx, at); err != nil {
			return err
		}
	}
	for _, at := range places {
		err := r.prepare(ctx, at)
		switch {
		case err == nil:
		case ctx.Err() != nil || r.reference(at.arm) || r.unkept() != nil:
			return err
		default:
			r.unready(at, err)
		}
	}
	return nil
}

// unready keeps that a candidate could not be prepared.
func (r *runner) unready(at place, err error) {
	r.warn(err.Error())
	why := err
	var setup *SetupError
	if errors.As(err, &setup) {
		why = setup.Err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Unready = append(r.out.Unready, record.Unready{
		Arm: r.plan.Arms[at.arm].ID, Cell: r.plan.Cells[at.cell].ID, Why: r.hide().Text(strings.TrimSuffix(why.Error(), ": "+probes.ErrStop.Error())),
	})
}

// places are the arms and cells of the plan's trials, those of the reference
// first.
func (r *runner) places() []place {
	seen := map[place]bool{}
	var out []place
	for _, t := range r.plan.Trials {
		if at := (place{t.Arm, t.Cell}); !seen[at] {
			seen[at] = true
			out = append(out, at)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if x, y := r.reference(a.arm), r.reference(b.arm); x != y {
			return x
		}
		return a.arm < b.arm || a.arm == b.arm && a.cell < b.cell
	})
	return out
}

// open makes the session of an arm in a cell.
func (r *runner) open(ctx context.Context, at place) error {
	arm, cell := r.plan.ArmIn(plan.Trial{Arm: at.arm, Cell: at.cell}), r.plan.Cells[at.cell]
	sampled := new(samples)
	on := probes.On{Run: r.id, Arm: arm, Cell: cell, Slots: r.slots(at), Seed: r.plan.Scenario.Design.Seed, Warn: r.warn, Sampled: sampled.pass, Served: sampled.serve}
	var session probes.Session
	err := within(ctx, setupGrace, func(ctx context.Context) (err error) {
		session, err = r.probe.Open(ctx, r.plan.Spec, on)
		return err
	})
	if err != nil {
		return &SetupError{Step: "open", Arm: arm.ID, Cell: cell.ID, Err: err}
	}
	r.sessions[at], r.samples[at] = session, sampled
	r.order = append(r.order, at)
	return nil
}

// slots is the most ops in flight at a place, 0 if there is no cap.
func (r *runner) slots(at place) int {
	offered := r.plan.LoadIn(plan.Trial{Arm: at.arm, Cell: at.cell})
	if offered.Model != scenarios.Open {
		return max(offered.InFlight, 1)
	}
	return offered.InFlight
}

// prepare makes the fixtures of a place; their names are kept first.
func (r *runner) prepare(ctx context.Context, at place) error {
	arm, cell := r.plan.Arms[at.arm].ID, r.plan.Cells[at.cell]
	r.tell(Event{Kind: Preparing, Arm: arm, Cell: cell.ID})
	if names, ok := r.fixtures(at); ok {
		if err := r.reserve(names); err != nil {
			return r.asKept(err)
		}
	}
	if limit := r.plan.Scenario.Design.MaxDuration; limit > 0 && !r.reference(at.arm) {
		// The time is for measuring what is wrong with the arm.
		why := fmt.Errorf("not done within a quarter of design.max_duration: %w", probes.ErrStop)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit/4, why)
		defer cancel()
	}
	err := within(ctx, setupGrace, r.sessions[at].Prepare)
	if ctx.Err() != nil && err != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return &SetupError{Step: "prepare", Arm: arm, Cell: cell.ID, Err: err}
	}
	return nil
}

// fixtures are the names of the fixtures that a place makes, if any.
func (r *runner) fixtures(at place) (record.Names, bool) {
	cell := r.plan.Cells[at.cell]
	fixed, ok := r.plan.Spec.(probes.Fixed)
	if !ok {
		return record.Names{}, false
	}
	n := len(fixed.Fixtures(r.id, cell))
	return record.Names{Trial: -1, Arm: r.plan.Arms[at.arm].ID, Cell: cell.ID, To: uint64(n), Fixture: true}, n > 0
}

func (r *runner) unkept() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}
