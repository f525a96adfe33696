package attribution

import (
	"fmt"
	"math"
	"slices"

	"loadline/probes"
	"loadline/probes/record"
)

const (
	serviceUnavailable = 503

	// leastRefusals and leastPassed are how many ops a trial must have of each,
	// from the first that was refused to the last.
	leastRefusals = 8
	leastPassed   = 20
	// A bucket that is full lets an op pass each time it has leaked one: what
	// passed since the first refusal is told from the line by so many ops and
	// by what comes within offLine seconds, in all refusals but a tenth.
	offByOps = 1.5
	offLine  = 0.002
	onLine   = 0.9
	// sameRate is by how much the rates of trials may differ.
	sameRate = 0.05
	// leastLimited is how many trials must show a rate, and half of those in
	// which ops were refused.
	leastLimited = 2
	// mostSlower is how many times as long as around what passes may take:
	// where it waits, it is places that are short.
	mostSlower = 2.0
)

// refusedByRate recognises a limit on the rate of requests that answers 503, as
// busy servers do too, by how it counts: from the first refusal on, the ops
// that pass come at one rate, in all trials, and neither they nor the refusals
// have to wait.
func refusedByRate(v view) []clue {
	for _, s := range v.failing() {
		if ways := manners([]scene{s}); len(ways) == 0 || ways[0] != (manner{probes.Status, serviceUnavailable}) || s.failsInAnyTurn() {
			continue
		}
		usual := medianService(s.ref.trials, probes.OK)
		var rates []float64
		var limited []record.Trial
		refusing := 0
		for _, t := range s.cand.trials {
			if (side{ops: t.Ops}).failed() > 0 {
				refusing++
			}
			if rate, ok := passingRate(t); ok {
				rates, limited = append(rates, rate), append(limited, t)
			}
		}
		if len(rates) < leastLimited || 2*len(rates) < refusing || slices.Max(rates) > (1+sameRate)*slices.Min(rates) {
			continue
		}
		refusal, passed := medianService(limited, probes.Status), medianService(limited, probes.OK)
		if !(refusal < usual) || !(passed < mostSlower*usual) {
			continue
		}
		return []clue{{aboutFailure, named, fmt.Sprintf("a limit on the rate of requests, about %s per second (answered 503)", perSecond(median(rates))),
			fmt.Sprintf("from the first 503 to the last, the ops that pass come at %s per second, to an op or two, in %d trials%s; a refusal takes %s and what passes %s, around %s",
				perSecond(median(rates)), len(rates), v.in(s), amount(refusal), amount(passed), amount(usual))}}
	}
	return nil
}

func perSecond(rate float64) string {
	if rate >= 10 {
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.2g", rate)
}

// failsInAnyTurn reports whether every k-th op fails, for some k.
func (s scene) failsInAnyTurn() bool {
	for k := 2; k <= mostBackends; k++ {
		if s.failsInTurn(k) {
			return true
		}
	}
	return false
}

// passingRate is the rate, in ops per second, at which ops were begun that went
// well, from a trial's first refusal to its last; ok is false unless they came
// at one rate.
func passingRate(t record.Trial) (rate float64, ok bool) {
	type point struct{ at, passed float64 }
	var points []point
	var from, passed float64
	for _, r := range byStart(t.Raw) {
		at := float64(r.Start) / 1e9
		switch {
		case r.Outcome == probes.OK:
			passed++
		case r.Outcome == probes.Status && r.Status == serviceUnavailable:
			if len(points) == 0 {
				from, passed = at, 0
			}
			points = append(points, point{at - from, passed})
		}
	}
	if len(points) < leastRefusals {
		return 0, false
	}
	last := points[len(points)-1]
	if last.passed < leastPassed || last.at <= 0 {
		return 0, false
	}
	rate = last.passed / last.at
	on := 0
	for _, p := range points {
		if math.Abs(p.passed-rate*p.at) <= offByOps+rate*offLine {
			on++
		}
	}
	return rate, float64(on) >= onLine*float64(len(points))
}

// medianService is the median of how long the kept ops of trials took that
// ended in a way, in seconds; NaN if there are none.
func medianService(trials []record.Trial, o probes.Outcome) float64 {
	var took []float64
	for _, t := range trials {
		for _, r := range t.Raw {
			if r.Outcome == o {
				took = append(took, float64(r.End-r.Start)/1e9)
			}
		}
	}
	return median(took)
}

const (
	// leastHeld is how many ends of ops it takes to see that they are even.
	leastHeld = 20
	// evenGaps is how far the times between ends lie apart, from the tenth to
	// the ninetieth of a hundred, as a share of the typical one.
	evenGaps = 0.3
	// onePlace is the share of one place that the ops take up at most where it
	// cannot be places that are short.
	onePlace = 0.5
	// muchMore is how many times as many ops per second end around.
	muchMore = 1.2
)

// heldToRate recognises a limit on the rate of requests that makes them wait:
// they end one by one at even distances, although an op can be so quick that
// a single place would serve more of them.
func heldToRate(v view) []clue {
	for _, s := range v.slow() {
		var gaps []float64
		quickest := math.Inf(1)
		for _, t := range s.cand.trials {
			var ends []int64
			for _, r := range t.Raw {
				if r.Outcome == probes.OK {
					ends = append(ends, r.End)
					quickest = math.Min(quickest, float64(r.End-r.Start)/1e9)
				}
			}
			slices.Sort(ends)
			for i := 1; i < len(ends); i++ {
				gaps = append(gaps, float64(ends[i]-ends[i-1])/1e9)
			}
		}
		if len(gaps) < leastHeld {
			continue
		}
		slices.Sort(gaps)
		typical := median(gaps)
		rate := 1 / typical
		if gaps[len(gaps)*9/10]-gaps[len(gaps)/10] > evenGaps*typical || !(quickest < onePlace*typical) || s.ref.rate() < muchMore*rate {
			continue
		}
		return []clue{{aboutSpeed, named, fmt.Sprintf("a limit on the rate of requests, about %s per second", perSecond(rate)),
			fmt.Sprintf("ops end one by one, %s apart%s, where %s per second end around; an op can take as little as %s, so that even one place would serve more",
				amount(typical), v.in(s), perSecond(s.ref.rate()), amount(quickest))}}
	}
	return nil
}
