package attribution

import (
	"fmt"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// connects is how many ops had to open a connection, of how many.
func (s side) connects() (fresh, of uint64) {
	opened, gaveUp := s.durations(record.PhaseConnect)
	done, unended := s.durations(metric.Service)
	return opened.Count() + gaveUp.Count(), done.Count() + unended.Count()
}

// sparedByChance is how likely none of the ops on fresh connections fails if
// those that failed, all on reused ones, lie among all ops as it comes: Fisher's
// exact test, one-sided. It is 1 where no op was on a fresh connection.
func sparedByChance(fresh, reused, failed int) float64 {
	p := 1.0
	for i := range fresh {
		p *= float64(fresh+reused-failed-i) / float64(fresh+reused-i)
	}
	return p
}

// notKept recognises a path whose connections are ended after each op, where
// those around are kept. It is the cause only where opening them is what takes
// the time; else it is told for what it costs elsewhere.
func notKept(v view) []clue {
	for _, s := range v.slow() {
		fresh, of := s.cand.connects()
		refFresh, refOf := s.ref.connects()
		if of < leastOps || refOf < leastOps || 2*fresh < of || 10*refFresh > refOf {
			continue
		}
		c := clue{about: aboutSpeed, weight: support,
			evidence: fmt.Sprintf("%d of %d ops%s had to open a connection, around %d of %d", fresh, of, v.in(s), refFresh, refOf)}
		if id, _, _ := s.slowestPhase(); id == record.PhaseConnect || id == record.PhaseTLS {
			c.weight, c.cause = named, "connections are not kept: ops open new ones"
		} else {
			c.evidence += ": connections are not kept"
		}
		return []clue{c}
	}
	return nil
}

// lateContinue recognises uploads that wait for 100 Continue in vain, or long.
func lateContinue(v view) []clue {
	for _, s := range v.slow() {
		id, extra, all := s.slowestPhase()
		if id != record.PhaseContinue || extra < 0.5*all {
			continue
		}
		cand, ref := s.cand.quantile(record.PhaseContinue, 0.5), s.ref.quantile(record.PhaseContinue, 0.5)
		return []clue{{aboutSpeed, named, "100 Continue comes late or never",
			fmt.Sprintf("uploads wait %s for 100 Continue%s, around %s; a client that hears nothing sends the body after a while, this one after 1 s", amount(cand), v.in(s), amount(ref))}}
	}
	return nil
}

// asksFor is how the probe words that a protocol asked for by name was not
// negotiated.
const asksFor = "the scenario asks for "

// unnegotiated is the protocol that the scenario asks for and the arm's peers
// do not negotiate, where all kept failures say so; else empty.
func (v view) unnegotiated() (protocol string) {
	for _, s := range v.failing() {
		for _, f := range s.cand.failures(anyFailure) {
			_, said, ok := strings.Cut(f.Message, asksFor)
			if f.Outcome != probes.Protocol || !ok {
				return ""
			}
			protocol, _, _ = strings.Cut(said, ",")
		}
	}
	return protocol
}
