package pace

import (
	"fmt"
	"math"
	"sort"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Schedule says when ops are due. Due may be called for any n in any order;
// calls with rising n are the fast case. It is safe for concurrent use.
type Schedule interface {
	// Due is the offset from the start at which op n, counted from 0, is due;
	// ok is false when there is no such op. Offsets never fall as n rises.
	Due(n uint64) (at time.Duration, ok bool)
}

// Rated is a Schedule that knows its instantaneous rate. All schedules of this
// package but Closed are Rated.
type Rated interface {
	Schedule
	// Rate is the number of ops per second at offset t; 0 outside the schedule.
	Rate(t time.Duration) float64
}

// Bounds of what a schedule accepts.
const (
	MaxRate     = 1e7                  // ops per second
	MaxDuration = 366 * 24 * time.Hour // of a whole schedule
)

// Closed is the schedule of the closed model: every op is due at once, the
// number in flight alone holds it back, and it never ends.
func Closed() Schedule { return closed{} }

type closed struct{}

func (closed) Due(uint64) (time.Duration, bool) { return 0, true }

// Count is the number of ops of a schedule; finite is false if it has no end.
// It costs a few dozen calls of Due, but a Poisson schedule is drawn to its end.
func Count(s Schedule) (n uint64, finite bool) {
	const most = 1 << 50 // above MaxRate × MaxDuration
	if _, ok := s.Due(most); ok {
		return 0, false
	}
	high := uint64(1)
	for {
		if _, ok := s.Due(high - 1); !ok {
			break
		}
		high *= 2
	}
	low := high / 2
	return low + uint64(sort.Search(int(high-low), func(i int) bool {
		_, ok := s.Due(low + uint64(i))
		return !ok
	})), true
}

// Pacer makes a vegeta Pacer that follows the schedule: it waits for the due
// time of the next hit, catches up when behind, and stops after the last op.
// Its Rate is that of a Rated schedule, else 0.
func Pacer(s Schedule) vegeta.Pacer { return pacer{s} }

type pacer struct{ schedule Schedule }

var _ vegeta.Pacer = pacer{}

func (p pacer) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	due, ok := p.schedule.Due(hits)
	if !ok {
		return 0, true
	}
	return max(due-elapsed, 0), false
}

func (p pacer) Rate(elapsed time.Duration) float64 {
	if r, ok := p.schedule.(Rated); ok {
		return r.Rate(elapsed)
	}
	return 0
}

// String lets vegeta's tools print the pacer.
func (p pacer) String() string { return fmt.Sprint(p.schedule) }

// frequency writes a rate the way vegeta does, as a count per time. A period of
// a million seconds keeps six decimals of any rate up to MaxRate.
func frequency(perSecond float64) vegeta.Rate {
	const seconds = 1e6
	return vegeta.Rate{Freq: int(math.Round(perSecond * seconds)), Per: seconds * time.Second}
}

// curve is a schedule given by its rate.
type curve interface {
	fmt.Stringer
	Rate(t time.Duration) float64
	// ops is the integral of the rate from 0 to t seconds, 0 ≤ t ≤ length.
	ops(t float64) float64
	// when is the last t, in seconds, with ops(t) ≤ n, for 0 ≤ n < ops(length).
	when(n float64) float64
	length() time.Duration
}

// follow is the Schedule of a curve.
type follow struct {
	curve
	total float64
}

func newFollow(c curve) follow { return follow{c, c.ops(c.length().Seconds())} }

// Due implements Schedule. An op whose number lies within rounding of the total
// is the one after the last.
func (f follow) Due(n uint64) (time.Duration, bool) {
	if float64(n) >= f.total-1e-9*max(1, f.total) {
		return 0, false
	}
	at := nanoseconds(f.when(float64(n)))
	if at >= f.length() {
		return 0, false
	}
	return max(at, 0), true
}

// Rate implements Rated.
func (f follow) Rate(t time.Duration) float64 {
	if t < 0 || t >= f.length() {
		return 0
	}
	return f.curve.Rate(t)
}

func nanoseconds(seconds float64) time.Duration { return time.Duration(math.Round(seconds * 1e9)) }
