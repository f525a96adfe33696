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

// roundTrip estimates the round trip of an arm as an application sees it, in
// seconds, and says from what. TCP's own figure is that of the next hop: a
// proxy or tunnel hides what lies behind it. A handshake cannot be faster than
// its round trips, nor the first byte of an answer than one.
func roundTrip(s side) (seconds float64, from string) {
	seconds = math.Inf(1)
	take := func(d float64, source string) {
		if d > 0 && d < seconds {
			seconds, from = d, source
		}
	}
	take(s.quantile(record.PhaseTLS, 0.5)/handshakeTrips(s), "the TLS handshake")
	take(s.quantile(record.PhaseWait, 0.05), "the shortest waits for an answer")
	take(s.quantile(record.PhaseContinue, 0.5), "the wait for 100 Continue")
	tcp := math.Inf(1)
	for _, t := range s.trials {
		if rtt := t.Network.MinRTT.Seconds(); rtt > 0 {
			tcp = min(tcp, rtt)
		}
	}
	if math.IsInf(seconds, 1) || (!math.IsInf(tcp, 1) && tcp > seconds) {
		seconds, from = tcp, "TCP"
	}
	if math.IsInf(seconds, 1) {
		return math.NaN(), ""
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
		rtt, from := roundTrip(s.cand)
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

// limiter recognises a rate that is the same whatever the size or the trial,
// and a round figure: what a person writes into a configuration.
func limiter(v view) []clue {
	if len(window(v)) > 0 {
		return nil
	}
	var rates []float64
	steady, apart := true, true
	for _, s := range v.slow() {
		for _, t := range s.cand.trials {
			if r := v.streamRate(newTrialSide(t)); r > 0 {
				rates = append(rates, r)
			}
		}
		apart = apart && !(v.streamRate(s.ref) < 2*v.streamRate(s.cand))
		steady = steady && !s.bursts(v)
	}
	if len(rates) < 2 || !steady || !apart {
		return nil
	}
	low, high := slices.Min(rates), slices.Max(rates)
	if high > 1.1*low {
		return nil
	}
	figure, round := roundFigure(median(rates))
	if !round {
		return nil
	}
	return []clue{{aboutSpeed, likely, fmt.Sprintf("a rate limit of about %s per stream", figure),
		fmt.Sprintf("every transfer moves at %s to %s in %d trials of %s: a constant, round figure",
			unit.BytesPerSecond(low), unit.BytesPerSecond(high), len(rates), cells(v.slow()))}}
}

func newTrialSide(t record.Trial) side {
	return side{arm: t.Arm, trials: []record.Trial{t}, moved: float64(t.Bytes.Moved), span: t.Span.Seconds()}
}

// roundFigure is the figure that someone may have written, SI or IEC, and
// whether there is one within 5 %.
func roundFigure(rate float64) (string, bool) {
	for _, u := range []struct {
		name string
		size float64
	}{{"MB/s", 1e6}, {"MiB/s", 1 << 20}, {"kB/s", 1e3}, {"KiB/s", 1 << 10}, {"Mbit/s", 125e3}} {
		n := rate / u.size
		if n < 0.95 || n > 1050 {
			continue
		}
		scale := math.Pow(10, math.Floor(math.Log10(n*1.05)))
		for _, mantissa := range []float64{1, 2, 2.5, 4, 5, 8, 10} {
			if m := mantissa * scale; math.Abs(n/m-1) < 0.05 {
				return fmt.Sprintf("%g %s", m, u.name), true
			}
		}
	}
	return "", false
}

func median(x []float64) float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
