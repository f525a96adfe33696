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

// frozen recognises a stretch in which nothing moved and nothing ended, in the
// middle of a trial.
func frozen(v view) []clue {
	for _, s := range v.harmed() {
		var longest, at time.Duration
		hit := 0
		for _, t := range s.cand.trials {
			if d, from := stillness(t); d >= leastFreeze {
				hit++
				if d > longest {
					longest, at = d, from
				}
			}
		}
		for _, t := range s.ref.trials {
			if d, _ := stillness(t); d >= leastFreeze {
				hit = 0
				break
			}
		}
		if hit == 0 || 2*hit < len(s.cand.trials) {
			continue
		}
		text := fmt.Sprintf("nothing moved and nothing ended for up to %s, from %s into the trial, in %d of %d trials%s",
			amount(longest.Seconds()), amount(at.Seconds()), hit, len(s.cand.trials), v.in(s))
		if v.run.Header.Scenario.Event != nil {
			text += "; the scenario's event runs in every trial"
		}
		return []clue{{aboutSpeed, named, "everything stands still for a while", text}}
	}
	return nil
}

// leastFreeze is the shortest stretch that is called a freeze.
const leastFreeze = 500 * time.Millisecond

// stillness is the longest stretch of a trial without a byte moved or an op
// ended well that has both before and after it, and when it begins.
func stillness(t record.Trial) (longest, at time.Duration) {
	steps := max(len(t.Timeline.Bytes), len(t.Timeline.Ended))
	moves := func(i int) bool {
		return (i < len(t.Timeline.Bytes) && t.Timeline.Bytes[i] > 0) || (i < len(t.Timeline.Ended) && t.Timeline.Ended[i] > 0)
	}
	last := -1
	for i := range steps {
		if !moves(i) {
			continue
		}
		if last >= 0 {
			if d := time.Duration(i-last-1) * t.Timeline.Step; d > longest {
				longest, at = d, time.Duration(last+1)*t.Timeline.Step
			}
		}
		last = i
	}
	return longest, at
}
