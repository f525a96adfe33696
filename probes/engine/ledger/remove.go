package ledger

import (
	"cmp"
	"context"
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
	// Parallel is the number of removals at a time, at least 1.
	Parallel int
	// Removed hears of each range of names that is wholly gone; may be nil.
	Removed func(record.Names) error
	// Progress hears of the removals that are done; it may be nil.
	Progress func(done, total int)
}

// Left says what could not be removed.
type Left struct {
	Objects int
	// Why is the first refusal, nil if Objects is 0.
	Why error
}

// Remove deletes the objects of all ops that may have left one, and of no
// others, until ctx ends.
func (l *Ledger) Remove(ctx context.Context, o RemoveOptions) Left {
	var jobs []job
	ranges := make([]*span, 0, 2*len(l.books))
	for _, b := range l.books {
		spans := b.spans()
		ranges = append(ranges, spans...)
		b.each(func(seq uint64, r receipt) {
			for _, s := range spans {
				if r.reached() && seq >= s.names.From && seq < s.names.To {
					jobs = append(jobs, job{seq, s})
				}
			}
		})
	}
	return remove(ctx, jobs, ranges, l.reach, o)
}

// Clean deletes the objects of the given ranges of names, as a killed run left
// them. Names of fixtures are left out: their session removes them.
func Clean(ctx context.Context, run string, names []record.Names, o RemoveOptions) Left {
	var jobs []job
	var ranges []*span
	for _, n := range names {
		if n.Fixture {
			continue
		}
		s := &span{names: n, object: func(seq uint64) probes.Kept { return probes.Kept{Name: Name(run, n.Trial, seq), Seq: seq} }}
		ranges = append(ranges, s)
		for seq := n.From; seq < n.To; seq++ {
			jobs = append(jobs, job{seq, s})
		}
	}
	return remove(ctx, jobs, ranges, newReach(), o)
}

// span is a range of names whose removal is reported as one.
type span struct {
	names  record.Names
	object func(seq uint64) probes.Kept
	open   int // objects not yet tried
	failed int
}

// job is an object to remove; its name is made when its turn comes, so that a
// million of them take little room.
type job struct {
	seq  uint64
	span *span
}

// spans are the ranges of names that the book kept.
func (b *Book) spans() []*span {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*span
	for _, s := range []*series{&b.warmUp, &b.measured} {
		if s.kept > 0 {
			out = append(out, &span{object: b.object, names: record.Names{
				Trial: b.Trial.Index, Arm: b.Arm, Cell: b.Cell, From: b.seq(s, 0), To: b.seq(s, s.kept-1) + 1,
			}})
		}
	}
	return out
}

type removal struct {
	options RemoveOptions
	reach   *reach

	mu      sync.Mutex
	jobs    []job
	total   int
	refused map[rowKey]int // weight of those in a row, by path; −1 once one worked
	left    Left
	closed  bool
}

func remove(ctx context.Context, jobs []job, ranges []*span, known *reach, o RemoveOptions) Left {
	r := &removal{options: o, reach: known, jobs: jobs, total: len(jobs), refused: map[rowKey]int{}}
	for _, j := range jobs {
		j.span.open++
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
		r.mu.Lock()
		n := len(r.jobs)
		if n == 0 {
			r.mu.Unlock()
			return
		}
		j := r.jobs[n-1]
		r.jobs = r.jobs[:n-1]
		r.mu.Unlock()
		r.settle(j, r.one(ctx, j))
	}
}

// one removes an object through the first path that does it. A path that left
// read-backs without an answer is asked after the others.
func (r *removal) one(ctx context.Context, j job) error {
	err := fmt.Errorf("no arm can remove objects")
	cell := j.span.names.Cell
	paths := slices.Clone(r.options.Paths(j.span.names.Arm, cell))
	slices.SortStableFunc(paths, func(a, b Path) int {
		return cmp.Compare(turn(r.reach.down(a.Arm, cell)), turn(r.reach.down(b.Arm, cell)))
	})
	for _, p := range paths {
		path := rowKey{p.Arm, cell}
		if r.gaveUp(path) {
			err = fmt.Errorf("%s: refused the first removals", p.Arm)
			continue
		}
		began := time.Now()
		failed := p.Keeper.Remove(ctx, j.span.object(j.seq))
		r.heard(path, failed, time.Since(began))
		if failed == nil {
			return nil
		}
		err = fmt.Errorf("%s: %w", p.Arm, failed)
	}
	return err
}

// turn sorts what is down behind what is not.
func turn(down bool) int {
	if down {
		return 1
	}
	return 0
}

func (r *removal) gaveUp(path rowKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused[path] >= giveUpAfter
}

func (r *removal) heard(path rowKey, err error, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.refused[path] = -1
	case r.refused[path] < 0:
	case took >= slowRefusal:
		r.refused[path] += slowWeight
	default:
		r.refused[path]++
	}
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
		if r.left.Why == nil {
			r.left.Why = err
		}
	}
	if r.options.Progress != nil {
		r.options.Progress(r.total-len(r.jobs), r.total)
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
