package engine

import (
	"fmt"
	"sync/atomic"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// limits are the scenario's ceilings over the whole run. Requests and bytes
// are booked before an op starts, so that they are never exceeded; what an op
// did not move is given back.
type limits struct {
	scenarios.Limits
	requests atomic.Uint64
	bytes    atomic.Int64

	since time.Time // of the rate's window
	moved unit.Bytes
}

// book makes room for an op of that many bytes, or says which ceiling is
// reached.
func (l *limits) book(n unit.Bytes) error {
	if l.Bytes > 0 && unit.Bytes(l.bytes.Add(int64(n))) > l.Bytes {
		l.bytes.Add(-int64(n))
		return &ending{status: statusLimit, why: fmt.Sprintf("limits.bytes: the next op would pass %d bytes", int64(l.Bytes))}
	}
	if l.Requests > 0 && l.requests.Add(1) > l.Requests {
		l.requests.Add(^uint64(0))
		return &ending{status: statusLimit, why: fmt.Sprintf("limits.requests: %d requests were made", l.Requests)}
	}
	return nil
}

// settle corrects what was booked by what was moved.
func (l *limits) settle(booked, moved unit.Bytes) {
	if l.Bytes > 0 {
		l.bytes.Add(int64(moved - booked))
	}
}

// restart begins a new window of the rate; moved counts from 0 again.
func (l *limits) restart(now time.Time) { l.since, l.moved = now, 0 }

// check compares the rate over the last second or more with its ceiling. It is
// called from one goroutine.
func (l *limits) check(now time.Time, moved unit.Bytes) error {
	span := now.Sub(l.since)
	if l.Rate <= 0 || span < time.Second {
		return nil
	}
	rate := unit.BytesPerSecond(float64(moved-l.moved) / span.Seconds())
	l.since, l.moved = now, moved
	if rate > l.Rate {
		return &ending{status: statusLimit, why: fmt.Sprintf("limits.rate: %.0f B/s were moved, above the ceiling of %.0f B/s", float64(rate), float64(l.Rate))}
	}
	return nil
}
