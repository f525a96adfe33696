package record

import (
	"time"

	"loadline/probes"
	"loadline/scenarios/metric"
)

// The metric ids under which a trial keeps the phases of its ops.
const (
	PhaseResolve  metric.ID = "phase.resolve"
	PhaseConnect  metric.ID = "phase.connect"
	PhaseTLS      metric.ID = "phase.tls"
	PhaseContinue metric.ID = "phase.continue"
	PhaseSend     metric.ID = "phase.send"
	PhaseWait     metric.ID = "phase.wait"
	PhaseReceive  metric.ID = "phase.receive"
	// Pause is no phase but the longest gap in one, of ops that receive a body.
	Pause metric.ID = "pause"
)

// Phases are the ids of the phases in the order in which they happen.
var Phases = []metric.ID{PhaseResolve, PhaseConnect, PhaseTLS, PhaseContinue, PhaseSend, PhaseWait, PhaseReceive}

// The places of the durations in latencies; the phases stand last, in the
// order of Phases.
const (
	atService = iota
	atResponse
	atTTFB
	atStall
	atPause
	atPhases
	latencyKinds = atPhases + 7
)

// latencies are the durations of a trial by kind. An array in place of a map
// keeps a dozen look-ups out of every op.
type latencies [latencyKinds]Latency

// add sorts one op's durations into those that ended and those of which only
// a lower bound is known.
//
//   - service, response, stall.time, pause: done if the op ended well, else unended.
//   - ttfb counts from Start to FirstByte. An op cut after its first byte has
//     a true ttfb; one that failed has not, since what came was not an answer
//     of use: it counts as unended.
//   - A phase is done when the op ended well or a later phase began: only the
//     phase in which an op failed or was cut is unended.
//
// An op that was dropped never started: it has a response time only, unended.
func (l *latencies) add(o *probes.Observation) {
	ok := o.Outcome == probes.OK
	if d, known := o.Response(); known || o.Outcome == probes.Dropped {
		l.put(atResponse, d, ok)
	}
	elapsed, known := o.Service()
	if !known {
		return
	}
	l.put(atService, elapsed, ok)
	l.put(atStall, o.Phases.Stall, ok)
	if o.Phases.Pause > 0 {
		l.put(atPause, o.Phases.Pause, ok)
	}
	if first, came := o.FirstByte.Since(o.Start); came {
		l.put(atTTFB, first, !o.Outcome.Failed())
	} else if !ok {
		l.put(atTTFB, elapsed, false)
	}
	p := &o.Phases
	phases := [...]time.Duration{p.Resolve, p.Connect, p.TLS, p.Continue, p.Send, p.Wait, p.Receive}
	last := len(phases) - 1
	for last > 0 && phases[last] == 0 {
		last--
	}
	for i, d := range phases {
		if d > 0 {
			l.put(atPhases+i, d, ok || i < last)
		}
	}
}

func (l *latencies) put(kind int, d time.Duration, done bool) {
	into := &l[kind].Unended
	if done {
		into = &l[kind].Done
	}
	if *into == nil {
		*into = NewHist()
	}
	(*into).Record(d)
}

func (l *latencies) merge(other *latencies) {
	for i := range l {
		l[i].merge(&other[i])
	}
}

// byMetric gives what was recorded, at rest; connect and tls are the phases of
// these names.
func (l *latencies) byMetric() map[metric.ID]*Latency {
	ids := [latencyKinds]metric.ID{atService: metric.Service, atResponse: metric.Response, atTTFB: metric.TTFB, atStall: metric.StallTime, atPause: Pause}
	copy(ids[atPhases:], Phases)
	out := map[metric.ID]*Latency{}
	for i, id := range ids {
		if l[i].Count() == 0 {
			continue
		}
		if l[i].Done == nil {
			l[i].Done = NewHist()
		}
		l[i].Done.Rest()
		l[i].Unended.Rest()
		out[id] = &l[i]
	}
	for id, phase := range map[metric.ID]metric.ID{metric.Connect: PhaseConnect, metric.TLS: PhaseTLS} {
		if out[phase] != nil {
			out[id] = out[phase]
		}
	}
	return out
}

// Count is the number of ops, those that did not end included; a nil Latency
// has none.
func (l *Latency) Count() uint64 {
	if l == nil {
		return 0
	}
	return l.Done.Count() + l.Unended.Count()
}

func (l *Latency) merge(other *Latency) {
	for _, side := range []struct {
		to   **Hist
		from *Hist
	}{{&l.Done, other.Done}, {&l.Unended, other.Unended}} {
		if side.from.Count() == 0 {
			continue
		}
		if *side.to == nil {
			*side.to = NewHist()
		}
		(*side.to).Merge(side.from)
	}
}
