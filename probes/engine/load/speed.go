package load

import (
	"time"

	"loadline/scenarios/unit"
)

const (
	// speedWindow is how far back "at present" reaches, up to twice as far.
	speedWindow = time.Second
	// speedAge is how long an op must have run before it is judged: before,
	// connection set-up and slow start say more of its speed than the path.
	speedAge = time.Second
)

// point is how many bytes had moved at an offset.
type point struct {
	at    time.Duration
	moved unit.Bytes
}

// speed follows how fast one op moves its bytes.
type speed struct {
	begin    time.Duration
	old, new point
}

// note takes a sample; samples must come in order of time.
func (s *speed) note(now time.Duration, moved unit.Bytes) {
	if now-s.new.at >= speedWindow {
		s.old, s.new = s.new, point{now, moved}
	}
}

// hopeless reports whether the op, at its present rate, cannot move its bytes
// in the time left. An op that has moved none waits for an answer, and so does
// one that has moved all; no rate says how long that takes. One that has gone
// silent in between is taken at its average: a stall is for the probe's own
// limit to end.
func (s *speed) hopeless(now time.Duration, moved, expect unit.Bytes, left time.Duration) bool {
	age := now - s.begin
	if age < speedAge || moved <= 0 || moved >= expect {
		return false
	}
	rate := perSecond(moved-s.old.moved, now-s.old.at)
	if rate <= 0 {
		rate = perSecond(moved, age)
	}
	return float64(expect-moved)/rate > left.Seconds()
}

func perSecond(n unit.Bytes, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
