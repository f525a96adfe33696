package storm

import (
	"fmt"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/internal/reach"
)

// stage is what an op waits for; it decides which limit silence runs into.
type stage int32

const (
	idle      stage = iota // nothing, or a step that has a limit of its own
	sending                // bytes of the request have to move
	awaiting               // the request was sent; the answer is awaited
	receiving              // bytes of the answer have to move
)

// patience ends ops that run into a limit. One goroutine looks at all lanes
// now and then: a deadline on each connection would cost every op two timers,
// for what almost never happens.
type patience struct {
	session *session
	once    sync.Once
	zero    time.Time // of its clock
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex
	ended bool
}

// epoch is the zero of the clock.
func (p *patience) epoch() time.Time { return p.zero }

// begin starts the watch with the first op.
func (p *patience) begin() {
	p.once.Do(func() {
		p.zero = time.Now()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ended {
			return
		}
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.watch()
	})
}

// end stops the watch; it may be called more than once.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil && !p.ended {
		close(p.stop)
		<-p.stopped
	}
	p.ended = true
}

func (p *patience) watch() {
	defer close(p.stopped)
	o := &p.session.o
	tick := time.NewTicker(min(max(min(o.AnswerAfter, o.StallAfter)/20, 2*time.Millisecond), 250*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		now := time.Since(p.zero)
		for _, at := range p.session.lanes.All() {
			l := &at.Held
			if since, limit := p.broken(l, now); limit != nil {
				l.expire(since, limit)
			}
		}
	}
}

// broken is the limit that the lane's op has run into, if any, and since when
// it has been silent.
func (p *patience) broken(l *lane, now time.Duration) (since int64, limit *reach.Limit) {
	since = l.since.Load()
	at := stage(l.stage.Load())
	silent := now - time.Duration(since)
	o := &p.session.o
	switch {
	case (at == sending || at == receiving) && silent >= o.StallAfter:
		return since, &reach.Limit{Outcome: probes.Stalled, What: fmt.Sprintf("no byte moved in %v", o.StallAfter)}
	case at == awaiting && silent >= o.AnswerAfter:
		return since, &reach.Limit{Outcome: probes.Timeout, What: fmt.Sprintf("no answer in %v after the request was sent", o.AnswerAfter)}
	}
	return since, nil
}
