package engine

import (
	"context"
	"errors"
	"fmt"

	"loadline/probes"
	"loadline/probes/engine/ledger"
	"loadline/probes/record"
	"loadline/scenarios/plan"
)

// CleanOptions are what cleaning up after a run needs.
type CleanOptions struct {
	Table probes.Table
	// Removed hears of each range of names that is wholly gone, to keep it;
	// it may be nil.
	Removed func(record.Names) error
	// Warn hears remarks of the sessions; it may be nil.
	Warn func(string)
	// Watch hears of the removals that are done; it may be nil.
	Watch func(Event)
}

// Clean removes from the targets what a run of p left there: the objects of
// the names that it handed out and did not remove (record.Run's LeftBehind),
// and nothing else. It may be repeated. left counts what could not be removed,
// with the first reason in err.
func Clean(ctx context.Context, p plan.Plan, run string, names []record.Names, o CleanOptions) (left int, err error) {
	if err := ledger.CheckRun(run); err != nil {
		return 0, err
	}
	probe, err := o.Table.Find(p.Spec.Kind())
	if err != nil {
		return 0, err
	}
	r := newRunner(p, Options{Watch: o.Watch, Header: record.Header{Run: run}}, probe)
	defer r.close(context.WithoutCancel(ctx))
	if err := r.openFor(ctx, names); err != nil {
		return 0, err
	}
	result := ledger.Clean(ctx, run, names, ledger.RemoveOptions{
		Paths:    r.removers,
		Look:     r.readback().Budget > 0,
		Parallel: max(r.readback().Parallel, parallelMost),
		Removed:  o.Removed,
		Progress: func(done, total int) { r.tell(Event{Kind: Removing, Done: done, Total: total}) },
	})
	fixtures, err := r.cleanFixtures(ctx, names, o.Removed)
	for _, w := range r.out.Warnings {
		if o.Warn != nil {
			o.Warn(w)
		}
	}
	return result.Objects + fixtures, errors.Join(result.Why, err)
}

// openFor opens the sessions of the cells that the names are of, on all arms.
func (r *runner) openFor(ctx context.Context, names []record.Names) error {
	cells := map[string]bool{}
	for _, n := range names {
		cells[n.Cell] = true
	}
	for _, at := range r.places() {
		if !cells[r.plan.Cells[at.cell].ID] {
			continue
		}
		if err := r.open(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// cleanFixtures removes the fixtures among the names.
func (r *runner) cleanFixtures(ctx context.Context, names []record.Names, removed func(record.Names) error) (left int, err error) {
	fixed, ok := r.plan.Spec.(probes.Fixed)
	if !ok {
		return 0, nil
	}
	for _, n := range names {
		if !n.Fixture {
			continue
		}
		failed := r.cleanFixture(ctx, n, fixed)
		if failed == nil && removed != nil {
			failed = removed(n)
		}
		if failed != nil {
			left += int(n.To - n.From)
			err = errors.Join(err, failed)
		}
	}
	return left, err
}

func (r *runner) cleanFixture(ctx context.Context, n record.Names, fixed probes.Fixed) error {
	for i, cell := range r.plan.Cells {
		if cell.ID != n.Cell {
			continue
		}
		paths := r.removers(n.Arm, n.Cell)
		if len(paths) == 0 {
			return fmt.Errorf("arm %s, cell %s: nothing can remove its fixtures", n.Arm, n.Cell)
		}
		for _, name := range fixed.Fixtures(r.id, r.plan.Cells[i]) {
			if err := paths[0].Keeper.Remove(ctx, probes.Kept{Name: name, Size: cell.Size}); err != nil && !errors.Is(err, probes.ErrAbsent) {
				return fmt.Errorf("arm %s: remove fixture %s: %w", n.Arm, name, err)
			}
		}
	}
	return nil
}
