package load

import (
	"context"
	"sync"
	"time"

	"loadline/probes"
	"loadline/scenarios/unit"
)

// slot is one place in flight.
type slot struct {
	id     int
	starts chan start // of the open model; the dispatcher's alone

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelCauseFunc
	op     probes.Op
	busy   bool
	gone   bool // its op ignored its cancellation and was left behind
	speed  speed
	sums   sums
}

// sums are what the ops of a slot, or of all, did in the present part.
type sums struct {
	ended, failed uint64
	moved         unit.Bytes
	last          time.Duration // end of the last op, from the part's epoch
	running       int
}

// note adds one op that is over.
func (s *sums) note(o probes.Observation) {
	s.ended++
	if o.Outcome.Failed() {
		s.failed++
	}
	s.moved += o.Sent + o.Received
	if at, ok := o.End.Offset(); ok {
		s.last = max(s.last, at)
	}
}

func (s *sums) add(o sums) {
	s.ended += o.ended
	s.failed += o.failed
	s.moved += o.moved
	s.last = max(s.last, o.last)
	s.running += o.running
}

// begin takes the slot for an op and gives its context. A context is used
// until it is cut, because making one per op would cost more than a small op.
func (s *slot) begin(op probes.Op, now time.Duration) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil || s.ctx.Err() != nil {
		s.ctx, s.cancel = context.WithCancelCause(context.Background())
	}
	s.op, s.busy = op, true
	s.speed = speed{begin: now, old: point{at: now}, new: point{at: now}}
	return s.ctx
}

// end frees the slot. It is false if the op had been left behind: it was
// observed already.
func (s *slot) end(o probes.Observation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return false
	}
	s.busy = false
	s.sums.note(o)
	return true
}

// cut cancels the running op, if any, with a cause.
func (s *slot) cut(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy && !s.gone {
		s.cancel(cause)
	}
}

// abandon leaves a running op behind and observes it as cut.
func (s *slot) abandon(uploads bool) (o probes.Observation, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.busy || s.gone {
		return o, false
	}
	s.gone = true
	o = probes.Observation{Outcome: probes.Cut, Err: errDeaf}
	if moved := s.op.Meter.Moved(); uploads {
		o.Sent = moved
	} else {
		o.Received = moved
	}
	complete(&o, s.op, s.speed.begin)
	s.sums.note(o)
	return o, true
}

// sample looks at the running op. When judging, an op that cannot move the
// expected bytes in the time left is cut, and wasCut is true.
func (s *slot) sample(now, left time.Duration, expect unit.Bytes, judging bool) (seen sums, wasCut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen = s.sums
	if !s.busy || s.gone {
		return seen, false
	}
	moved := s.op.Meter.Moved()
	seen.running = 1
	seen.moved += moved
	s.speed.note(now, moved)
	if judging && s.speed.hopeless(now, moved, expect, left) {
		s.cancel(probes.ErrCut)
		return seen, true
	}
	return seen, false
}

// close releases the slot's context.
func (s *slot) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil && !s.gone {
		s.cancel(nil)
	}
}
