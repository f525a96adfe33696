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
	wire wire          // of the op that runs, or kept for the next
	last time.Duration // end of the op before, on the clock of the patience
	out  []byte        // a request's head and body
	try  try           // of the op that runs

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

// retire ends what the lane holds when the session ends: its idle connection,
// or the op that still runs.
func (l *lane) retire(idle bool) {
	if idle {
		l.leave(wire.close)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !idle {
		l.abort(probes.ErrStop)
		return
	}
	if l.stop != nil {
		l.stop()
	}
	l.stop, l.ctx = nil, nil
}
