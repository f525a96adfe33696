package attribution

import (
	"fmt"
	"time"

	"loadline/probes/record"
	"loadline/scenarios/metric"
)

const (
	// leastFreeze is the shortest stretch that is called a freeze.
	leastFreeze = 500 * time.Millisecond
	// mostFreezes is how many of them a trial may have: what stands still
	// again and again is a slow op, not a freeze.
	mostFreezes = 2
	// leastOverOp is how many times as long as a typical op it is at least:
	// while slow ops are all that is in flight, nothing moves either.
	leastOverOp = 2.0
)

// frozen recognises a stretch in which nothing moved and nothing ended, in the
// middle of a trial.
func frozen(v view) []clue {
	for _, s := range v.harmed() {
		var longest still
		hit := 0
		for _, t := range s.cand.trials {
			if st := stillness(t); st.times > 0 && st.times <= mostFreezes {
				hit++
				if st.longest > longest.longest {
					longest = st
				}
			}
		}
		for _, t := range s.ref.trials {
			if stillness(t).times > 0 {
				hit = 0
				break
			}
		}
		if id, extra, all := s.slowestPhase(); id == record.PhaseConnect && extra >= 0.7*all {
			continue // what stands still is the opening of connections
		}
		if hit == 0 || 2*hit < len(s.cand.trials) || longest.longest.Seconds() < leastOverOp*s.cand.quantile(metric.Service, 0.5) {
			continue
		}
		text := fmt.Sprintf("nothing moved and nothing ended for up to %s, from %s into the trial, in %d of %d trials%s",
			amount(longest.longest.Seconds()), amount(longest.from.Seconds()), hit, len(s.cand.trials), v.in(s))
		if v.run.Header.Scenario.Event != nil {
			text += "; the scenario's event runs in every trial"
		}
		return []clue{{aboutSpeed, named, "everything stands still for a while", text}}
	}
	return nil
}

// still is how long a trial stood still: the longest stretch, when it begins,
// and how many there are.
type still struct {
	longest, from time.Duration
	times         int
}

// stillness finds the stretches without a byte moved or an op ended well that
// have such before and after them.
func stillness(t record.Trial) (s still) {
	moves := func(i int) bool {
		return (i < len(t.Timeline.Bytes) && t.Timeline.Bytes[i] > 0) || (i < len(t.Timeline.Ended) && t.Timeline.Ended[i] > 0)
	}
	last := -1
	for i := range max(len(t.Timeline.Bytes), len(t.Timeline.Ended)) {
		if !moves(i) {
			continue
		}
		if d := time.Duration(i-last-1) * t.Timeline.Step; last >= 0 && d >= leastFreeze {
			s.times++
			if d > s.longest {
				s.longest, s.from = d, time.Duration(last+1)*t.Timeline.Step
			}
		}
		last = i
	}
	return s
}
