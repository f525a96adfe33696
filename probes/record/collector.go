package record

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// Sizes of what a trial keeps as evidence.
const (
	// RawLimit is how many observations a trial keeps unless asked for all.
	RawLimit = 1000
	// FailureLimit is how many failed ops a trial keeps as evidence.
	FailureLimit = 20
	// maxShards bounds the memory of a trial on machines of many cores: a
	// shard that sees many ops takes about 2 MB.
	maxShards = 16
)

// TrialHead is what is known of a trial before it starts; the fields are
// those of Trial.
type TrialHead struct {
	Index, Block, Slot int
	Arm                string
	Role               scenarios.Role
	Cell               string
	At                 time.Duration
}

// CollectorOptions say how much of a trial is kept.
type CollectorOptions struct {
	// Length is how long the trial should last at most (measure and drain);
	// it sets the step of the timeline. 0 means a minute; a trial that lasts
	// longer gets coarser steps, never more of them.
	Length time.Duration
	// Raw keeps every observation, however many; otherwise they are kept only
	// if there are at most RawLimit.
	Raw bool
}

// Collector folds the observations of one trial into a Trial. Add, Tick, Sample,
// Serve and Offer may be called from any number of goroutines; its memory does
// not grow with the number of ops, unless all raw observations were asked for.
//
// It counts every observation it is given: ops of the warm-up are not fed.
type Collector struct {
	head     TrialHead
	shards   []*shard
	raw      *rawBudget
	offered  atomic.Uint64
	finished atomic.Bool

	mu     sync.Mutex // guards moved, conns and bodies
	moved  movedSeries
	conns  conns
	bodies bodies
}

// NewCollector is a collector for the trial of that head.
func NewCollector(head TrialHead, o CollectorOptions) *Collector {
	step := stepFor(o.Length)
	c := &Collector{head: head, raw: &rawBudget{all: o.Raw}, moved: movedSeries{step: step}}
	for range min(runtime.GOMAXPROCS(0), maxShards) {
		c.shards = append(c.shards, newShard(step, c.raw))
	}
	return c
}

// Add folds one observation; slot spreads the callers over locks, so that
// those of different slots seldom wait for each other. An observation that
// comes after Finish is ignored: the engine has by then reported the op as cut.
func (c *Collector) Add(slot int, o probes.Observation) {
	s := c.shards[uint(slot)%uint(len(c.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.finished.Load() {
		return
	}
	s.add(&o)
}

// Tick notes that by then, from the start of the measured part, the ops of the
// trial (running and ended) had moved that many body bytes in all. Between two
// ticks the bytes are spread evenly.
func (c *Collector) Tick(at time.Duration, moved unit.Bytes) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved.tick(at, moved)
}

// Sample folds what the kernel did on a connection in an interval that ended
// at that time from the start of the measured part. Intervals that began before
// the measured part, and those that come after Finish, are ignored.
func (c *Collector) Sample(at time.Duration, s probes.ConnSample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished.Load() || at < s.Span {
		return
	}
	c.conns.add(at, &s)
}

// Serve counts a body by its content; what comes after Finish is ignored.
func (c *Collector) Serve(s probes.Served) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished.Load() {
		c.bodies.add(s)
	}
}

// Offer counts n more starts that were due in the measured part. A trial for
// which it was never called offered what it was fed.
func (c *Collector) Offer(n uint64) { c.offered.Add(n) }

// Finish gives the trial: span is the time from the start of the measured part
// until the last op ended or was cut.
func (c *Collector) Finish(health Health, span time.Duration) Trial {
	c.finished.Store(true)
	all := newShard(c.shards[0].ended.step, c.raw)
	for _, s := range c.shards {
		s.mu.Lock()
		all.merge(s)
		s.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	health.CPU, health.Machine = known(health.CPU), known(health.Machine)
	t := Trial{
		Index: c.head.Index, Block: c.head.Block, Slot: c.head.Slot,
		Arm: c.head.Arm, Role: c.head.Role, Cell: c.head.Cell,
		At: c.head.At, Span: span,
		Offered: c.offered.Load(),
		Health:  health,
	}
	all.into(&t)
	c.conns.into(&t)
	t.Bodies = c.bodies.list()
	t.Timeline = timeline(&c.moved, &all.ended, &all.failed)
	if t.Offered == 0 {
		t.Offered = t.Total()
	}
	return t
}

// known is x, or 0 where it is not a number that JSON has: a share of no time
// must not cost the trial.
func known(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
