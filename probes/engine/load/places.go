package load

import (
	"context"
	"sync"
	"time"
)

// places are the slots of one part of a trial. The slot that was freed last is
// taken first, so that connections kept per slot stay few and warm.
type places struct {
	most int // 0: no cap

	mu    sync.Mutex
	all   []*slot
	free  []*slot
	since time.Time     // from when on a slot has been free; zero: always
	freed chan struct{} // holds one token after a slot was freed
}

// newPlaces has ready slots already made.
func newPlaces(ready, most int) *places {
	p := &places{most: most, freed: make(chan struct{}, 1)}
	for range ready {
		p.free = append(p.free, p.add())
	}
	return p
}

func (p *places) add() *slot {
	s := &slot{id: len(p.all)}
	p.all = append(p.all, s)
	return s
}

// take gives a free slot, waiting for one if the cap is reached, and from when
// on one has been free. The slot is nil if ctx ended first. Only one goroutine
// may take.
func (p *places) take(ctx context.Context) (s *slot, since time.Time) {
	for {
		if s, since = p.try(); s != nil {
			return s, since
		}
		select {
		case <-p.freed:
		case <-ctx.Done():
			return nil, since
		}
	}
}

func (p *places) try() (*slot, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		return s, p.since
	}
	if p.most == 0 || len(p.all) < p.most {
		return p.add(), time.Time{}
	}
	return nil, time.Time{}
}

// put gives a slot back.
func (p *places) put(s *slot) {
	p.mu.Lock()
	if len(p.free) == 0 && len(p.all) == p.most {
		p.since = time.Now()
	}
	p.free = append(p.free, s)
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// dismiss ends the goroutines of the slots once their ops have ended. Only the
// goroutine that takes may dismiss.
func (p *places) dismiss() {
	for _, s := range p.slots() {
		if s.starts != nil {
			close(s.starts)
		}
	}
}

// slots are all slots made so far.
func (p *places) slots() []*slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[:len(p.all):len(p.all)]
}
