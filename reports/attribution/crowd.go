package attribution

import (
	"fmt"
	"slices"

	"loadline/probes"
)

// crowd are the numbers in flight of scenes, ascending, each once.
func crowd(scenes []scene) []int {
	var out []int
	for _, s := range scenes {
		if !slices.Contains(out, s.cell.InFlight) {
			out = append(out, s.cell.InFlight)
		}
	}
	slices.Sort(out)
	return out
}

// lessCrowded is the scene for which keep holds that differs from s by fewer
// ops in flight and nothing else: the one nearest to s.
func (v view) lessCrowded(s scene, keep func(scene) bool) (near scene, ok bool) {
	for _, o := range v.scenes {
		alike := o.cell.Size == s.cell.Size && o.cell.HTTP == s.cell.HTTP
		if alike && o.cell.InFlight > 0 && o.cell.InFlight < s.cell.InFlight && keep(o) && o.cell.InFlight > near.cell.InFlight {
			near, ok = o, true
		}
	}
	return near, ok
}

// crowdCliff recognises ops that fail from some number in flight on.
func crowdCliff(v view) []clue {
	for _, s := range v.failing() {
		few, ok := v.lessCrowded(s, func(o scene) bool { return o.cand.ended() > 0 && o.cand.failed() == 0 })
		if !ok || s.cand.failedShare() < leastShare || s.ref.failedShare() > s.cand.failedShare()/10 {
			continue
		}
		return []clue{{aboutFailure, likely, fmt.Sprintf("ops fail from some number in flight on, between %d and %d", few.cell.InFlight, s.cell.InFlight),
			fmt.Sprintf("with %d in flight none of %d ops fails, and with %d in flight %d of %d", few.cell.InFlight, few.cand.ended(),
				s.cell.InFlight, s.cand.failed(), s.cand.ended())}}
	}
	return nil
}

// Bounds of what counts as a path that serves no more at a time.
const (
	noGain   = 1.3 // times as many ops per second, with more in flight
	fullGain = 2.0 // what the reference gains at least, so that more was to be had
)

// queued recognises a path on which more ops in flight do not get more done,
// where around they do: they wait for each other.
func queued(v view) []clue {
	for _, s := range v.slow() {
		few, ok := v.lessCrowded(s, func(o scene) bool { return o.cand.rate() > 0 && o.ref.rate() > 0 })
		if !ok {
			continue
		}
		cand, ref := s.cand.rate()/few.cand.rate(), s.ref.rate()/few.ref.rate()
		if cand > noGain || ref < fullGain {
			continue
		}
		id, extra, all := s.slowestPhase()
		text := fmt.Sprintf("with %d in flight `%s` gets %.3g ops per second done and with %d %.3g, around %.3g and %.3g",
			few.cell.InFlight, v.arm, few.cand.rate(), s.cell.InFlight, s.cand.rate(), few.ref.rate(), s.ref.rate())
		if extra > 0.7*all {
			text += "; the ops spend the extra time in " + phaseWords[id]
		}
		return []clue{{aboutSpeed, named, "more ops in flight do not get more done: they queue for a limited number of places", text}}
	}
	return nil
}

// rate is how many ops ended well per second.
func (s side) rate() float64 {
	if s.span <= 0 {
		return 0
	}
	return float64(s.ops[probes.OK]) / s.span
}
