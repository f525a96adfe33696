package pace

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"
)

// Stage is a stretch of a schedule whose rate changes evenly from Start to End
// (ops per second). Start = End holds a rate, both 0 is a pause.
type Stage struct {
	Start, End float64
	Duration   time.Duration
}

// Stages chains stretches. The fraction of an op that a stage leaves is carried
// into the next one, so the schedule follows the integral of the rate as a
// whole.
func Stages(list []Stage) (Rated, error) {
	var s stages
	for i, stage := range list {
		shape := fmt.Sprintf("stages[%d]", i)
		err := firstOf(checkRate(shape, "start", stage.Start), checkRate(shape, "end", stage.End), checkDuration(shape, stage.Duration))
		if err != nil {
			return nil, err
		}
		l := newLinear(stage.Start, stage.End, stage.Duration)
		s.parts = append(s.parts, part{l, s.span, s.total})
		s.span += stage.Duration
		s.total = whole(s.total + l.ops(stage.Duration.Seconds()))
		if s.span > MaxDuration {
			return nil, fmt.Errorf("pace: %s: all stages together last more than %v: shorten them", shape, MaxDuration)
		}
	}
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("pace: stages: the list is empty: give at least one stage")
	case s.total == 0:
		return nil, fmt.Errorf("pace: stages: every rate is 0/s, so no op is ever due: raise one of them")
	}
	return newFollow(s), nil
}

// whole undoes rounding, so that a stage of 0.1/s for 30 s ends after 3 ops and
// not a hair before or behind the third.
func whole(ops float64) float64 {
	if n := math.Round(ops); math.Abs(ops-n) < 1e-9*max(1, n) {
		return n
	}
	return ops
}

type part struct {
	linear
	from   time.Duration // offset at which it begins
	before float64       // ops of the parts before it
}

type stages struct {
	parts []part
	span  time.Duration
	total float64
}

// Rate is that of the stage t lies in; at a border, of the later one.
func (s stages) Rate(t time.Duration) float64 {
	i := sort.Search(len(s.parts), func(i int) bool { return s.parts[i].from > t })
	p := s.parts[max(i-1, 0)]
	return p.Rate(t - p.from)
}

func (s stages) ops(t float64) float64 {
	i := sort.Search(len(s.parts), func(i int) bool { return s.parts[i].from.Seconds() > t })
	p := s.parts[max(i-1, 0)]
	return p.before + p.linear.ops(min(t-p.from.Seconds(), p.span.Seconds()))
}

// when looks in the last part that begins with no more than n ops behind it, so
// an op that falls on a pause is due after it.
func (s stages) when(n float64) float64 {
	i := sort.Search(len(s.parts), func(i int) bool { return s.parts[i].before > n })
	p := s.parts[max(i-1, 0)]
	return p.from.Seconds() + min(p.linear.when(n-p.before), p.span.Seconds())
}

func (s stages) length() time.Duration { return s.span }

// String describes the shape.
func (s stages) String() string {
	text := make([]string, len(s.parts))
	for i, p := range s.parts {
		text[i] = p.String()
	}
	return "stages: " + strings.Join(text, ", ")
}
