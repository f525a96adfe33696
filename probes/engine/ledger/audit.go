package ledger

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/record"
)

// askAgainAfter is the least time between the two times that every path must
// say "absent" before an object counts as lost; a store may need a moment.
const askAgainAfter = time.Second

// AuditOptions say how the objects are looked at again.
type AuditOptions struct {
	// Paths are the ways to look at the objects of an arm in a cell, the one
	// to ask first in front. An empty list leaves the objects unverified.
	Paths func(arm, cell string) []Path
	// Parallel is the number of looks at a time, at least 1.
	Parallel int
	// Progress hears of the looks that are done; it may be nil.
	Progress func(done, total int)
}

// Found is what an audit found.
type Found struct {
	Integrity []record.Integrity
	Warnings  []string
}

// Audit looks for the object of every acknowledged and every refused op. It
// ends with ctx: what was not looked at by then is unverified.
//
// An object is lost only if every path that answers said twice, a second
// apart, that it is absent. It is corrupt if a path read wrong bytes and none
// read the right ones; if one did, the path that read wrong bytes is charged
// with the corruption, because the stored object is right. A path that cannot
// be read is no evidence.
func (l *Ledger) Audit(ctx context.Context, o AuditOptions) Found {
	a := &audit{options: o, tally: l.tally(), fresh: l.judged()}
	a.total = len(a.fresh)
	var workers sync.WaitGroup
	for range max(o.Parallel, 1) {
		workers.Go(func() { a.work(ctx) })
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done(): // a read-back that does not heed ctx is left behind
		select {
		case <-done:
		case <-time.After(time.Second):
		}
	}
	return a.finish()
}

// Unaudited is what is known without looking: every acknowledged object is
// unverified.
func (l *Ledger) Unaudited() []record.Integrity { return l.tally().rows() }

// suspect is an acknowledged object that every path called absent once.
type suspect struct {
	entry
	asked    time.Time
	evidence []string
}

type audit struct {
	options AuditOptions
	total   int

	mu       sync.Mutex
	fresh    []entry
	suspects []suspect
	tally    *tally
	done     int
	closed   bool
}

func (a *audit) work(ctx context.Context) {
	for ctx.Err() == nil {
		s, again, ok := a.next(ctx)
		if !ok {
			return
		}
		a.settle(a.look(ctx, s.entry), s, again)
	}
}

// next is the object to look at: a suspect whose time has come, else one that
// was not looked at yet. It waits for suspects that are too young. ok is
// false when nothing is left that this worker must do.
func (a *audit) next(ctx context.Context) (s suspect, again, ok bool) {
	for ctx.Err() == nil {
		a.mu.Lock()
		wait := time.Duration(0)
		if len(a.suspects) > 0 {
			wait = askAgainAfter - time.Since(a.suspects[0].asked)
			if wait <= 0 {
				s, a.suspects = a.suspects[0], a.suspects[1:]
				a.mu.Unlock()
				return s, true, true
			}
		}
		if n := len(a.fresh); n > 0 {
			s.entry, a.fresh = a.fresh[n-1], a.fresh[:n-1]
			a.mu.Unlock()
			return s, false, true
		}
		a.mu.Unlock()
		if wait <= 0 {
			return s, false, false
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return s, false, false
}

// sight is what the paths said of one object, once.
type sight struct {
	finding  probes.Finding
	paths    int
	wrong    []Path   // read wrong bytes
	absent   []Path   // said that there is nothing
	evidence []string // one sentence per path asked
	receipts int
	unasked  error // why the receipts could not be read
}

// look asks the paths in turn until one reads the right bytes. For a refused
// op the first answer counts.
func (a *audit) look(ctx context.Context, e entry) sight {
	paths := a.options.Paths(e.book.Arm, e.book.Cell)
	kept := e.book.object(e.seq)
	v := sight{finding: probes.Unreadable, paths: len(paths)}
	for _, p := range paths {
		got := p.Keeper.Audit(ctx, kept)
		v.evidence = append(v.evidence, fmt.Sprintf("%s: %s: %s", p.Arm, orUnreadable(got.Finding), got.Evidence))
		switch got.Finding {
		case probes.Intact:
			v.finding = probes.Intact
		case probes.Wrong:
			v.wrong = append(v.wrong, p)
		case probes.Absent:
			v.absent = append(v.absent, p)
		default:
			continue
		}
		if v.finding == probes.Intact || e.told.refused() {
			break
		}
	}
	switch {
	case v.finding == probes.Intact:
	case len(v.wrong) > 0:
		v.finding = probes.Wrong
	case len(v.absent) > 0:
		v.finding = probes.Absent
	}
	if e.told.acknowledged() && (v.finding == probes.Intact || v.finding == probes.Wrong) {
		if n, ok, err := paths[0].Keeper.Receipts(ctx, kept); err != nil {
			v.unasked = err
		} else if ok {
			v.receipts = n
		}
	}
	return v
}

func orUnreadable(f probes.Finding) probes.Finding {
	if f == "" {
		return probes.Unreadable
	}
	return f
}

// settle counts a sight, or keeps the object as a suspect.
func (a *audit) settle(v sight, s suspect, again bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	if v.finding == probes.Absent && s.told.acknowledged() && !again {
		a.suspects = append(a.suspects, suspect{s.entry, time.Now(), v.evidence})
		return
	}
	v.evidence = slices.Concat(s.evidence, v.evidence)
	v.evidence = slices.Clip(v.evidence) // it may be appended to more than once
	a.tally.count(s.entry, v)
	a.done++
	if a.options.Progress != nil {
		a.options.Progress(a.done, a.total)
	}
}

// finish closes the tally; suspects that were asked only once stay unverified.
func (a *audit) finish() Found {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for _, s := range a.suspects {
		a.tally.note(s.entry, "unverified", append(s.evidence, "the time for read-backs ended before it could be asked for again"))
	}
	return Found{a.tally.rows(), a.tally.warnings(a.total - a.done)}
}
