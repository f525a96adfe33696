package netpath

import (
	"sync"
	"time"
)

// stopwatch adds up the time in which at least one call of a kind is under way,
// the present one included, so that a reading taken during a long Write is
// right.
type stopwatch struct {
	mu     sync.Mutex
	total  time.Duration
	inside int
	since  time.Duration // when inside last left 0
}

// start notes the begin of a call at now, an offset from any fixed moment.
func (w *stopwatch) start(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside == 0 {
		w.since = now
	}
	w.inside++
}

func (w *stopwatch) stop(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside--; w.inside == 0 {
		w.total += now - w.since
	}
}

func (w *stopwatch) read(now time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside == 0 {
		return w.total
	}
	return w.total + max(0, now-w.since)
}
