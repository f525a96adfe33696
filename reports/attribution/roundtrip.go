package attribution

import (
	"math"
	"slices"

	"loadline/probes/record"
)

// trip is what is known of the round trip to an arm as an application sees
// it: it lies between low and high, in seconds, by the evidence named.
type trip struct {
	low, high float64
	from      string // what shows the upper bound
	lowFrom   string
	// apart is the round trip by what is no wait for an answer: connecting and
	// the handshake, or else TCP to the next hop, however near. 0 if not known.
	apart float64
}

// source is what shows a round trip that is one of the likely ones.
func (t trip) source(seconds float64) string {
	if seconds == t.low {
		return t.lowFrom
	}
	return t.from
}

// settled reports whether the bounds are close enough to calculate with.
func (t trip) settled() bool { return t.high <= mostApart*t.low }

// mostApart is how many times as long one of two round trips may be that are
// taken for the same.
const mostApart = 1.4

// likely are the round trips to calculate with, and to print beside what comes
// of it: the middle of settled bounds, else both of them.
func (t trip) likely() []float64 {
	if t.settled() {
		return []float64{math.Sqrt(t.low * t.high)}
	}
	return []float64{t.low, t.high}
}

// span writes the least and the largest of some values, or the only one.
func span(values []float64, write func(float64) string) string {
	low, high := write(slices.Min(values)), write(slices.Max(values))
	if low == high {
		return low
	}
	return low + " to " + high
}

// roundTrip bounds the round trip of the accused arm; ok is false if nothing
// shows it. TCP's own figure is that of the next hop, since a proxy or relay
// hides what lies behind it.
//
//   - At most: a full TLS handshake over its round trips, and the shortest
//     waits for the answer to a whole request.
//   - At least: connecting and handshake together over theirs (a relay takes
//     the connection at once and lets the handshake pay), and TCP's minimum.
//
// The arm's own cells count, and those of the reference where a handshake
// takes it as long, which puts it as far away.
func (v view) roundTrip() (t trip, ok bool) {
	t.high = math.Inf(1)
	sides := v.sidesAsFar()
	for _, s := range sides {
		tls, connect := s.quantile(record.PhaseTLS, 0.5), s.quantile(record.PhaseConnect, 0.5)
		if tls > 0 {
			t.most(tls/handshakeTrips(s), "the TLS handshake")
			if !(connect > 0) {
				connect = 0 // none was measured
			}
			t.low = math.Max(t.low, (tls+connect)/(handshakeTrips(s)+1))
			t.lowFrom = "connecting and the TLS handshake together"
		}
		t.most(s.quantile(record.PhaseWait, 0.05), byWaits)
		t.most(s.quantile(record.PhaseContinue, 0.05), "the shortest waits for 100 Continue")
	}
	if math.IsInf(t.high, 1) {
		return t, false
	}
	if t.apart = t.low; t.apart == 0 {
		t.apart = tcpTrip(sides)
	}
	if t.low == 0 && t.apart >= leastRoundTrip { // that of a network, not of this machine
		t.low, t.lowFrom = t.apart, "TCP"
	}
	if t.low == 0 || t.low > t.high {
		t.low, t.lowFrom = t.high, t.from
	}
	return t, true
}

func (t *trip) most(seconds float64, from string) {
	if seconds > 0 && seconds < t.high {
		t.high, t.from = seconds, from
	}
}

// byWaits is how the waits for an answer are named as evidence.
const byWaits = "the shortest waits for an answer"

// drains reports whether a round trip is known from nothing but the waits for
// the answers to uploads over a protocol without windows of its own: buffers on
// the way fill while the body is sent and drain during the wait, so that rate ×
// wait is what they hold, whatever the round trip. A handshake or TCP's own
// figure that is about the same shows that it is one.
func (v view) drains(t trip, seconds float64, http2 bool) bool {
	if !v.upload || http2 || t.from != byWaits || seconds == t.low && t.lowFrom != byWaits {
		return false
	}
	return t.high > mostApart*t.apart
}

// tcpTrip is the smallest round trip that TCP saw to the next hop, be it on
// this machine; 0 if it is not known.
func tcpTrip(sides []side) float64 {
	least := math.Inf(1)
	for _, s := range sides {
		for _, t := range s.trials {
			if rtt := t.Network.MinRTT.Seconds(); rtt > 0 {
				least = min(least, rtt)
			}
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// sidesAsFar are the arm in every cell, and the reference if it is as far away.
func (v view) sidesAsFar() []side {
	var cand, ref []side
	for _, s := range v.scenes {
		cand, ref = append(cand, s.cand), append(ref, s.ref)
	}
	a, b := handshake(cand), handshake(ref)
	if a > 0 && b > 0 && math.Abs(a/b-1) < 0.2 {
		return append(cand, ref...)
	}
	return cand
}

// handshake is the shortest typical TLS handshake of sides, NaN if there is
// none.
func handshake(sides []side) float64 {
	least := math.NaN()
	for _, s := range sides {
		if d := s.quantile(record.PhaseTLS, 0.5); d > 0 && !(d >= least) {
			least = d
		}
	}
	return least
}

// handshakeTrips is the number of round trips of a full TLS handshake: one in
// 1.3, two before.
func handshakeTrips(s side) float64 {
	for _, t := range s.trials {
		for _, p := range t.Peers {
			if p.TLS != "" && p.TLS != "TLS 1.3" && p.TLS != "1.3" {
				return 2
			}
		}
	}
	return 1
}
