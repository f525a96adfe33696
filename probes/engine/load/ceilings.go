package load

import (
	"fmt"
	"sync/atomic"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// Ceilings are the scenario's limits over the whole run. Requests and bytes
// are booked before an op starts, so that they are never exceeded; what an op
// did not move is given back.
type Ceilings struct {
	limits   scenarios.Limits
	requests atomic.Uint64
	bytes    atomic.Int64

	since time.Time // of the rate's window
	moved unit.Bytes
}

// NewCeilings are the ceilings of a run that has moved nothing.
func NewCeilings(l scenarios.Limits) *Ceilings { return &Ceilings{limits: l} }

// Reached says which ceiling ended the load.
type Reached string

// Error is the reason.
func (r Reached) Error() string { return string(r) }

// book makes room for an op of that many bytes, or says which ceiling is
// reached.
func (c *Ceilings) book(n unit.Bytes) error {
	if c.limits.Bytes > 0 && unit.Bytes(c.bytes.Add(int64(n))) > c.limits.Bytes {
		c.bytes.Add(-int64(n))
		return Reached(fmt.Sprintf("limits.bytes: the next op would pass %d bytes", int64(c.limits.Bytes)))
	}
	if c.limits.Requests > 0 && c.requests.Add(1) > c.limits.Requests {
		c.requests.Add(^uint64(0))
		return Reached(fmt.Sprintf("limits.requests: %d requests were made", c.limits.Requests))
	}
	return nil
}

// settle corrects what was booked by what was moved.
func (c *Ceilings) settle(booked, moved unit.Bytes) {
	if c.limits.Bytes > 0 {
		c.bytes.Add(int64(moved - booked))
	}
}

// restart begins a new window of the rate; moved counts from 0 again.
func (c *Ceilings) restart(now time.Time) { c.since, c.moved = now, 0 }

// check compares the rate over the last second or more with its ceiling. It is
// called from one goroutine.
func (c *Ceilings) check(now time.Time, moved unit.Bytes) error {
	span := now.Sub(c.since)
	if c.limits.Rate <= 0 || span < time.Second {
		return nil
	}
	rate := unit.BytesPerSecond(float64(moved-c.moved) / span.Seconds())
	c.since, c.moved = now, moved
	if rate > c.limits.Rate {
		return Reached(fmt.Sprintf("limits.rate: %.0f B/s were moved, above the ceiling of %.0f B/s", float64(rate), float64(c.limits.Rate)))
	}
	return nil
}
