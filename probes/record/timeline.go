package record

import (
	"time"

	"loadline/scenarios/unit"
)

// maxPoints is the most steps a timeline has: what a chart can show.
const maxPoints = 600

// stepFor is the shortest of the round steps from 100 ms on with which a trial
// of that length has at most maxPoints points.
func stepFor(length time.Duration) time.Duration {
	if length <= 0 {
		length = time.Minute
	}
	for _, step := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second} {
		if length <= maxPoints*step {
			return step
		}
	}
	return time.Minute
}

// counts are events per step; past the last point, steps are joined in pairs.
type counts struct {
	step time.Duration
	n    []uint32
}

func (c *counts) add(at time.Duration) {
	i := c.index(at)
	c.n[i]++
}

// index is the step that holds the offset, making room for it.
func (c *counts) index(at time.Duration) int {
	at = max(at, 0)
	for int64(at/c.step) >= maxPoints {
		c.coarsen()
	}
	i := int(at / c.step)
	c.n = grown(c.n, i+1)
	return i
}

func (c *counts) coarsen() {
	c.step *= 2
	c.n = joined(c.n)
}

func (c *counts) merge(other *counts) {
	for c.step < other.step {
		c.coarsen()
	}
	for i, n := range other.n {
		if n > 0 {
			c.n[c.index(time.Duration(i)*other.step)] += n
		}
	}
}

// movedSeries are bytes moved per step, from a running total.
type movedSeries struct {
	step  time.Duration
	n     []int64
	at    time.Duration
	total unit.Bytes
}

// tick spreads what moved since the last tick over the steps in between. A
// total that falls (a connection broke, and what the kernel still held was
// never sent) is taken as no movement until it is passed again.
func (m *movedSeries) tick(at time.Duration, total unit.Bytes) {
	if at <= m.at {
		at = m.at
	}
	for int64(at/m.step) >= maxPoints {
		m.step *= 2
		m.n = joined(m.n)
	}
	m.n = grown(m.n, int(at/m.step)+1)
	if delta := int64(total - m.total); delta > 0 {
		m.spread(m.at, at, delta)
		m.total = total
	}
	m.at = at
}

// spread divides delta over the steps of [from, to] by the time in each; the
// parts sum to delta exactly.
func (m *movedSeries) spread(from, to time.Duration, delta int64) {
	whole := to - from
	given := int64(0)
	for at := from; at < to; {
		i := int(at / m.step)
		next := min(time.Duration(i+1)*m.step, to)
		due := int64(float64(delta) * (float64(next-from) / float64(whole)))
		m.n[i] += due - given
		given = due
		at = next
	}
	m.n[int(to/m.step)] += delta - given
}

// timeline brings the three series to the same step and length.
func timeline(moved *movedSeries, ended, failed *counts) Timeline {
	step := max(moved.step, ended.step, failed.step)
	for moved.step < step {
		moved.step *= 2
		moved.n = joined(moved.n)
	}
	for _, c := range []*counts{ended, failed} {
		for c.step < step {
			c.coarsen()
		}
	}
	points := max(len(moved.n), len(ended.n), len(failed.n))
	return Timeline{
		Step:   step,
		Bytes:  grown(moved.n, points),
		Ended:  grown(ended.n, points),
		Failed: grown(failed.n, points),
	}
}

// grown is s with at least n elements.
func grown[T any](s []T, n int) []T {
	for len(s) < n {
		var zero T
		s = append(s, zero)
	}
	return s
}

// joined adds neighbours in pairs.
func joined[T int64 | uint32](s []T) []T {
	out := make([]T, (len(s)+1)/2)
	for i, n := range s {
		out[i/2] += n
	}
	return out
}
