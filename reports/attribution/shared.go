package attribution

import (
	"fmt"

	"loadline/probes/record"
)

// turns recognises requests that wait for their turn on a connection that all
// in flight share. A request without a body is sent in no time, unless the peer
// allows no more streams at a time (RFC 9113, section 5.1.2).
func turns(v view) []clue {
	if !v.shared || v.upload {
		return nil
	}
	var found []clue
	for _, s := range v.slow() {
		id, extra, all := s.slowestPhase()
		if id != record.PhaseSend || extra < 0.7*all || v.speaks(s) != "HTTP/2.0" {
			return nil
		}
		found = append(found, clue{aboutSpeed, named, "requests wait for their turn on the shared connection: fewer streams at a time are allowed",
			fmt.Sprintf("a request without a body takes %s to be sent, around %s%s: it waits while the peer of a shared HTTP/2 connection allows no more streams at a time (%d in flight)",
				amount(s.cand.perOp(record.PhaseSend)), amount(s.ref.perOp(record.PhaseSend)), v.in(s), v.inFlight(s))})
	}
	return found
}
