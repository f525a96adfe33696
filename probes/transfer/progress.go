package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/scenarios/unit"
)

// stage is where an op is; it decides which limit silence runs into.
type stage int32

const (
	connecting stage = iota // no connection yet: the dialer has limits of its own
	sending                 // body bytes have to move
	awaiting                // everything was handed to the kernel; the answer is awaited
	receiving               // answer bytes have to move
)

const (
	// stallGap is the length from which a pause without a byte counts as a
	// stall: longer than any retransmission timeout on a healthy path.
	stallGap = 200 * time.Millisecond
	// tick is how often a running op is looked at; ops shorter than it are
	// never looked at.
	tick = 50 * time.Millisecond
)

// The reasons for which an op ends itself.
var (
	errStalled  = errors.New("stalled")
	errNoAnswer = errors.New("no answer")
)

// limits are the patience of one op.
type limits struct {
	stall, answer time.Duration
}

// progress follows one op: what has moved, when, and whether it still does.
// Marks and counters are written by the op's goroutines and by those of the
// HTTP/2 connection, so all of them are atomic.
type progress struct {
	op      probes.Op
	limits  limits
	cancel  context.CancelCauseFunc
	stage   atomic.Int32
	sendAt  atomic.Int64 // marks, as nanoseconds since the op's epoch plus one
	sentAt  atomic.Int64
	firstAt atomic.Int64
	waits   atomic.Int64 // nanoseconds waited for 100 Continue

	received atomic.Int64 // body bytes as they came over the wire
	handed   atomic.Int64 // body bytes handed to the kernel or to HTTP/2
	heard    atomic.Int64 // signs of life that are no body of the object
	stalled  atomic.Int64 // nanoseconds in gaps that are over
	pause    atomic.Int64 // nanoseconds of the longest gap of a body received

	mu      sync.Mutex
	timer   *time.Timer
	ended   bool
	life    int64 // moved and heard, when last looked at
	lifeAt  time.Time
	moved   unit.Bytes // of an upload, when last looked at
	movedAt time.Time
	unsent  func() int64
}

// track starts to follow an op; end stops it. The context that it returns is
// cancelled when the op ends, with the reason if the op ends itself.
func track(ctx context.Context, op probes.Op, l limits) (context.Context, *progress) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &progress{op: op, limits: l, cancel: cancel, lifeAt: time.Now(), movedAt: time.Now()}
	p.mu.Lock()
	p.timer = time.AfterFunc(tick, p.look)
	p.mu.Unlock()
	return ctx, p
}

// end stops following and returns how many body bytes moved in all, as the
// meter tells it while it can still ask the connection.
func (p *progress) end() unit.Bytes {
	p.mu.Lock()
	defer p.mu.Unlock()
	moved := p.op.Meter.Moved()
	p.uploadStall(time.Now(), moved)
	p.ended = true
	p.timer.Stop()
	if p.unsent != nil {
		p.op.Meter.Unsent(nil)
		p.unsent = nil
	}
	p.cancel(nil)
	return moved
}

// uploadsThrough makes the meter follow what has left the machine on a
// connection rather than what was handed to it.
func (p *progress) uploadsThrough(unsent func() int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || unsent == nil {
		return
	}
	p.unsent = unsent
	p.op.Meter.Unsent(unsent)
}

func (p *progress) at(s stage) { p.stage.Store(int32(s)) }

// now is the op's clock as it is kept in the marks.
func (p *progress) now() int64 { return int64(time.Since(p.op.Epoch)) + 1 }

func (p *progress) stamp(m *atomic.Int64) { m.CompareAndSwap(0, p.now()) }

func (p *progress) sent(n int) {
	if n > 0 {
		p.handed.Add(int64(n))
		p.op.Meter.Add(n)
	}
}

func (p *progress) got(n int, gap time.Duration) {
	if n > 0 {
		p.received.Add(int64(n))
		p.op.Meter.Add(n)
	}
	if gap >= stallGap {
		p.stalled.Add(int64(gap))
	}
	if int64(gap) > p.pause.Load() { // one goroutine receives
		p.pause.Store(int64(gap))
	}
}

// look is the timer: it notices stalls of the sending side, whose writes block
// for reasons that are not stalls, and ends an op that has run into a limit.
func (p *progress) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	now, moved, at := time.Now(), p.op.Meter.Moved(), stage(p.stage.Load())
	p.uploadStall(now, moved)
	life, quiet := int64(moved)+p.heard.Load(), now.Sub(p.lifeAt)
	if at == connecting || life != p.life {
		p.life, p.lifeAt, quiet = life, now, 0
	}
	switch p.verdict(at, quiet) {
	case errStalled:
		p.cancel(fmt.Errorf("%w: no byte moved in %v, after %v", errStalled, p.limits.stall, moved))
	case errNoAnswer:
		p.cancel(fmt.Errorf("%w in %v after the request was sent", errNoAnswer, p.limits.answer))
	default:
		p.timer.Reset(tick)
	}
}

// uploadStall counts the pause that ended since the last look, if it was long
// enough. Bytes received are timed at each read instead.
func (p *progress) uploadStall(now time.Time, moved unit.Bytes) {
	if p.unsent == nil {
		p.movedAt = now
		return
	}
	if moved == p.moved {
		return
	}
	if pause := now.Sub(p.movedAt); pause >= stallGap {
		p.stalled.Add(int64(pause))
	}
	p.moved, p.movedAt = moved, now
}

// verdict is the limit that a silence of this length breaks, if any. While
// bytes of the request are still in the kernel the answer cannot be expected.
func (p *progress) verdict(at stage, quiet time.Duration) error {
	switch at {
	case sending, receiving:
		if quiet >= p.limits.stall {
			return errStalled
		}
	case awaiting:
		if p.unsent != nil && p.unsent() > 0 {
			if quiet >= p.limits.stall {
				return errStalled
			}
			return nil
		}
		if quiet >= p.limits.answer {
			return errNoAnswer
		}
	}
	return nil
}

// phases are the slices of the op as far as it got; the end closes the last.
func (p *progress) phases(end int64) probes.Phases {
	var ph probes.Phases
	between := func(from, to int64) time.Duration {
		if from == 0 {
			return 0
		}
		if to == 0 {
			to = end
		}
		return time.Duration(max(to-from, 0))
	}
	sendAt, sentAt, firstAt := p.sendAt.Load(), p.sentAt.Load(), p.firstAt.Load()
	ph.Continue = time.Duration(p.waits.Load())
	if firstAt != 0 && (sentAt == 0 || sentAt > firstAt) {
		sentAt = firstAt // the answer came while the body was still being sent
	}
	ph.Send = max(between(sendAt, sentAt)-ph.Continue, 0)
	ph.Wait = between(sentAt, firstAt)
	ph.Receive = between(firstAt, end)
	ph.Stall, ph.Pause = time.Duration(p.stalled.Load()), time.Duration(p.pause.Load())
	return ph
}

// mark turns a stored mark into one of the contract.
func mark(v int64) probes.Mark {
	if v == 0 {
		return probes.Mark{}
	}
	return probes.MarkAt(time.Duration(v - 1))
}
