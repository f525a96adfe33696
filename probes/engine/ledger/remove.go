package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/record"
)

const (
	// giveUpAfter is how many removals in a row a path may refuse, with none
	// that worked before, until it is no longer asked.
	giveUpAfter = 20
	// slowRefusal is from when on a refusal weighs as much as slowWeight of
	// them: a path that does not answer is given up after three.
	slowRefusal = 5 * time.Second
	slowWeight  = 7
)

// RemoveOptions say how objects are removed.
type RemoveOptions struct {
	// Paths are the ways to remove the objects of an arm in a cell, the arm
	// itself in front.
	Paths func(arm, cell string) []Path
	// Look says that a path can be asked whether it has the object of an op:
	// that of an op that was not acknowledged, and that its path refuses to
	// remove, may never have been there.
	Look bool
	// Parallel is the number of removals at a time, at least 1.
	Parallel int
	// Removed hears of each range of names that is wholly gone; may be nil.
	Removed func(record.Names) error
	// Progress hears of the removals that are done; it may be nil.
	Progress func(done, total int)
}

// Left says what could not be removed.
type Left struct {
	// Objects are those that are there for all that is known. Of them,
	// Unpromised belong to ops that were not acknowledged: they may never have
	// been there.
	Objects, Unpromised int
	// Why is the first refusal, nil if Objects is 0.
	Why error
}

// Remove deletes the objects of all ops that may have left one, and of no
// others, until ctx ends.
func (l *Ledger) Remove(ctx context.Context, o RemoveOptions) Left {
	ranges := make([]*span, 0, 2*len(l.books))
	for _, b := range l.books {
		ranges = append(ranges, b.spans()...)
	}
	return remove(ctx, ranges, l.reach, o)
}

// Clean deletes the objects of the given ranges of names, as a killed run left
// them. Names of fixtures are left out: their session removes them.
func Clean(ctx context.Context, run string, names []record.Names, o RemoveOptions) Left {
	var ranges []*span
	for _, n := range names {
		if n.Fixture {
			continue
		}
		at := n.From
		ranges = append(ranges, &span{
			names: n, size: int(n.To - n.From),
			object: func(seq uint64) probes.Kept { return probes.Kept{Name: Name(run, n.Trial, seq), Seq: seq} },
			next: func() (seq uint64, told promise) {
				at++
				return at - 1, unknown
			},
		})
	}
	return remove(ctx, ranges, newReach(), o)
}

type removal struct {
	options RemoveOptions
	reach   *reach

	mu      sync.Mutex
	ranges  []*span
	at      int // the range under way
	taken   int
	total   int
	refused map[rowKey]refusals
	blind   map[rowKey]int // looks in a row that told nothing, by weight; −1 once one did
	left    Left
	closed  bool
}

// refusals are those of one path.
type refusals struct {
	weight int // of those in a row; −1 once one worked
	last   error
}

func remove(ctx context.Context, ranges []*span, known *reach, o RemoveOptions) Left {
	r := &removal{options: o, reach: known, ranges: ranges, refused: map[rowKey]refusals{}, blind: map[rowKey]int{}}
	for _, s := range ranges {
		s.open = s.size
		r.total += s.size
	}
	var workers sync.WaitGroup
	for range max(o.Parallel, 1) {
		workers.Go(func() { r.work(ctx) })
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		select {
		case <-done:
		case <-time.After(time.Second): // a removal that does not heed ctx is left behind
		}
	}
	return r.finish(ranges)
}

func (r *removal) work(ctx context.Context) {
	for ctx.Err() == nil {
		j, ok := r.next()
		if !ok {
			return
		}
		r.settle(j, r.one(ctx, j))
	}
}

// next is the next object; ok is false when there is none.
func (r *removal) next() (j job, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; r.at < len(r.ranges); r.at++ {
		if s := r.ranges[r.at]; s.taken < s.size {
			s.taken++
			r.taken++
			j.span = s
			j.seq, j.told = s.next()
			return j, true
		}
	}
	return j, false
}

