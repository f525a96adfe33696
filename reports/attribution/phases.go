package attribution

import (
	"fmt"
	"math"
	"strings"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/scenarios/metric"
)

// phases says which phase holds the extra time of the slow cells.
func phases(v view) []clue {
	var found []clue
	for _, s := range v.slow() {
		id, extra, all := s.slowestPhase()
		if id == "" {
			continue
		}
		found = append(found, clue{about: aboutSpeed, weight: context, evidence: fmt.Sprintf(
			"of %s more per op%s, %s are spent in %s (%s against %s)",
			amount(all), v.in(s), amount(extra), phaseWords[id], amount(s.cand.perOp(id)), amount(s.ref.perOp(id)))})
	}
	return found
}

func amount(seconds float64) string { return verdict.Amount(metric.Seconds, seconds) }

var phaseWords = map[metric.ID]string{
	record.PhaseResolve:  "resolving the name",
	record.PhaseConnect:  "connecting",
	record.PhaseTLS:      "the TLS handshake",
	record.PhaseContinue: "waiting for 100 Continue",
	record.PhaseSend:     "sending the body",
	record.PhaseWait:     "waiting for the answer",
	record.PhaseReceive:  "receiving the body",
}

// slowestPhase is the phase that grew most, by how many seconds per op, and
// the growth of all together; no phase if the arm is not slower.
func (s scene) slowestPhase() (id metric.ID, extra, all float64) {
	for _, p := range record.Phases {
		d := s.cand.perOp(p) - s.ref.perOp(p)
		if d > 0 {
			all += d
		}
		if d > extra {
			id, extra = p, d
		}
	}
	return id, extra, all
}

// constantWait recognises requests that each wait longer by the same time,
// whatever their size: an extra round trip, or a connection made per request.
// One size cannot tell that from a slower rate, which buffers hide in the wait.
func constantWait(v view) []clue {
	if len(window(v)) > 0 {
		return nil
	}
	type shifted struct{ extra, whole, size float64 }
	var found []shifted
	for _, s := range v.slow() {
		id, extra, all := s.slowestPhase()
		if id != record.PhaseWait || extra < 0.7*all {
			return nil
		}
		if _, ok := v.lessCrowded(s, func(o scene) bool { return o.clean }); ok {
			return nil // fewer at a time do not wait: it is no wait of each request
		}
		typical := s.cand.quantile(id, 0.5) - s.ref.quantile(id, 0.5)
		// All ops wait longer, not just some: the fast end has moved as well.
		if !(typical > 1e-3) || s.cand.quantile(id, 0.1)-s.ref.quantile(id, 0.5) < 0.5*typical || s.cand.quantile(id, 0.9) > s.cand.quantile(id, 0.1)*2.5 {
			return nil
		}
		found = append(found, shifted{typical, s.ref.quantile(metric.Service, 0.5), float64(s.cell.Size)})
	}
	if len(found) == 0 {
		return nil
	}
	low, high := found[0], found[0]
	for _, f := range found {
		if f.size < low.size {
			low = f
		}
		if f.size > high.size {
			high = f
		}
		if math.Abs(f.extra-found[0].extra) > 0.3*found[0].extra {
			return nil
		}
	}
	return []clue{waitClue(low.extra, low.whole, high.size >= 4*low.size && low.size > 0)}
}

// waitClue is a wait of extra seconds per request, where one around takes whole
// seconds. It is constant if ops of several sizes have shown it to be.
func waitClue(extra, whole float64, constant bool) clue {
	text := fmt.Sprintf("each request waits about %s longer for its answer", amount(extra))
	if !constant {
		return clue{aboutSpeed, likely, fmt.Sprintf("a longer wait for the answer, by about %s (constant or by size: one size cannot tell)", amount(extra)),
			text + " (with one size, it is not shown that it does not grow with size, as where a slow rate is hidden by buffers)" +
				": an extra round trip, a new backend connection per request, a queue, work done for each, or a slower rate behind the balancer"}
	}
	cause := fmt.Sprintf("a constant extra wait per request of about %s", amount(extra))
	text += ", independent of its size"
	if ratio := extra / whole; ratio > 0.6 && ratio < 1.6 {
		return clue{aboutSpeed, likely, cause + ", as of an extra round trip or a new backend connection per request",
			text + fmt.Sprintf("; it is about one whole request around (%s): an extra round trip behind the balancer per request, as when it opens a new connection to the backend for each", amount(whole))}
	}
	return clue{aboutSpeed, likely, cause, text + ": an extra round trip, a new backend connection per request, a queue, or work done for each"}
}

// slowHandshake recognises TLS handshakes that cost more.
func slowHandshake(v view) []clue {
	for _, s := range v.slow() {
		id, extra, all := s.slowestPhase()
		cand, ref := s.cand.quantile(record.PhaseTLS, 0.5), s.ref.quantile(record.PhaseTLS, 0.5)
		if id != record.PhaseTLS || extra < 0.5*all || !(cand > 1.5*ref) {
			continue
		}
		return []clue{{aboutSpeed, named, "slow TLS handshakes",
			fmt.Sprintf("a TLS handshake takes %s against %s%s (%s against %s)", amount(cand), amount(ref), v.in(s), tls(s.cand), tls(s.ref))}}
	}
	return nil
}

// tls is the version that most ops spoke.
func tls(s side) string {
	for _, t := range s.trials {
		for _, p := range t.Peers {
			if p.TLS != "" {
				return p.TLS
			}
		}
	}
	return "no TLS"
}

// retries are the seconds after which a lost SYN is sent again (RFC 6298 with
// an initial timeout of 1 s, doubling), and the pause of a fallback from IPv6
// to IPv4 (RFC 8305: 250 ms; 300 ms in common clients).
var retries = []struct {
	low, high float64
	name      string
}{{0.24, 0.34, "300 ms"}, {0.98, 1.15, "1 s"}, {2.95, 3.3, "3 s"}, {6.9, 7.4, "7 s"}}

// slowConnect recognises connections that needed a second try: connect times
// at 1, 3 or 7 s, or at 300 ms.
func slowConnect(v view) []clue {
	for _, s := range v.scenes {
		done, unended := s.cand.durations(record.PhaseConnect)
		done.Merge(unended)
		var late, all uint64
		var at []string
		for _, r := range retries {
			n := between(done, r.low, r.high)
			if n > 0 {
				at = append(at, r.name)
			}
			late += n
		}
		all = done.Count()
		refDone, _ := s.ref.durations(record.PhaseConnect)
		var refLate uint64
		for _, r := range retries {
			refLate += between(refDone, r.low, r.high)
		}
		if late < 2 || 50*late < all || refLate > 0 || s.ref.quantile(record.PhaseConnect, 0.5) > retries[0].low {
			continue
		}
		return []clue{{aboutSpeed, named, "connections need a second try",
			fmt.Sprintf("%d of %d connects took about %s%s, as when the first packet gets no answer: a dead address, a full table or backlog", late, all, strings.Join(at, " or "), v.in(s))}}
	}
	return nil
}

func between(h *record.Hist, low, high float64) (n uint64) {
	for top, k := range h.Buckets() {
		if s := top.Seconds(); s >= low && s <= high {
			n += k
		}
	}
	return n
}
