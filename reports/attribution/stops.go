package attribution

import (
	"fmt"
	"math"
	"slices"
	"time"

	"loadline/probes/record"
	"loadline/scenarios/metric"
)

const (
	// leastStop is how long the slowest op takes at least where stops are told.
	leastStop = 150 * time.Millisecond
	// leastStops is how many stops it takes, in leastStopped trials or more,
	// beside a reference without any: of five, all lie in one of two arms one
	// time in thirty.
	leastStops   = 5
	leastStopped = 2
	// leastAtOnce is how many ops are in flight at least: fewer stand still
	// because each of them is slow.
	leastAtOnce = 4
	// leastPeriod is the shortest period that is told, in seconds: the steps of a
	// timeline are not much shorter.
	leastPeriod = 1.0
	// mostParts is how many periods the shortest time between stops may be.
	mostParts = 5
	// offBeat is how far from a multiple of the period a stop may lie, as a
	// share of it.
	offBeat = 0.1
)

// stops recognises a path on which everything stands still again and again,
// too shortly for a freeze: nothing ends for a while, whoever is in flight,
// as while a process collects garbage or is not scheduled.
func stops(v view) []clue {
	if len(frozen(v)) > 0 {
		return nil
	}
	for _, s := range v.slow() {
		if v.inFlight(s) < leastAtOnce || len(s.ref.trials) == 0 {
			continue
		}
		measured := v.run.Header.Scenario.Load.Measure
		at, trials := stopsOf(s.cand, measured)
		around, _ := stopsOf(s.ref, measured)
		slowest := s.cand.quantile(metric.Service, 1)
		if len(at) < leastStops || trials < leastStopped || len(around) > 0 || slowest < leastStop.Seconds() {
			continue
		}
		cause, text := "everything stands still for a moment, again and again", fmt.Sprintf(
			"nothing ended for a moment, whatever was in flight, %d times in %d of %d trials%s, and never around; what was under way then took up to %s",
			len(at), trials, len(s.cand.trials), v.in(s), amount(slowest))
		if period, ok := beat(at); ok {
			cause += fmt.Sprintf(", about every %.2g s", period)
			text += fmt.Sprintf("; the times between are multiples of %.2g s", period)
		}
		return []clue{{aboutSpeed, named, cause, text + ": as a process that collects garbage, or is not scheduled"}}
	}
	return nil
}

// stopsOf are the times from the run's start, in seconds, at which an arm stood
// still, and the number of trials with such.
func stopsOf(s side, measured time.Duration) (at []float64, trials int) {
	steps := 0
	for _, t := range s.trials {
		steps += len(t.Timeline.Ended)
	}
	for _, t := range s.trials {
		found := stopsIn(t.Timeline, measured, float64(steps))
		for _, d := range found {
			at = append(at, (t.At + d).Seconds())
		}
		if len(found) > 0 {
			trials++
		}
	}
	return at, trials
}

// stopsIn are the stretches of the measured part in which no op ended although
// so many do otherwise that chance would not leave one of all steps empty.
func stopsIn(l record.Timeline, measured time.Duration, steps float64) (at []time.Duration) {
	ended := func(i int) int {
		n := int(l.Ended[i])
		if i < len(l.Failed) {
			n += int(l.Failed[i])
		}
		return n
	}
	var busy []float64
	for i := range l.Ended {
		if n := ended(i); n > 0 && time.Duration(i+1)*l.Step <= measured {
			busy = append(busy, float64(n))
		}
	}
	if len(busy) == 0 {
		return nil
	}
	slices.Sort(busy)
	few := busy[len(busy)/4] // where the load changes, what ends in its lower part
	last := -1
	for i := range l.Ended {
		if ended(i) == 0 {
			continue
		}
		from := time.Duration(last+1) * l.Step
		if empty := i - last - 1; last >= 0 && float64(empty)*few >= math.Log(steps/chance) && from < measured-l.Step {
			at = append(at, from)
		}
		last = i
	}
	return at
}

// beat is the period of which the times between stops are multiples, in
// seconds; ok is false where chance may make them so. The shortest time between
// is one period, or a few of them where trials leave some out.
func beat(at []float64) (period float64, ok bool) {
	shortest := math.Inf(1)
	for i := 1; i < len(at); i++ {
		shortest = math.Min(shortest, at[i]-at[i-1])
	}
	whole := at[len(at)-1] - at[0]
	for parts := 1.0; parts <= mostParts && shortest/parts >= leastPeriod; parts++ {
		period = whole / math.Round(whole/(shortest/parts)) // the longest time tells it best
		if !slices.ContainsFunc(at, func(t float64) bool {
			n := (t - at[0]) / period
			return math.Abs(n-math.Round(n)) > offBeat
		}) {
			return period, true
		}
	}
	return 0, false
}
