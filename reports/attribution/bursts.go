package attribution

import (
	"fmt"
	"math"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/unit"
)

// burst is a transfer that starts fast and goes on slowly: bytes moved above
// the plateau per transfer, and the plateau's rate per transfer.
type burst struct{ after, plateau float64 }

// burstFactor is how many times the plateau a step must move to be a burst.
const burstFactor = 3

// burstOf reads a trial's timeline; ok is false if there is no plateau after a
// burst in it.
func burstOf(t record.Trial, inFlight int) (b burst, ok bool) {
	step := t.Timeline.Step.Seconds()
	var moving []float64
	for _, n := range t.Timeline.Bytes {
		if n > 0 {
			moving = append(moving, float64(n))
		}
	}
	starts := float64(total(t.Ops) - t.Ops[probes.Dropped])
	if step <= 0 || len(moving) < 5 || starts < 1 {
		return b, false
	}
	plateau := median(moving)
	flat, excess := 0, 0.0
	for _, n := range moving {
		switch {
		case n > burstFactor*plateau:
			excess += n - plateau
		case math.Abs(n/plateau-1) < 0.4:
			flat++
		}
	}
	b = burst{after: excess / starts, plateau: plateau / step / float64(max(1, inFlight))}
	// The plateau has to be most of what is seen, and the burst worth more
	// than the plateau would have moved in a second.
	return b, float64(flat) >= 0.6*float64(len(moving)) && b.after > b.plateau
}

func total(ops map[probes.Outcome]uint64) (n uint64) {
	for _, k := range ops {
		n += k
	}
	return n
}

// burstsOf are the bursts of the candidate's trials in a scene, if most of
// them show one and the reference's do not.
func (s scene) burstsOf(v view) (found []burst) {
	inFlight := v.inFlight(s)
	for _, t := range s.cand.trials {
		if b, ok := burstOf(t, inFlight); ok {
			found = append(found, b)
		}
	}
	if 2*len(found) < len(s.cand.trials) {
		return nil
	}
	same := 0
	for _, t := range s.ref.trials {
		if _, ok := burstOf(t, inFlight); ok {
			same++
		}
	}
	if len(s.ref.trials) > 0 && 2*same >= len(s.ref.trials) {
		return nil
	}
	return found
}

func (s scene) bursts(v view) bool { return len(s.burstsOf(v)) > 0 }

func (v view) inFlight(s scene) int {
	if s.cell.InFlight > 0 {
		return s.cell.InFlight
	}
	return v.run.Header.Scenario.Load.InFlight
}

// limitAfter recognises a limit that sets in after some bytes.
func limitAfter(v view) []clue {
	for _, s := range v.slow() {
		found := s.burstsOf(v)
		if len(found) == 0 {
			continue
		}
		var after, plateau []float64
		for _, b := range found {
			after, plateau = append(after, b.after), append(plateau, b.plateau)
		}
		rate, _ := roundFigure(median(plateau))
		return []clue{{aboutSpeed, named,
			fmt.Sprintf("limited to about %s after about %s", rate, megabytes(median(after))),
			fmt.Sprintf("each transfer moves about %s at full speed and then goes on at %s per stream (%d of %d trials%s): a rate limit that sets in late, as limit_rate_after does",
				megabytes(median(after)), unit.BytesPerSecond(median(plateau)), len(found), len(s.cand.trials), v.in(s))}}
	}
	return nil
}

func megabytes(n float64) string {
	if n < 1e6 {
		return kilobytes(n)
	}
	return fmt.Sprintf("%.2g MB", n/1e6)
}
