package attribution

import (
	"fmt"
	"math"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// hanging recognises ops none of which comes to an end, where those around do,
// and says in which phase they hang.
func hanging(v view) []clue {
	for _, s := range v.harmed() {
		n := s.cand.ops[probes.Cut]
		if s.slow || n == 0 || s.cand.ended() > 0 || s.ref.ended() == 0 {
			continue
		}
		id, extra, all := s.slowestPhase()
		if id == "" || extra < 0.7*all {
			return []clue{{aboutFailure, support, "", fmt.Sprintf("none of %d ops%s came to an end", n, v.in(s))}}
		}
		_, hung := s.cand.durations(metric.Service)
		text := fmt.Sprintf("none of %d ops%s came to an end: each was in flight for up to %s, of that %s %s (%s around)",
			n, v.in(s), amount(math.Min(quantile(hung, 1), math.MaxFloat64)), amount(s.cand.perOp(id)), phaseWords[id], amount(s.ref.perOp(id)))
		cause := "ops hang while " + phaseWords[id]
		if id == record.PhaseWait {
			cause = "requests are taken and not answered"
		}
		return []clue{{aboutFailure, likely, cause, text}}
	}
	return nil
}

// silent is how many ops had no answer when they were given up: cut when their
// trial ended, or after the time that the scenario allows an answer.
func (s side) silent() uint64 { return s.ops[probes.Cut] + s.ops[probes.Timeout] }

// mostHanging is how many ops may hang for each that ends well: with a closed
// loop, each hanging op takes a place in which others would have ended.
const mostHanging = 4

// hangsAtTimes recognises ops that hang among others that work, and says where
// in the exchange they were when they were given up. Those of connections that
// are dropped while idle hang as well, and are told as that.
func hangsAtTimes(v view) []clue {
	if len(idleDropped(v)) > 0 {
		return nil
	}
	for _, s := range v.harmed() {
		n, others := s.cand.silent(), s.cand.ended()-s.cand.ops[probes.Timeout]
		_, hung := s.cand.durations(metric.Service)
		age := quantile(hung, 1)
		if n < 2 || max(others, mostHanging*s.cand.ops[probes.OK]) < n || s.ref.silent() > 0 || !(age > math.Max(1, 10*s.ref.quantile(metric.Service, 0.9))) {
			continue
		}
		if usual := s.cand.quantile(metric.Service, 0.9); s.cand.ops[probes.OK] > 0 && age < 2*usual {
			continue // they were given up at an age at which the arm's other ops are under way too
		}
		longest, where := 0.0, metric.ID("")
		for id := range phaseWords {
			if _, h := s.cand.durations(id); quantile(h, 1) > longest {
				longest, where = quantile(h, 1), id
			}
		}
		cause := "some ops never end"
		switch {
		case longest < 0.7*age:
		case where == record.PhaseWait:
			cause = "some requests are taken and never answered"
		case where == record.PhaseReceive:
			cause = "some answers stop in the middle of the body"
		case where == record.PhaseSend:
			cause = "some uploads stop in the middle of the body"
		}
		return []clue{{aboutFailure, likely, cause, fmt.Sprintf("%d of %d ops%s never came to an end and were %s at an age of up to %s, while nine in ten around end within %s",
			n, n+others, v.in(s), s.cand.endedBy(), amount(math.Min(age, math.MaxFloat64)), amount(s.ref.quantile(metric.Service, 0.9)))}}
	}
	return nil
}

// endedBy says what the probe did to ops that had no answer.
func (s side) endedBy() string {
	switch cut, late := s.ops[probes.Cut], s.ops[probes.Timeout]; {
	case late == 0:
		return "cut"
	case cut == 0:
		return "given up"
	default:
		return "cut or given up"
	}
}
