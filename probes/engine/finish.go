package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"loadline/probes"
	"loadline/probes/engine/ledger"
	"loadline/probes/record"
	"loadline/scenarios"
)

// The time for the steps after the load. The whole run ends within
// max_duration, the read-back budget and hardGrace, whatever happens: 2 s for
// what was in flight, 2 s for ops and calls that heed nothing, the rest here.
const (
	hardGrace    = 10 * time.Second
	closeTime    = 2 * time.Second  // closing sessions
	abortedTime  = 5 * time.Second  // removal after an interruption
	unboundTime  = 10 * time.Minute // removal where no max_duration is set
	parallelMost = 8                // removals at a time, unless the read-back says otherwise
)

// finish audits, removes, closes and writes the end.
func (r *runner) finish(ctx context.Context, e *ending) (record.Run, error) {
	if r.unkept() == nil {
		r.audit(ctx, e)
	}
	left := r.remove(ctx, e)
	left += r.close(ctx)
	end := record.End{At: time.Now(), Status: e.status, Why: r.hide().Text(e.why), LeftBehind: left, Unready: r.out.Unready}
	if w := r.options.Writer; w != nil {
		if err := w.End(end); err != nil {
			_ = r.asKept(err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept != nil {
		end.Status, end.Why = statusFailed, r.kept.Error()
		r.out.End = &end
		return r.out, r.kept
	}
	r.out.End = &end
	return r.out, r.hide().Error(e.err)
}

// readback is how the spec wants its objects looked at again.
func (r *runner) readback() probes.Readback {
	if a, ok := r.plan.Spec.(probes.Audited); ok {
		return a.Readback()
	}
	return probes.Readback{}
}

// audit looks for every stored object; after an interruption nothing is
// looked at, and all of it is unverified.
func (r *runner) audit(ctx context.Context, e *ending) {
	how := r.readback()
	if how.Budget <= 0 || len(r.out.Trials) == 0 {
		return
	}
	found := ledger.Found{Integrity: r.ledger.Unaudited()}
	if e.status != statusAborted {
		ctx, cancel := context.WithTimeout(ctx, how.Budget)
		defer cancel()
		found = r.ledger.Audit(ctx, ledger.AuditOptions{
			Paths:    func(arm, cell string) []ledger.Path { return r.paths(arm, cell, how.Arm) },
			Parallel: how.Parallel,
			Progress: func(done, total int) { r.tell(Event{Kind: Auditing, Done: done, Total: total}) },
		})
	}
	found.Integrity = record.RedactedIntegrity(found.Integrity, r.hide())
	r.mu.Lock()
	r.out.Integrity = found.Integrity
	r.mu.Unlock()
	if w := r.options.Writer; w != nil {
		r.notKept(w.Integrity(found.Integrity))
	}
	for _, text := range found.Warnings {
		r.warn(text)
	}
}

// paths are the ways to look at what an arm stored: first the arm that the
// scenario names, or the first of another role, then the others, then its own.
// A null arm is the reference once more and tells nothing new.
func (r *runner) paths(arm, cell, wanted string) []ledger.Path {
	var first, rest, own []ledger.Path
	var role scenarios.Role
	for _, a := range r.plan.Arms {
		if a.ID == arm {
			role = a.Role
		}
	}
	for i, a := range r.plan.Arms {
		keeper, ok := r.keeper(i, cell)
		path := ledger.Path{Arm: a.ID, Keeper: keeper}
		named := wanted == a.ID
		other := (wanted == "" || wanted == "other") && a.Role != role && a.Role != scenarios.Null
		switch {
		case !ok:
		case len(first) == 0 && (named || other):
			first = append(first, path)
		case a.ID == arm:
			own = append(own, path)
		case a.Role != scenarios.Null:
			rest = append(rest, path)
		}
	}
	return append(append(first, rest...), own...)
}

// keeper is the session of an arm in a cell, if it can look at objects.
func (r *runner) keeper(arm int, cell string) (probes.Keeper, bool) {
	for at, s := range r.sessions {
		if at.arm == arm && r.plan.Cells[at.cell].ID == cell {
			k, ok := s.(probes.Keeper)
			return k, ok
		}
	}
	return nil, false
}

// remove deletes what the ops left on the targets, unless the scenario says to
// leave it there, and returns how many objects it could not delete.
func (r *runner) remove(ctx context.Context, e *ending) int {
	if !r.plan.Spec.Effects(r.plan.Spec.Size()).Deletes {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, r.removalTime(e))
	defer cancel()
	left := r.ledger.Remove(ctx, ledger.RemoveOptions{
		Paths:    r.removers,
		Look:     r.readback().Budget > 0,
		Parallel: max(r.readback().Parallel, parallelMost),
		Removed:  r.removed,
		Progress: func(done, total int) { r.tell(Event{Kind: Removing, Done: done, Total: total}) },
	})
	if left.Objects > 0 {
		r.warn(fmt.Sprintf("%s could not be removed from the target: %v (hint: %s)", stays(left), left.Why, r.remedy(left.Why)))
	}
	return left.Objects
}

// stays says what a removal left. A refused upload may have left nothing, and is
// not said to be an object where nobody knows.
func stays(left ledger.Left) string {
	switch {
	case left.Unpromised == left.Objects:
		return fmt.Sprintf("%d ops were not acknowledged, and whether they left objects is not known; such", left.Objects)
	case left.Unpromised > 0:
		return fmt.Sprintf("%d objects, %d of them of ops that were not acknowledged and may have left none,", left.Objects, left.Unpromised)
	}
	return fmt.Sprintf("%d objects", left.Objects)
}

// Prefix is what the names of all objects of a run's ops begin with.
func Prefix(run string) string { return strings.TrimSuffix(ledger.Name(run, 0, 0), "t0-0") }

// remedy is how to remove what could not be: a command as it can be typed,
// where a record knows the names.
func (r *runner) remedy(why error) string {
	kept, ok := r.options.Writer.(interface{ Path() string })
	if !ok {
		return "no record is kept that knows their names, which begin with " + Prefix(r.id)
	}
	run := filepath.Dir(kept.Path())
	if strings.ContainsFunc(run, func(c rune) bool {
		return !strings.ContainsRune("/._-", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}) {
		run = "'" + strings.ReplaceAll(run, "'", `'\''`) + "'"
	}
	if errors.Is(why, probes.ErrSilent) {
		return "loadline clean " + run + ", when the target answers again"
	}
	return "the target answers, and does not do it: loadline clean " + run + ", once it does"
}

// removers are the ways to remove what an arm stored: its own first.
func (r *runner) removers(arm, cell string) []ledger.Path {
	paths := r.paths(arm, cell, arm)
	for i, p := range paths {
		if p.Arm == arm {
			paths[0], paths[i] = paths[i], paths[0]
		}
	}
	return paths
}

// removalTime is what is left of the hard bound for removals.
func (r *runner) removalTime(e *ending) time.Duration {
	if e.status == statusAborted {
		return abortedTime
	}
	limit := r.plan.Scenario.Design.MaxDuration
	if limit <= 0 {
		return unboundTime
	}
	hard := r.started.Add(limit + r.readback().Budget + hardGrace)
	return max(time.Until(hard)-2*closeTime, time.Second)
}

// removed keeps that a range of names is gone from the target.
func (r *runner) removed(n record.Names) error {
	if w := r.options.Writer; w != nil {
		if err := w.Removed(n); err != nil {
			_ = r.asKept(err)
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Removed = append(r.out.Removed, n)
	return nil
}

// close ends all sessions at once, which removes their fixtures; it returns how
// many fixtures may be left.
func (r *runner) close(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	left := 0
	for _, at := range r.order {
		all.Go(func() {
			err := within(ctx, time.Second, r.sessions[at].Close)
			names, made := r.fixtures(at)
			switch {
			case err != nil:
				r.warn(fmt.Sprintf("arm %s, cell %s: close: %v", r.plan.Arms[at.arm].ID, r.plan.Cells[at.cell].ID, err))
				mu.Lock()
				left += int(names.To)
				mu.Unlock()
			case made:
				_ = r.removed(names)
			}
		})
	}
	all.Wait()
	return left
}
