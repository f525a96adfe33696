package storm

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/internal/reach"
)

// wire is a connection that carries one request after the other.
type wire interface {
	exchange(t *try) error
	// reusable reports whether another request may be sent.
	reusable() bool
	// abort makes a running exchange fail at once, for the reason given.
	abort(why error)
	link
}

// link is what a wire knows of its connection.
type link interface {
	take() (reused bool)
	peer() *probes.Peer
	// socket is the kernel's view, if it is time for one or the last chance.
	socket(now time.Duration, reused, last bool) probes.Socket
	// common reports whether other ops use the connection at the same time.
	common() bool
	close()
	drop()
}

// lane is the place of one op in flight, with its connection and its memory.
type lane struct {
	busy atomic.Bool
	wire wire          // of the op that runs, or kept for the next
	last time.Duration // end of the op before, on the clock of the patience
	out  []byte        // a request's head and body

	stage atomic.Int32
	since atomic.Int64 // last sign of life, on the clock of the patience

	mu      sync.Mutex // guards what an abort from outside looks at
	ctx     context.Context
	stop    func() bool
	running bool
	aborted error
	live    wire // wire, as an abort may see it
}

// begin readies the lane for an op; an error means that its context ended.
// What ends an op is asked for once per context, not per op: the engine uses
// one for many ops.
func (l *lane) begin(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, l.aborted = true, nil
	if ctx != l.ctx {
		if l.stop != nil {
			l.stop()
		}
		l.ctx = ctx
		l.stop = context.AfterFunc(ctx, func() { l.cut(ctx) })
	}
	return ctx.Err()
}

// end notes that the op is over.
func (l *lane) end(now time.Duration) {
	l.at(idle, 0)
	l.last = now
	l.mu.Lock()
	l.running = false
	l.mu.Unlock()
}

// use makes a wire the lane's; an error means that the op was ended meanwhile.
func (l *lane) use(w wire) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wire, l.live = w, w
	return l.aborted
}

// leave parts with the lane's wire.
func (l *lane) leave(how func(wire)) {
	w := l.wire
	if w == nil {
		return
	}
	_ = l.use(nil)
	how(w)
}

// cut ends the op that runs on this context, if it still does.
func (l *lane) cut(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx == l.ctx {
		l.abort(context.Cause(ctx))
	}
}

// expire ends the op that has been silent since then, if it still is. Another
// op would have taken the lock to begin.
func (l *lane) expire(since int64, limit *reach.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.Load() == since {
		l.abort(limit)
	}
}

// abort ends the op that runs; the caller holds the lock.
func (l *lane) abort(why error) {
	if !l.running || l.aborted != nil {
		return
	}
	l.aborted = why
	if l.live != nil {
		l.live.abort(why)
	}
}

// limit is the limit that ended the op, if one did.
func (l *lane) limit() *reach.Limit {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, _ := l.aborted.(*reach.Limit)
	return limit
}

// at notes what the op waits for from now on.
func (l *lane) at(s stage, now time.Duration) {
	l.since.Store(int64(now))
	l.stage.Store(int32(s))
}

// retire ends what the lane holds when the session ends.
func (l *lane) retire() {
	l.mu.Lock()
	if l.stop != nil {
		l.stop()
	}
	l.stop, l.ctx = nil, nil
	l.mu.Unlock()
	if l.busy.CompareAndSwap(false, true) {
		l.leave(wire.close)
		l.busy.Store(false)
	}
}

// lanes are the lanes of a session, by place in flight.
type lanes struct {
	slots atomic.Pointer[[]*lane]
	mu    sync.Mutex // guards growing
	spare []*lane
}

// take gives the lane of a place. Where the place is in use (its number was
// handed out twice), a spare lane is given rather than a broken connection.
func (ls *lanes) take(slot int) *lane {
	if all := ls.slots.Load(); all != nil && slot >= 0 && slot < len(*all) {
		if l := (*all)[slot]; l.busy.CompareAndSwap(false, true) {
			return l
		}
		return ls.takeSpare()
	}
	if slot < 0 {
		return ls.takeSpare()
	}
	ls.grow(slot + 1)
	return ls.take(slot)
}

// grow makes at least n lanes; by half more, so that a rising number of places
// is not copied each time.
func (ls *lanes) grow(n int) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var all []*lane
	if old := ls.slots.Load(); old != nil {
		if len(*old) >= n {
			return
		}
		all = append(all, *old...)
	}
	for n = max(n, len(all)*3/2); len(all) < n; {
		all = append(all, &lane{})
	}
	ls.slots.Store(&all)
}

func (ls *lanes) takeSpare() *lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.spare {
		if l.busy.CompareAndSwap(false, true) {
			return l
		}
	}
	l := &lane{}
	l.busy.Store(true)
	ls.spare = append(ls.spare, l)
	return l
}

func (ls *lanes) give(l *lane) { l.busy.Store(false) }

// all are the lanes made so far.
func (ls *lanes) all() []*lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var out []*lane
	if slots := ls.slots.Load(); slots != nil {
		out = append(out, *slots...)
	}
	return append(out, ls.spare...)
}

// close ends the connections of all lanes but those in use.
func (ls *lanes) close() {
	for _, l := range ls.all() {
		l.retire()
	}
}