// one removes an object through the first path that does it. A path that left
// read-backs without an answer is asked after the others. Where none does, it
// counts as gone only if those that answer say that it is not there, and the
// path that stored it is among them: another may not see the same storage. What
// no answer promised is looked for where that path refuses to remove it.
func (r *removal) one(ctx context.Context, j job) error {
	owner, cell := j.span.names.Arm, j.span.names.Cell
	paths := slices.Clone(r.options.Paths(owner, cell))
	slices.SortStableFunc(paths, func(a, b Path) int {
		return cmp.Compare(turn(r.reach.down(a.Arm, cell)), turn(r.reach.down(b.Arm, cell)))
	})
	own, other := errors.New("no arm can remove objects"), error(nil)
	absent := false // somewhere else
	for _, p := range paths {
		err := r.ask(ctx, p, j)
		switch {
		case err == nil:
			return nil
		case p.Arm == owner:
			own = err
		case errors.Is(err, probes.ErrAbsent):
			absent = true
		default:
			other = err
		}
	}
	refused := other != nil && !errors.Is(other, probes.ErrSilent)
	switch {
	case errors.Is(own, probes.ErrAbsent) && !(refused && j.told == acknowledged):
		return nil
	case errors.Is(own, probes.ErrAbsent):
		return fmt.Errorf("%w; %w", own, other)
	case errors.Is(own, probes.ErrSilent) && absent && !refused && j.told == none:
		return nil
	case errors.Is(own, probes.ErrSilent) || j.told == acknowledged || !r.options.Look:
		return own
	}
	if r.nothing(ctx, paths, j) {
		return nil
	}
	return own
}

// nothing reports whether an object that no path removes is not there: the path
// that was to store it says so, and no other one has it.
func (r *removal) nothing(ctx context.Context, paths []Path, j job) bool {
	absent := false
	for _, p := range paths {
		switch r.look(ctx, p, j) {
		case probes.Absent:
			absent = absent || p.Arm == j.span.names.Arm
		case probes.Unreadable:
		default:
			return false
		}
	}
	return absent
}

// look asks a path for an object. A path whose first looks tell nothing is not
// asked any more.
func (r *removal) look(ctx context.Context, p Path, j job) probes.Finding {
	path := rowKey{p.Arm, j.span.names.Cell}
	r.mu.Lock()
	blind := r.blind[path]
	r.mu.Unlock()
	if blind >= giveUpAfter {
		return probes.Unreadable
	}
	got := p.Keeper.Audit(ctx, j.span.object(j.seq))
	r.mu.Lock()
	defer r.mu.Unlock()
	finding := orUnreadable(got.Finding)
	switch {
	case finding != probes.Unreadable:
		r.blind[path] = -1
	case r.blind[path] < 0:
	case got.Silent:
		r.blind[path] += slowWeight
	default:
		r.blind[path]++
	}
	return finding
}

// ask tries to remove an object through one path, unless the path is known to
// do no such thing.
func (r *removal) ask(ctx context.Context, p Path, j job) error {
	path := rowKey{p.Arm, j.span.names.Cell}
	if err := r.gaveUp(path); err != nil {
		return err
	}
	began := time.Now()
	err := p.Keeper.Remove(ctx, j.span.object(j.seq))
	if err != nil {
		err = fmt.Errorf("%s: %w", p.Arm, err)
	}
	r.heard(path, err, time.Since(began))
	return err
}

// turn sorts what is down behind what is not.
func turn(down bool) int {
	if down {
		return 1
	}
	return 0
}

// gaveUp is why a path is asked no longer, nil if it still is.
func (r *removal) gaveUp(path rowKey) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.refused[path]; f.weight >= giveUpAfter {
		return fmt.Errorf("refused the first removals: %w", f.last)
	}
	return nil
}

// heard counts what a path answered. That there is nothing of a name tells
// neither that it removes objects nor that it does not.
func (r *removal) heard(path rowKey, err error, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.refused[path]
	switch {
	case errors.Is(err, probes.ErrAbsent):
		return
	case err == nil:
		f = refusals{weight: -1}
	case f.weight < 0:
	case took >= slowRefusal:
		f = refusals{f.weight + slowWeight, err}
	default:
		f = refusals{f.weight + 1, err}
	}
	r.refused[path] = f
}

func (r *removal) settle(j job, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	j.span.open--
	if err != nil {
		j.span.failed++
		r.left.Objects++
		if j.told == none {
			r.left.Unpromised++
		}
		if r.left.Why == nil {
			r.left.Why = err
		}
	}
	if r.options.Progress != nil {
		r.options.Progress(r.taken, r.total)
	}
}

// finish counts what was not reached as left behind and reports the ranges
// that are wholly gone.
func (r *removal) finish(ranges []*span) Left {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, s := range ranges {
		r.left.Objects += s.open
		if s.open > 0 && r.left.Why == nil {
			r.left.Why = fmt.Errorf("the time to remove objects ended")
		}
		if s.open == 0 && s.failed == 0 && r.options.Removed != nil {
			if err := r.options.Removed(s.names); err != nil && r.left.Why == nil {
				r.left.Why = err
			}
		}
	}
	return r.left
}
