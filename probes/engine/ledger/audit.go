package ledger

import (
	"context"
	"errors"
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

// errTime ends what is asked when the time for read-backs is over.
var errTime = errors.New("the time for read-backs ended")

// Audit looks for the object of every acknowledged and every refused op. It
// ends with ctx: what was not looked at by then is unverified.
//
// An object is lost only if every path that answers said twice, a second
// apart, that it is absent. It is corrupt if a path read wrong bytes and none
// read the right ones; if one did, the path that read wrong bytes is charged
// with the corruption, because the stored object is right. A path that cannot
// be read is no evidence. What only the arm's own path says is there is intact,
// and counted apart: a balancer that keeps what it should pass on says so too.
//
// A path that left its last reads without any answer is asked only now and
// then. What no other path can tell is set aside meanwhile, and asked for once
// more at the end.
func (l *Ledger) Audit(ctx context.Context, o AuditOptions) Found {
	a := &audit{options: o, tally: l.tally(), fresh: l.judged(), reach: l.reach}
	a.total = len(a.fresh)
	// The reads do not see the deadline: one that knew it would take the end
	// of our time for the end of its own patience, and say so of the path.
	ctx, cancel := untilDone(ctx)
	defer cancel()
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

// untilDone is a context that ends when ctx does, without its deadline.
func untilDone(ctx context.Context) (context.Context, context.CancelFunc) {
	within, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { end(errTime) })
	return within, func() { stop(); end(nil) }
}

// question is an object and what was heard of it so far.
type question struct {
	entry
	asked    time.Time
	evidence []string
	// again is true once every path that answers, or every one but the arm's
	// own, said "absent"; they are asked a second time then.
	again bool
	// last is true if paths that were down are to be asked all the same;
	// seen is what the others said, or all of them at first.
	last bool
	seen sight
}

type audit struct {
	options AuditOptions
	total   int
	reach   *reach

	mu       sync.Mutex
	fresh    []entry
	suspects []question // called absent once
	aside    []question // a path that may know did not answer
	tally    *tally
	done     int
	closed   bool
}

func (a *audit) work(ctx context.Context) {
	for {
		q, wait, ok := a.next()
		if !ok || ctx.Err() != nil {
			return
		}
		if wait <= 0 {
			a.settle(a.look(ctx, q), q)
			continue
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// next is the object to look at: a suspect whose time has come, else one that
// was not looked at yet, else one that was set aside. wait says that there is
// none yet; ok is false when nothing is left that this worker must do.
func (a *audit) next() (q question, wait time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.suspects) > 0 {
		if wait = askAgainAfter - time.Since(a.suspects[0].asked); wait <= 0 {
			q, a.suspects = a.suspects[0], a.suspects[1:]
			return q, 0, true
		}
	}
	if n := len(a.fresh); n > 0 {
		q.entry, a.fresh = a.fresh[n-1], a.fresh[:n-1]
		return q, 0, true
	}
	if wait <= 0 && len(a.aside) > 0 {
		if wait = a.reach.rest(); wait <= 0 {
			q, a.aside = a.aside[0], a.aside[1:]
			q.last = true
			return q, 0, true
		}
	}
	return q, wait, wait > 0
}

// sight is what the paths said of one object, once.
type sight struct {
	finding  probes.Finding
	paths    int
	owed     bool     // a path was down or silent that may still tell
	wrong    []Path   // read wrong bytes
	absent   []Path   // said that there is nothing
	ownOnly  bool     // the arm's own path has it, and the others say that there is nothing
	evidence []string // one sentence per path asked
	receipts int
	unasked  error // why the receipts could not be read
}

// look asks the paths in turn until one reads the right bytes. For a refused
// op the first answer counts.
func (a *audit) look(ctx context.Context, q question) sight {
	e := q.entry
	paths := a.options.Paths(e.book.Arm, e.book.Cell)
	kept := e.book.object(e.seq)
	v := sight{finding: probes.Unreadable, paths: len(paths)}
	for _, p := range paths {
		got := a.ask(ctx, p, q, kept, &v)
		switch got {
		case probes.Intact:
			v.finding, v.ownOnly = probes.Intact, p.Arm == e.book.Arm && len(v.absent) > 0
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

// ask reads the object through one path, unless the path is down.
func (a *audit) ask(ctx context.Context, p Path, q question, kept probes.Kept, v *sight) probes.Finding {
	cell := q.book.Cell
	why, final := a.reach.skip(p.Arm, cell, q.last)
	if why != "" {
		v.evidence = append(v.evidence, p.Arm+": "+why)
		v.owed = v.owed || !final
		return probes.Unreadable
	}
	got := p.Keeper.Audit(ctx, kept)
	finding := orUnreadable(got.Finding)
	if finding == probes.Unreadable && ctx.Err() != nil { // our patience ended, which says nothing of the path
		v.evidence = append(v.evidence, fmt.Sprintf("%s: %s: %v before it answered", p.Arm, finding, errTime))
		return finding
	}
	v.owed = v.owed || got.Silent && !q.last
	a.reach.heard(p.Arm, cell, got.Silent, q.last, got.Evidence)
	v.evidence = append(v.evidence, fmt.Sprintf("%s: %s: %s", p.Arm, finding, got.Evidence))
	return finding
}

func orUnreadable(f probes.Finding) probes.Finding {
	if f == "" {
		return probes.Unreadable
	}
	return f
}

// settle counts a sight, or keeps the question open.
func (a *audit) settle(v sight, q question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	absent := (v.finding == probes.Absent || v.ownOnly) && q.told.acknowledged()
	open := v.owed && (absent || v.finding == probes.Unreadable)
	v.evidence = slices.Concat(q.evidence, v.evidence)
	v.evidence = slices.Clip(v.evidence) // it may be appended to more than once
	switch {
	case absent && !q.again:
		a.suspects = append(a.suspects, question{entry: q.entry, asked: time.Now(), evidence: v.evidence, again: true, seen: v})
	case open:
		a.aside = append(a.aside, question{entry: q.entry, evidence: v.evidence, again: q.again, seen: v})
	default:
		a.count(q.entry, v)
	}
}

// count settles what is known of an object.
func (a *audit) count(e entry, v sight) {
	a.tally.count(e, v)
	a.done++
	if a.options.Progress != nil {
		a.options.Progress(a.done, a.total)
	}
}

// finish closes the tally; suspects that were asked only once stay unverified,
// unless they were seen. What was set aside counts by what the paths said that
// were not down.
func (a *audit) finish() Found {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for _, q := range a.aside {
		a.count(q.entry, q.seen)
	}
	for _, q := range a.suspects {
		if q.seen.finding == probes.Intact {
			q.seen.ownOnly = false // the others were asked only once
			a.count(q.entry, q.seen)
			continue
		}
		a.tally.note(q.entry, "unverified", append(q.evidence, errTime.Error()+" before it could be asked for again"))
	}
	return Found{a.tally.rows(), append(a.tally.warnings(a.total-a.done), a.reach.remarks()...)}
}
