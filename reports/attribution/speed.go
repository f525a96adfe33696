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

// plateau is the rate of one transfer once it is under way, from the timelines,
// where moving bodies is most of what the ops do; else streamRate. It is taken
// over stretches of some round trips and some blocks of a body: what moves at
// once would else show in one step, with nothing in the next.
func (v view) plateau(s scene) float64 {
	if s.cand.total(v.movingPhase()) < 0.8*s.cand.total(metric.Service) {
		return v.streamRate(s.cand)
	}
	stretch := flowBlocks * blockBytes / v.streamRate(s.cand)
	if rtt, ok := v.roundTrip(); ok {
		stretch = math.Max(stretch, flowTrips*rtt.high)
	}
	var rates []float64
	for _, t := range s.cand.trials {
		step := t.Timeline.Step.Seconds()
		steps := 1
		if n := math.Ceil(stretch / step); n > 1 {
			steps = int(math.Min(n, float64(len(t.Timeline.Bytes)+1)))
		}
		var moving []float64
		for part := range slices.Chunk(t.Timeline.Bytes, steps) {
			sum := 0.0
			for _, n := range part {
				sum += float64(n)
			}
			if sum > 0 && len(part) == steps {
				moving = append(moving, sum)
			}
		}
		if len(moving) >= 3 {
			rates = append(rates, median(moving)/(step*float64(steps))/float64(max(1, v.inFlight(s))))
		}
	}
	if len(rates) == 0 {
		return v.streamRate(s.cand)
	}
	return median(rates)
}

// movingPhase is the phase in which the bodies move.
func (v view) movingPhase() metric.ID {
	if v.upload {
		return record.PhaseSend
	}
	return record.PhaseReceive
}

type flowWindow struct {
	name  string
	bytes float64
}

// windows are the flow-control windows that products ship with.
var windows = []flowWindow{{"64 kB", 65535}, {"256 kB", 262144}, {"1 MB", 1048576}}

const (
	// leastRoundTrip is below what a window is not told from a slow machine.
	leastRoundTrip = 2e-3
	// windowLow and windowHigh bound rate × round trip as a share of a window:
	// some of it is lost while the window update is made, and the round trip is
	// known only from above.
	windowLow, windowHigh = 0.75, 1.18
	// windowSure is the least share at which a window is likelier than a limiter
	// even where the rate is a round figure and the protocol has no windows of
	// its own.
	windowSure = 0.8
	// A body is handed to its connection in blocks of up to blockBytes; a stretch
	// holds flowBlocks of them at least.
	flowBlocks = 2.
	blockBytes = 256 << 10
	// leastProduct is the smallest rate × round trip that is worth a word, in
	// bytes: no window is as small, so a smaller one tells of something else.
	leastProduct = 4000
)

// window recognises a transfer that moves one window per round trip: rate ×
// round trip is a window that products ship with, in every slow cell, and the
// rate is steady.
func window(v view) []clue {
	rtt, ok := v.roundTrip()
	if !ok || rtt.low < leastRoundTrip {
		return nil
	}
	var rates, together []float64
	first, http2 := scene{}, true
	for _, s := range v.slow() {
		rate, ref := v.plateau(s), v.streamRate(s.ref)
		if math.IsNaN(rate) || ref < 2*rate || float64(s.cell.Size) < 4*rate*rtt.high {
			continue
		}
		if s.bursts(v) || s.stands() || !v.steady(s, rtt.high) {
			return nil
		}
		if len(rates) == 0 {
			first = s
		}
		rates, http2 = append(rates, rate), http2 && v.speaks(s) == "HTTP/2.0"
		together = append(together, rate*float64(max(1, v.inFlight(s))))
	}
	w, seconds, fits := fitsWindow(rates, rtt, http2)
	of := "stream"
	if !fits && http2 && v.shared {
		rates, of = together, "connection"
		w, seconds, fits = fitsWindow(rates, rtt, http2)
	}
	if !fits || v.drains(rtt, seconds, http2) {
		return nil
	}
	rate := median(rates)
	what, weight := "a "+w.name+" window", likely
	if http2 {
		what, weight = fmt.Sprintf("a %s flow-control window (HTTP/2 %s window)", w.name, of), named
	}
	if rate*seconds < windowSure*w.bytes {
		weight = likely
	}
	text := fmt.Sprintf("%s per %s × a round trip of %s (by %s) = %s",
		unit.BytesPerSecond(rate), of, amount(seconds), rtt.source(seconds), kilobytes(rate*seconds))
	if rate*seconds < 0.9*w.bytes {
		text += fmt.Sprintf(", a window of %s less what is lost between its updates", kilobytes(w.bytes))
	}
	if len(rates) == 1 {
		text += v.in(first)
	} else {
		text += fmt.Sprintf(", constant over %d slow cells", len(rates))
	}
	return []clue{{aboutSpeed, weight, what + ", moved once per round trip", text}}
}

// fitsWindow finds the window that every rate gives, and the round trip by
// which they do. Where that is known only within bounds, one of the bounds has
// to give it and the other not.
func fitsWindow(rates []float64, rtt trip, http2 bool) (fit flowWindow, trip float64, ok bool) {
	if len(rates) == 0 {
		return flowWindow{}, 0, false
	}
	_, round := roundFigure(median(rates))
	least := windowLow
	if round && !http2 {
		least = windowSure
	}
	found := 0
	for _, seconds := range rtt.likely() {
		for _, w := range windows {
			low, high := slices.Min(rates)*seconds/w.bytes, slices.Max(rates)*seconds/w.bytes
			if low >= least && high <= windowHigh {
				fit, trip = w, seconds
				found++
			}
		}
	}
	return fit, trip, found == 1
}

// rateTimesTrip gives the product where it is no known window, for who knows
// the path.
func rateTimesTrip(v view) []clue {
	rtt, ok := v.roundTrip()
	if !ok || rtt.low < leastRoundTrip || len(window(v)) > 0 {
		return nil
	}
	var found []clue
	for _, s := range v.slow() {
		rate := v.plateau(s)
		if math.IsNaN(rate) || float64(s.cell.Size) < 4*rate*rtt.high || s.stands() {
			continue
		}
		var products []float64
		for _, seconds := range rtt.likely() {
			if v.drains(rtt, seconds, v.speaks(s) == "HTTP/2.0") {
				products = nil
				break
			}
			products = append(products, rate*seconds)
		}
		if len(products) == 0 || slices.Max(products) < leastProduct {
			continue
		}
		found = append(found, clue{about: aboutSpeed, weight: context, evidence: fmt.Sprintf(
			"%s per stream × a round trip of %s (by %s) = %s%s, which is no window that products ship with",
			unit.BytesPerSecond(rate), span(rtt.likely(), amount), rtt.from, span(products, kilobytes), v.in(s))})
	}
	return found
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
		if s.bursts(v) || s.stands() || !(v.streamRate(s.ref) > 2*v.streamRate(s.cand)) {
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
