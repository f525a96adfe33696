package attribution

import (
	"math"
	"time"

	"loadline/scenarios/metric"
)

const (
	// mostSpread is the largest coefficient of variation at which a flow is
	// called steady: one that moves a window per round trip varies as the round
	// trip does.
	mostSpread = 0.2
	// leastFlows is how many ops or stretches it takes to know the spread.
	leastFlows = 5
	// flowTrips is how long a stretch is at least, in round trips: a window
	// comes in bursts.
	flowTrips = 4
)

// steady reports whether the rate of a scene's transfers varies no more than
// that of a flow bound by a window; where too few are known, nothing speaks
// against it. Streams of one connection share it as it comes, so that only the
// whole of it can be steady.
func (v view) steady(s scene, trip float64) bool {
	if spread, known := v.spreadOfOps(s); known && !v.shared {
		return spread <= mostSpread
	}
	spread, known := v.spreadOfStretches(s, trip)
	return !known || spread <= mostSpread
}

// spreadOfOps is the coefficient of variation of how long the bodies of whole
// ops took, from the middle 80 %, which single losses do not sway.
func (v view) spreadOfOps(s scene) (spread float64, known bool) {
	done, _ := s.cand.durations(v.movingPhase())
	if done.Count() < leastFlows {
		done, _ = s.cand.durations(metric.Service)
	}
	if done.Count() < leastFlows {
		return 0, false
	}
	const within = 2 * 1.2816 // standard deviations of a normal distribution, from its 10 % to its 90 %
	return (quantile(done, 0.9) - quantile(done, 0.1)) / within / quantile(done, 0.5), true
}

// spreadOfStretches is that of the bytes that moved in stretches of the
// timelines during which they moved all the time.
func (v view) spreadOfStretches(s scene, trip float64) (spread float64, known bool) {
	var n, sum, squares float64
	for _, t := range s.cand.trials {
		if t.Timeline.Step <= 0 {
			continue
		}
		long := max(200*time.Millisecond, time.Duration(flowTrips*trip*float64(time.Second)))
		per := max(int((long+t.Timeline.Step-1)/t.Timeline.Step), 1)
		last := len(t.Timeline.Bytes) - 1
		for last >= 0 && t.Timeline.Bytes[last] == 0 {
			last--
		}
		// The first stretch has the slow start, and the last step is not whole.
		for from := per; from+per <= last; from += per {
			moved := 0.0
			for _, b := range t.Timeline.Bytes[from : from+per] {
				moved += float64(b)
			}
			if moved > 0 {
				n, sum, squares = n+1, sum+moved, squares+moved*moved
			}
		}
	}
	if n < leastFlows {
		return 0, false
	}
	mean := sum / n
	return math.Sqrt(max(squares/n-mean*mean, 0)) / mean, true
}
