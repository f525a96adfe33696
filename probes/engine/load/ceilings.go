package load

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Ceilings are the scenario's limits on the load of the whole run, warm-up
// included. Requests and bytes are booked before an op starts, so that they are
// never exceeded; what an op did not move is given back. The rate is held by a
// bucket that leaks at the ceiling and spans trials: once it has run over, no op
// starts any more, and those in flight are cut. In any t seconds no more than
// rate × (t + plan.RateBurst) moves, plus what the ops in flight were not seen to
// move yet.
type Ceilings struct {
	limits   scenarios.Limits
	requests atomic.Uint64
	bytes    atomic.Int64

	mu    sync.Mutex // guards what follows
	at    time.Time  // when the bucket was last looked at
	level float64    // bytes in the bucket
	ended unit.Bytes // moved by the part's ops that ended
	seen  unit.Bytes // of the part, in the bucket already
}

// NewCeilings are the ceilings of a run that has moved nothing.
func NewCeilings(l scenarios.Limits) *Ceilings { return &Ceilings{limits: l} }

// Reached says which ceiling ended the load.
type Reached struct {
	Why string
	// AtOnce means that ops in flight do not get the time to end.
	AtOnce bool
}

// Error is the reason.
func (r Reached) Error() string { return r.Why }

// book makes room for an op of that many bytes, or says which ceiling is
// reached.
func (c *Ceilings) book(n unit.Bytes) error {
	if err := c.over(); err != nil {
		return err
	}
	if c.limits.Bytes > 0 && unit.Bytes(c.bytes.Add(int64(n))) > c.limits.Bytes {
		c.bytes.Add(-int64(n))
		return Reached{Why: fmt.Sprintf("limits.bytes: the next op would pass %d bytes", int64(c.limits.Bytes))}
	}
	if c.limits.Requests > 0 && c.requests.Add(1) > c.limits.Requests {
		c.requests.Add(^uint64(0))
		return Reached{Why: fmt.Sprintf("limits.requests: %d requests were made", c.limits.Requests)}
	}
	return nil
}

// settle corrects what was booked by what was moved.
func (c *Ceilings) settle(booked, moved unit.Bytes) {
	if c.limits.Bytes > 0 {
		c.bytes.Add(int64(moved - booked))
	}
	if c.limits.Rate > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended += moved
		c.pour(time.Now(), c.ended)
	}
}

// restart begins a new part; what it moved counts from 0 again.
func (c *Ceilings) restart(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leak(now)
	c.ended, c.seen = 0, 0
}

// check compares what the part has moved by now, in ops that ended and in
// those under way, with the ceiling on the rate.
func (c *Ceilings) check(now time.Time, moved unit.Bytes) error {
	if c.limits.Rate <= 0 {
		return nil
	}
	c.mu.Lock()
	c.pour(now, moved)
	c.mu.Unlock()
	return c.over()
}

// pour puts what is new of the part's bytes into the bucket.
func (c *Ceilings) pour(now time.Time, moved unit.Bytes) {
	c.leak(now)
	if moved > c.seen {
		c.level += float64(moved - c.seen)
		c.seen = moved
	}
}

// leak takes out what the ceiling allowed since it was last done.
func (c *Ceilings) leak(now time.Time) {
	if !c.at.IsZero() && now.After(c.at) {
		c.level = max(c.level-float64(c.limits.Rate)*now.Sub(c.at).Seconds(), 0)
	}
	if now.After(c.at) {
		c.at = now
	}
}

// over says that the bucket has run over.
func (c *Ceilings) over() error {
	if c.limits.Rate <= 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.level <= float64(c.limits.Rate)*plan.RateBurst.Seconds() {
		return nil
	}
	return Reached{
		Why:    fmt.Sprintf("limits.rate: the load moved faster than %s, by more than %v of it", c.limits.Rate, plan.RateBurst),
		AtOnce: true,
	}
}
