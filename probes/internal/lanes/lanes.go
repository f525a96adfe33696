// Package lanes keeps what belongs to a place in flight from one op to the
// next: a connection, a buffer. Taking a lane costs two atomic operations.
//
// It knows nothing of what a lane holds, and ends nothing itself.
package lanes

import (
	"sync"
	"sync/atomic"
)

// Lane is one place in flight with what it holds.
type Lane[T any] struct {
	Held T
	busy atomic.Bool
}

// Try takes the lane unless it is in use.
func (l *Lane[T]) Try() bool { return l.busy.CompareAndSwap(false, true) }

// Give returns the lane to be taken again.
func (l *Lane[T]) Give() { l.busy.Store(false) }

// Set is the lanes of a session, by place in flight. The zero value has none
// yet. It is safe for concurrent use.
type Set[T any] struct {
	slots atomic.Pointer[[]*Lane[T]]
	mu    sync.Mutex // guards growing
	spare []*Lane[T]
}

// Take gives the lane of a place, counted from 0. Where that is in use (the
// number was handed out twice), a spare lane is given rather than one that two
// ops would break for each other.
func (s *Set[T]) Take(slot int) *Lane[T] {
	if slot < 0 {
		return s.takeSpare()
	}
	all := s.slots.Load()
	if all == nil || slot >= len(*all) {
		all = s.grow(slot + 1)
	}
	if l := (*all)[slot]; l.Try() {
		return l
	}
	return s.takeSpare()
}

// grow makes at least n lanes; by half more, so that a rising number of places
// is not copied each time.
func (s *Set[T]) grow(n int) *[]*Lane[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*Lane[T]
	if old := s.slots.Load(); old != nil {
		if len(*old) >= n {
			return old
		}
		all = append(all, *old...)
	}
	for n = max(n, len(all)*3/2); len(all) < n; {
		all = append(all, &Lane[T]{})
	}
	s.slots.Store(&all)
	return &all
}

func (s *Set[T]) takeSpare() *Lane[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.spare {
		if l.Try() {
			return l
		}
	}
	l := &Lane[T]{}
	l.Try()
	s.spare = append(s.spare, l)
	return l
}

// All are the lanes made so far, those in use included.
func (s *Set[T]) All() []*Lane[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Lane[T]
	if all := s.slots.Load(); all != nil {
		out = append(out, *all...)
	}
	return append(out, s.spare...)
}
