package attribution

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// The limits of what counts as one age, and of which ages tell a timeout. A
// long age does in itself. A younger one does if ops take several times less
// else: below leastAge a round trip or a handshake is about as old.
const (
	leastAges = 3
	ageSpread = 0.10 // of the median
	longAge   = 0.5  // seconds
	leastAge  = 0.1  // seconds
	patience  = 5    // times what nine in ten ops take around
	mostUsual = 0.3  // share of the ops that end well at that age
)

// ages are how long failed ops had lasted, or had waited for their answer.
type ages struct {
	of            string
	metric        metric.ID // whose time they are
	low, mid, max float64
	n             int
}

// fixed reports whether all are about the same: somebody's timeout, or what
// ops take in any case.
func (a ages) fixed() bool {
	return a.n >= leastAges && a.mid >= leastAge && a.max-a.low <= ageSpread*a.mid
}

// usual reports whether many ops of a side that ended well did so at that age:
// that the others failed at it says nothing then.
func (a ages) usual(s side) bool {
	done, _ := s.durations(a.metric)
	n := between(done, (1-ageSpread)*a.mid, (1+ageSpread)*a.mid)
	return n > 0 && float64(n) >= mostUsual*float64(done.Count())
}

// fixedAge recognises ops that die at the same age. The probe's own limits (no
// byte moved, no answer, no connection or handshake) have a fixed age too and
// are left out, as are ops that were answered in earnest.
func fixedAge(v view) []clue {
	for _, way := range manners(v.failing()) {
		if !way.byClock() {
			continue
		}
		for _, a := range []ages{v.waited(way), v.lasted(way)} {
			if around, ok := v.telling(way, a); ok {
				return []clue{v.timeout(way, a, around)}
			}
		}
	}
	if l := v.ledger(); l.RefusedButStored > 0 {
		return []clue{{about: aboutFailure, weight: support,
			evidence: fmt.Sprintf("%d refused uploads are stored all the same%s", l.RefusedButStored, such(l.Cases, "refused_but_stored"))}}
	}
	return nil
}

// byClock reports whether a timeout of somebody else may end ops like this. A
// refusal of what was asked for (4xx, but for 408 Request Timeout) and a body
// that came and was wrong are no such end, however long they took.
func (m manner) byClock() bool {
	switch m.outcome {
	case probes.Status:
		return m.status/100 == 5 || m.status == requestTimeout
	case probes.Reset, probes.Short, probes.TLS, probes.Refused, probes.DNS:
		return true
	}
	return false
}

// requestTimeout is 408, by which a server says itself that it waited in vain.
const requestTimeout = 408

// telling reports whether ages show a timeout, and what nine in ten ops take
// around in the scenes in which they were met, in seconds.
func (v view) telling(way manner, a ages) (around float64, ok bool) {
	if !a.fixed() {
		return 0, false
	}
	opening := 0.0
	for _, s := range v.failing() {
		if !slices.Contains(manners([]scene{s}), way) {
			continue
		}
		if a.usual(s.ref) || a.usual(s.cand) {
			return 0, false
		}
		around = max(around, s.ref.quantile(a.metric, 0.9))
		opening = max(opening, s.cand.opening())
	}
	if a.mid >= longAge {
		return around, true
	}
	// A connection that is refused says how far its peer is.
	answered := way.outcome == probes.Status || way.outcome == probes.Reset || way.outcome == probes.Short
	return around, answered && a.mid >= patience*max(around, opening)
}

// opening is the time that opening a connection typically takes, whether it
// came about or not, in seconds; 0 where none was opened.
func (s side) opening() (sum float64) {
	for _, id := range []metric.ID{record.PhaseConnect, record.PhaseTLS} {
		done, unended := s.durations(id)
		done.Merge(unended)
		if done.Count() > 0 {
			sum += quantile(done, 0.5)
		}
	}
	return sum
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

// timeout is the clue of ages that tell one; nine in ten ops around take that
// long.
func (v view) timeout(way manner, a ages, around float64) clue {
	cause := "a timeout of about " + amount(a.mid)
	text := fmt.Sprintf("ops fail (%s) at %s of %s, between %s and %s in %d of them", way, amount(a.mid), a.of, amount(a.low), amount(a.max), a.n)
	if a.mid >= patience*around {
		text += fmt.Sprintf(", where nine in ten around take no more than %s", amount(around))
	}
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
	return ages{"age", metric.Service, slices.Min(x), median(x), slices.Max(x), len(x)}
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
	return ages{"waiting for the answer", record.PhaseWait, quantile(waits, 0), quantile(waits, 0.5), math.Min(quantile(waits, 1), math.MaxFloat64), int(waits.Count())}
}
