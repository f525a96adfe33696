package attribution

import (
	"fmt"
	"time"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/scenarios/metric"
)

// A limit is something that holds a sender back, and the two ways in which it
// shows: the kernel's own clock, of which a large share is proof and a small
// one is nothing (with bbr it misses full windows, with cubic full buffers),
// and the intervals of the connections.
type limit struct {
	cause string
	clock func(record.Network) time.Duration
	// words take the share of the clock, the place, and the reference's share.
	words string
	// met says whether an interval was spent against the limit.
	met func(record.ConnPoint) bool
	// figure is what met looked at, to be told as its median.
	figure func(record.ConnPoint) float64
	// intervals takes how many intervals met it, of how many, the place, the
	// median figure, and the reference's intervals and figure.
	intervals string
}

const (
	// fullWindow is the part of the window under way from which on the window
	// sets the rate: measured on links with known windows it is 0.7 to 1.3, and
	// below 0.65 with a window that grows as needed.
	fullWindow = 0.7
	// leastClock is the least share of the busy time that is proof.
	leastClock = 0.3
	// mostIntervals have to meet a limit, and at most half as many of the
	// reference's; fewer come and go with the machine.
	mostIntervals = 0.6
	// leastIntervals is the number of intervals below which they say nothing.
	leastIntervals = 8
	// leastBusy is the time of sending below which shares of it say nothing.
	leastBusy = 50 * time.Millisecond
)

var limits = []limit{
	{
		cause:  "held back by the receiver's window",
		clock:  func(n record.Network) time.Duration { return n.RwndLimit },
		words:  "%s of the time in which there was data to send, the receiver's window was full%s; around %s",
		met:    func(p record.ConnPoint) bool { return p.WindowFill >= fullWindow },
		figure: func(p record.ConnPoint) float64 { return p.WindowFill },
		intervals: "in %d of %d intervals in which the kernel was sending%s, the bytes under way (rate × round trip) filled the window that the receiver offers, " +
			"to %s in the median; around in %d of %d, to %s",
	},
	{
		cause:  "held back by the send buffer",
		clock:  func(n record.Network) time.Duration { return n.SndbufLimt },
		words:  "%s of the time in which there was data to send, the send buffer was too small%s; around %s",
		met:    func(p record.ConnPoint) bool { return p.SndbufBound >= 0.5 },
		figure: func(p record.ConnPoint) float64 { return p.SndbufBound },
		intervals: "in %d of %d intervals in which the kernel was sending%s, it ran out of data while the sender waited for room in the send buffer, " +
			"for %s of the time in the median; around in %d of %d, for %s",
	},
}

// kernelLimits says what the kernel waited for while it had data to send, or
// why it had none.
func kernelLimits(v view) []clue {
	var found []clue
	for _, s := range v.slow() {
		for _, l := range limits {
			if text, ok := l.byClock(v, s); ok {
				found = append(found, clue{aboutSpeed, support, l.cause, text})
			} else if text, ok := l.byIntervals(v, s); ok {
				found = append(found, clue{aboutSpeed, support, l.cause, text})
			}
		}
	}
	return found
}

func (l limit) byClock(v view, s scene) (text string, ok bool) {
	seconds := func(n record.Network) float64 { return l.clock(n).Seconds() }
	cand, known := s.cand.shareOfBusy(seconds)
	ref, _ := s.ref.shareOfBusy(seconds)
	if !known || cand < leastClock || cand < 2*ref {
		return "", false
	}
	return fmt.Sprintf(l.words, share(cand), v.in(s), share(ref)), true
}

// byIntervals holds where the limit is met in most intervals of the arm and in
// few of the reference's, and the way is long enough for windows and buffers
// to matter.
func (l limit) byIntervals(v view, s scene) (text string, ok bool) {
	cand, candFigure := s.cand.intervals(l)
	ref, refFigure := s.ref.intervals(l)
	if cand.all < leastIntervals || ref.all < leastIntervals || !(s.cand.kernelTrip() >= leastRoundTrip) ||
		cand.share() < mostIntervals || cand.share() < 2*ref.share() {
		return "", false
	}
	return fmt.Sprintf(l.intervals, cand.met, cand.all, v.in(s), share(candFigure), ref.met, ref.all, share(refFigure)), true
}

func share(x float64) string { return verdict.Amount(metric.Share, round(x)) }

func (s side) shareOfBusy(of func(record.Network) float64) (share float64, ok bool) {
	busy := s.network(func(n record.Network) float64 { return n.Busy.Seconds() })
	if busy < leastBusy.Seconds() {
		return 0, false
	}
	return s.network(of) / busy, true
}

// tally is in how many of all intervals something was met.
type tally struct{ met, all int }

func (t tally) share() float64 {
	if t.all == 0 {
		return 0
	}
	return float64(t.met) / float64(t.all)
}

// intervals counts those in which the kernel had data to send most of the
// time, and gives the median of what the limit looks at in them.
func (s side) intervals(l limit) (t tally, figure float64) {
	var figures []float64
	for _, p := range s.points() {
		if p.Busy < p.Span/2 {
			continue
		}
		figures = append(figures, l.figure(p))
		t.all++
		if l.met(p) {
			t.met++
		}
	}
	if len(figures) > 0 {
		figure = median(figures)
	}
	return t, figure
}

// points are the intervals of all connections that were kept.
func (s side) points() []record.ConnPoint {
	var out []record.ConnPoint
	for _, t := range s.trials {
		for _, c := range t.Conns {
			out = append(out, c.Points...)
		}
	}
	return out
}

// kernelTrip is the round trip as the kernel measures it, in seconds: the
// shortest, since what waits in buffers is no way. 0 if it is not known.
func (s side) kernelTrip() float64 {
	least := time.Duration(0)
	for _, p := range s.points() {
		if p.MinRTT > 0 && (least == 0 || p.MinRTT < least) {
			least = p.MinRTT
		}
	}
	return least.Seconds()
}

func round(share float64) float64 { return float64(int(share*1000+0.5)) / 1000 }

// segment is the payload of a full segment on Ethernet.
const segment = 1448

// retransmits recognises a lossy leg by what had to be sent again.
func retransmits(v view) []clue {
	if !v.upload {
		return nil // what the far side sends again cannot be seen from here
	}
	rate := func(s side) (again, part float64) {
		again = s.network(func(n record.Network) float64 { return float64(n.Retrans) })
		return again, again * segment / max(s.moved, segment)
	}
	for _, s := range v.slow() {
		again, cand := rate(s.cand)
		_, ref := rate(s.ref)
		if again < 5 || cand < 0.001 || cand < 10*ref {
			continue
		}
		text := fmt.Sprintf("%.0f segments (about %s) had to be sent again%s%s, around %s%s",
			again, share(cand), v.in(s), s.cand.resent(), share(ref), s.ref.resent())
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

// resent says in how many intervals something was sent again, and nothing
// where they are too few.
func (s side) resent() string {
	again, all := 0, 0
	for _, p := range s.points() {
		all++
		if p.Retrans > 0 {
			again++
		}
	}
	if all < leastIntervals {
		return ""
	}
	return fmt.Sprintf(", in %d of %d intervals of its connections", again, all)
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
