package attribution

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
)

// The limits of what counts as one age.
const (
	leastAges = 3
	leastAge  = 0.5  // seconds; below it everything is about equally old
	ageSpread = 0.10 // of the median
)

// ages are how long failed ops had lasted, or had waited for their answer.
type ages struct {
	of            string
	low, mid, max float64
	n             int
}

// fixed reports whether all are about the same: somebody's timeout.
func (a ages) fixed() bool {
	return a.n >= leastAges && a.mid >= leastAge && a.max-a.low <= ageSpread*a.mid
}

// fixedAge recognises ops that die at the same age. The probe's own limits (no
// byte moved, no answer, no connection or handshake) have a fixed age too and
// are left out.
func fixedAge(v view) []clue {
	for _, way := range manners(v.failing()) {
		if way.outcome == probes.Stalled || way.outcome == probes.Timeout || way.outcome == probes.Dropped {
			continue
		}
		for _, a := range []ages{v.waited(way), v.lasted(way)} {
			if a.fixed() {
				return []clue{v.timeout(way, a)}
			}
		}
	}
	if l := v.ledger(); l.RefusedButStored > 0 {
		return []clue{{about: aboutFailure, weight: support,
			evidence: fmt.Sprintf("%d refused uploads are stored all the same%s", l.RefusedButStored, such(l.Cases, "refused_but_stored"))}}
	}
	return nil
}

// ownLimits are how the probe words that it gave up opening a connection after
// the time allowed for it.
var ownLimits = []string{"no answer within ", "no answer from the name server within ", "not finished within "}

// givenUp reports whether an op ended by the probe's own patience with a
// connection that does not open.
func givenUp(f record.Failure) bool {
	switch f.Outcome {
	case probes.DNS, probes.Refused, probes.TLS:
		return slices.ContainsFunc(ownLimits, func(words string) bool { return strings.Contains(f.Message, words) })
	}
	return false
}

func (v view) timeout(way manner, a ages) clue {
	cause := "a timeout of about " + amount(a.mid)
	text := fmt.Sprintf("ops fail (%s) at %s of %s, between %s and %s in %d of them", way, amount(a.mid), a.of, amount(a.low), amount(a.max), a.n)
	if l := v.ledger(); l.RefusedButStored > 0 {
		cause += ", shorter than the origin needs to commit"
		text += fmt.Sprintf("; %d of %d refused uploads are stored all the same: the balancer gave up before the origin had committed", l.RefusedButStored, max(l.Refused, l.RefusedButStored))
	}
	return clue{aboutFailure, named, cause, text}
}

// lasted are the ages of the ops that failed in a way, from their start.
func (v view) lasted(way manner) ages {
	var x []float64
	for _, s := range v.failing() {
		for _, f := range s.cand.failures(func(f record.Failure) bool { return mannerOf(f) == way && !givenUp(f) }) {
			x = append(x, f.After.Seconds())
		}
	}
	if len(x) == 0 {
		return ages{}
	}
	return ages{"age", slices.Min(x), median(x), slices.Max(x), len(x)}
}

// waited are the waits for the answer in the cells in which all ops failed in
// this way: a balancer's clock starts when the body has arrived.
func (v view) waited(way manner) ages {
	waits := record.NewHist()
	for _, s := range v.failing() {
		ways := manners([]scene{s})
		if s.cand.ops[probes.OK] > 0 || len(ways) != 1 || ways[0] != way {
			continue
		}
		done, unended := s.cand.durations(record.PhaseWait)
		waits.Merge(done)
		waits.Merge(unended)
	}
	if waits.Count() == 0 {
		return ages{}
	}
	return ages{"waiting for the answer", quantile(waits, 0), quantile(waits, 0.5), math.Min(quantile(waits, 1), math.MaxFloat64), int(waits.Count())}
}
