package attribution

import (
	"fmt"
	"strings"

	"loadline/probes"
)

// keptClosed recognises failures that all lie on connections that had worked:
// the peer closes them while a request is on its way, as servers do that are
// reloaded, or that count requests or idle seconds.
func keptClosed(v view) []clue {
	for _, s := range v.failing() {
		kept := s.cand.failures(anyFailure)
		closed := 0
		for _, f := range kept {
			if f.Outcome == probes.Reset && strings.Contains(f.Message, probes.OnKept) {
				closed++
			}
		}
		if len(kept) == 0 || 5*closed < 4*len(kept) || s.cand.failedShare() > 0.2 {
			continue
		}
		text := fmt.Sprintf("%d of %d kept failures%s are connections that had worked and were closed before any answer: as by a reload, a limit on requests per connection, or an idle timeout; the requests were not repeated, where most clients would",
			closed, len(kept), v.in(s))
		return []clue{{aboutFailure, likely, "kept connections are closed while a request is on its way", text}}
	}
	return nil
}

// badFromStart recognises failures that only the warm-up met: its connections
// were replaced there, and all that was measured went well.
func badFromStart(v view) []clue {
	for _, s := range v.harmed() {
		if s.cand.failed() > 0 {
			continue
		}
		bad, trials, example := uint64(0), 0, ""
		for _, t := range s.cand.trials {
			if t.WarmUp == nil {
				continue
			}
			if n := (side{ops: t.WarmUp.Ops}).failed(); n > 0 {
				bad, trials = bad+n, trials+1
			}
			if example == "" && len(t.WarmUp.Failures) > 0 {
				example = t.WarmUp.Failures[0].Message
			}
		}
		if bad > 0 {
			return []clue{{aboutFailure, likely, "some connections are bad from their start",
				fmt.Sprintf("%d ops failed in the warm-up%s, in %d of %d trials, and none after it: connections that are made there are kept, and bad ones replaced (%s)",
					bad, v.in(s), trials, len(s.cand.trials), example)}}
		}
	}
	return nil
}
