package attribution

import (
	"fmt"
	"math"
	"slices"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// streamRate is the rate of one transfer while its bytes moved, in B/s; NaN if
// not known. The kernel's busy time is no measure here: a sender that waits
// for an HTTP/2 window is idle in the kernel's eyes.
func (v view) streamRate(s side) float64 {
	moving := s.total(v.movingPhase())
	if moving <= 0 {
		moving = s.total(metric.Service)
	}
	if moving <= 0 || s.moved <= 0 {
		return math.NaN()
	}
	return s.moved / moving
}

// movingPhase is the phase in which the bodies move.
func (v view) movingPhase() metric.ID {
	if v.upload {
		return record.PhaseSend
	}
	return record.PhaseReceive
}

// roundTrip estimates the round trip to a scene's arm as an application sees
// it, in seconds, and says from what: from this cell, from the arm's other
// cells, or from the reference in this cell. TCP's own figure is that of the
// next hop, since a proxy or tunnel hides what lies behind it, and comes last.
func (v view) roundTrip(s scene) (seconds float64, from string) {
	if seconds, from = appTrip(s.cand); from != "" {
		return seconds, from
	}
	for _, other := range v.scenes {
		if d, f := appTrip(other.cand); f != "" && (from == "" || d < seconds) {
			seconds, from = d, f+" in "+other.cell.ID
		}
	}
	if from != "" {
		return seconds, from
	}
	if seconds, from = appTrip(s.ref); from != "" {
		return seconds, from + " around"
	}
	seconds = math.Inf(1)
	for _, t := range s.cand.trials {
		if rtt := t.Network.MinRTT.Seconds(); rtt > 0 {
			seconds = min(seconds, rtt)
		}
	}
	if math.IsInf(seconds, 1) {
		return math.NaN(), ""
	}
	return seconds, "TCP"
}

// appTrip is the shortest round trip that an arm's ops show in a cell: a
// handshake cannot be faster than its round trips, nor the answer to a whole
// request than one. from is empty if nothing shows it.
func appTrip(s side) (seconds float64, from string) {
	for _, e := range []struct {
		took float64
		from string
	}{
		{s.quantile(record.PhaseTLS, 0.5) / handshakeTrips(s), "the TLS handshake"},
		{s.quantile(record.PhaseWait, 0.05), "the shortest waits for an answer"},
		{s.quantile(record.PhaseContinue, 0.5), "the wait for 100 Continue"},
	} {
		if e.took > 0 && (from == "" || e.took < seconds) {
			seconds, from = e.took, e.from
		}
	}
	return seconds, from
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

// windows are the flow-control windows that products ship with, and the range
// of rate × round trip by which they are known: a little below the window,
// because the window update takes time to be made.
var windows = []struct {
	name      string
	low, high float64 // bytes
}{
	{"64 kB", 40e3, 80e3},
	{"256 kB", 170e3, 320e3},
	{"1 MB", 0.7e6, 1.3e6},
}

// leastRoundTrip is below what a window is not told from a slow machine.
const leastRoundTrip = 2e-3

// window recognises a transfer that moves one window per round trip: rate ×
// round trip is a window that products ship with, in every slow cell.
func window(v view) []clue {
	var products []float64
	var text string
	name, http2 := "", true
	for _, s := range v.slow() {
		rate, ref := v.streamRate(s.cand), v.streamRate(s.ref)
		rtt, from := v.roundTrip(s)
		product := rate * rtt
		size := float64(s.cell.Size)
		if !(rtt >= leastRoundTrip) || math.IsNaN(product) || !(ref > 2*rate || math.IsNaN(ref)) || (size > 0 && size < 4*product) {
			continue
		}
		fits := windowOf(product)
		if fits == "" || (name != "" && name != fits) || s.bursts(v) {
			return nil
		}
		name, http2 = fits, http2 && s.cand.protocol() == "HTTP/2.0"
		products = append(products, product)
		if text == "" {
			text = fmt.Sprintf("%s per stream × a round trip of %s (by %s) = %s%s",
				unit.BytesPerSecond(rate), verdict.Amount(metric.Seconds, rtt), from, kilobytes(product), v.in(s))
		}
	}
	if name == "" {
		return nil
	}
	what := fmt.Sprintf("a %s window, moved once per round trip", name)
	if http2 {
		what = fmt.Sprintf("a %s flow-control window (HTTP/2 stream window), moved once per round trip", name)
	}
	if len(products) > 1 {
		text += fmt.Sprintf("; between %s and %s in all of %d slow cells", kilobytes(slices.Min(products)), kilobytes(slices.Max(products)), len(products))
	}
	return []clue{{aboutSpeed, named, what, text}}
}

func windowOf(product float64) string {
	for _, w := range windows {
		if product >= w.low && product <= w.high {
			return w.name
		}
	}
	return ""
}

func kilobytes(n float64) string { return verdict.Amount(metric.Count, n/1e3) + " kB" }

// limiter recognises a rate that is the same in every trial: whatever the
// size, or a round figure as a person writes it into a configuration.
func limiter(v view) []clue {
	if len(window(v))+len(retransmits(v))+len(kernelLimits(v)) > 0 {
		return nil
	}
	var rates []float64
	var smallest, largest unit.Bytes
	for _, s := range v.slow() {
		if s.bursts(v) || !(v.streamRate(s.ref) > 2*v.streamRate(s.cand)) {
			return nil
		}
		for _, t := range s.cand.trials {
			if r := v.streamRate(newTrialSide(t)); r > 0 {
				rates = append(rates, r)
			}
		}
		if smallest == 0 || s.cell.Size < smallest {
			smallest = s.cell.Size
		}
		largest = max(largest, s.cell.Size)
	}
	if len(rates) < 2 || slices.Max(rates) > 1.1*slices.Min(rates) {
		return nil
	}
	figure, round := roundFigure(median(rates))
	text := fmt.Sprintf("every transfer moves at %s to %s in %d trials of %s: a constant",
		unit.BytesPerSecond(slices.Min(rates)), unit.BytesPerSecond(slices.Max(rates)), len(rates), cells(v.slow()))
	switch {
	case largest >= 4*smallest && smallest > 0:
		return []clue{{aboutSpeed, likely, fmt.Sprintf("a rate limit of about %s per stream, or a device as slow", figure), text + " whatever the size"}}
	case round:
		return []clue{{aboutSpeed, likely, fmt.Sprintf("a constant %s per stream, as of a rate limit", figure), text + ", round figure"}}
	}
	return nil
}

func newTrialSide(t record.Trial) side {
	return side{arm: t.Arm, trials: []record.Trial{t}, moved: float64(t.Bytes.Moved), span: t.Span.Seconds()}
}

// roundFigure is the figure that someone may have written, SI or IEC, and
// whether there is one within 2.5 %; else it is the rate itself.
func roundFigure(rate float64) (string, bool) {
	for _, u := range []struct {
		name string
		size float64
	}{{"MB/s", 1e6}, {"MiB/s", 1 << 20}, {"kB/s", 1e3}, {"KiB/s", 1 << 10}} {
		n := rate / u.size
		if n < 0.97 || n > 1025 {
			continue
		}
		scale := math.Pow(10, math.Floor(math.Log10(n*1.03)))
		for _, mantissa := range []float64{1, 2, 5} {
			if m := mantissa * scale; math.Abs(n/m-1) < 0.025 {
				return fmt.Sprintf("%g %s", m, u.name), true
			}
		}
	}
	return unit.BytesPerSecond(rate).String(), false
}

func median(x []float64) float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
