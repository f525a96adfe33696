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
