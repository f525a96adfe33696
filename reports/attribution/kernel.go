package attribution

import (
	"fmt"
	"time"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/scenarios/metric"
)

// kernelLimits says what the kernel waited for while it had data to send.
func kernelLimits(v view) []clue {
	var found []clue
	for _, s := range v.slow() {
		for _, k := range []struct {
			of    func(record.Network) float64
			cause string
			text  string
		}{
			{func(n record.Network) float64 { return n.RwndLimit.Seconds() }, "held back by the receiver's window", "%s of the time in which there was data to send, the receiver's window was full%s; around %s"},
			{func(n record.Network) float64 { return n.SndbufLimt.Seconds() }, "held back by the send buffer", "%s of the time in which there was data to send, the send buffer was too small%s; around %s"},
		} {
			cand, ok := s.cand.shareOfBusy(k.of)
			ref, _ := s.ref.shareOfBusy(k.of)
			if !ok || cand < 0.3 || cand < 2*ref {
				continue
			}
			found = append(found, clue{aboutSpeed, support, k.cause, fmt.Sprintf(k.text,
				verdict.Amount(metric.Share, round(cand)), v.in(s), verdict.Amount(metric.Share, round(ref)))})
		}
	}
	return found
}

// leastBusy is the time of sending below which shares of it say nothing.
const leastBusy = 50 * time.Millisecond

func (s side) shareOfBusy(of func(record.Network) float64) (share float64, ok bool) {
	busy := s.network(func(n record.Network) float64 { return n.Busy.Seconds() })
	if busy < leastBusy.Seconds() {
		return 0, false
	}
	return s.network(of) / busy, true
}

func round(share float64) float64 { return float64(int(share*1000+0.5)) / 1000 }

// segment is the payload of a full segment on Ethernet.
const segment = 1448

// retransmits recognises a lossy leg by what had to be sent again.
func retransmits(v view) []clue {
	if !v.upload {
		return nil // what the far side sends again cannot be seen from here
	}
	rate := func(s side) (again, share float64) {
		again = s.network(func(n record.Network) float64 { return float64(n.Retrans) })
		return again, again * segment / max(s.moved, segment)
	}
	for _, s := range v.slow() {
		again, cand := rate(s.cand)
		_, ref := rate(s.ref)
		if again < 5 || cand < 0.001 || cand < 10*ref {
			continue
		}
		text := fmt.Sprintf("%.0f segments (about %s) had to be sent again%s, around %s", again,
			verdict.Amount(metric.Share, round(cand)), v.in(s), verdict.Amount(metric.Share, round(ref)))
		for _, t := range s.cand.trials {
			if t.Network.Congestion != "" {
				text += "; the sender's congestion control is " + t.Network.Congestion
				break
			}
		}
		return []clue{{aboutSpeed, likely, "packets are lost on the way", text}}
	}
	return nil
}

// protocolLost recognises a path on which HTTP/2 is no longer negotiated.
func protocolLost(v view) []clue {
	for _, s := range v.harmed() {
		cand, ref := s.cand.protocol(), s.ref.protocol()
		if cand == "" || ref == "" || cand == ref {
			continue
		}
		c := clue{about: aboutSpeed, weight: support, evidence: fmt.Sprintf("the arm speaks %s where around speaks %s%s", cand, ref, v.in(s))}
		if ref == "HTTP/2.0" {
			c.cause = "HTTP/2 is not negotiated any more"
		}
		return []clue{c}
	}
	return nil
}
