package pace

import (
	"fmt"
	"math"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Constant is a fixed rate: op n is due at n/rate, without the drift that an
// interval rounded to nanoseconds would add.
func Constant(rate float64, duration time.Duration) (Rated, error) {
	const shape = "constant"
	if err := firstOf(checkPositive(shape, "rate", rate), checkDuration(shape, duration)); err != nil {
		return nil, err
	}
	return newFollow(constant{frequency(rate), rate, duration}), nil
}

type constant struct {
	vegeta.ConstantPacer
	rate float64
	span time.Duration
}

func (c constant) ops(t float64) float64  { return c.rate * t }
func (c constant) when(n float64) float64 { return n / c.rate }
func (c constant) length() time.Duration  { return c.span }

// String describes the shape.
func (c constant) String() string { return fmt.Sprintf("constant %g/s for %v", c.rate, c.span) }

// Linear is a rate that changes evenly from start to end over the duration.
// Either may be 0, not both.
func Linear(start, end float64, duration time.Duration) (Rated, error) {
	const shape = "linear"
	err := firstOf(checkRate(shape, "start", start), checkRate(shape, "end", end), checkDuration(shape, duration))
	if err == nil && start == 0 && end == 0 {
		err = fmt.Errorf("pace: %s: start and end are both 0/s, so no op is ever due: raise one of them", shape)
	}
	if err != nil {
		return nil, err
	}
	return newFollow(newLinear(start, end, duration)), nil
}

type linear struct {
	vegeta.LinearPacer
	start, end float64
	span       time.Duration
}

func newLinear(start, end float64, span time.Duration) linear {
	slope := (end - start) / span.Seconds()
	return linear{vegeta.LinearPacer{StartAt: frequency(start), Slope: slope}, start, end, span}
}

// ops: H(t) = bt + at²/2 with b the first rate and a the slope.
func (l linear) ops(t float64) float64 { return l.start*t + l.Slope*t*t/2 }

// when solves H(t) = n in the form 2n/(b+√(b²+2an)), which loses no digits when
// the slope is small. At n = 0 it gives 0 also for b = 0.
func (l linear) when(n float64) float64 {
	root := math.Sqrt(max(0, l.start*l.start+2*l.Slope*n))
	if n == 0 || l.start+root == 0 {
		return 0
	}
	return 2 * n / (l.start + root)
}

func (l linear) length() time.Duration { return l.span }

// String describes the shape.
func (l linear) String() string {
	return fmt.Sprintf("linear %g/s to %g/s over %v", l.start, l.end, l.span)
}

// Sine is a rate that swings around mean by amplitude (ops per second, less
// than mean), once per period. startAt is the phase at the start in radians;
// vegeta names MeanUp, Peak, MeanDown and Trough.
func Sine(mean, amplitude float64, period time.Duration, startAt float64, duration time.Duration) (Rated, error) {
	const shape = "sine"
	err := firstOf(checkPositive(shape, "mean", mean), checkRate(shape, "amplitude", amplitude), checkDuration(shape, duration))
	switch {
	case err != nil:
	case amplitude >= mean:
		err = fmt.Errorf("pace: %s: amplitude %g/s is not below the mean %g/s, so the rate would reach 0: lower the amplitude", shape, amplitude, mean)
	case mean+amplitude > MaxRate:
		err = fmt.Errorf("pace: %s: mean plus amplitude is %g/s, above %g/s: lower one of them", shape, mean+amplitude, float64(MaxRate))
	case period <= 0:
		err = fmt.Errorf("pace: %s: period %v is not positive: give the length of one swing", shape, period)
	case math.IsNaN(startAt) || math.Abs(startAt) > 1e3:
		err = fmt.Errorf("pace: %s: startAt %g is not an angle in radians: give a value between 0 and 2π", shape, startAt)
	}
	if err != nil {
		return nil, err
	}
	return newFollow(sine{
		SinePacer: vegeta.SinePacer{Period: period, Mean: frequency(mean), Amp: frequency(amplitude), StartAt: startAt},
		mean:      mean, amplitude: amplitude, span: duration,
	}), nil
}

type sine struct {
	vegeta.SinePacer
	mean, amplitude float64
	span            time.Duration
}

// swing is AP/2π, the most that the ops of a swing differ from the mean's over
// a quarter of the period.
func (s sine) swing() float64 { return s.amplitude * s.Period.Seconds() / (2 * math.Pi) }

// ops: H(t) = Mt + (AP/2π)(cos O − cos(O+2πt/P)), as in vegeta's SinePacer.
func (s sine) ops(t float64) float64 {
	angle := s.StartAt + t*2*math.Pi/s.Period.Seconds()
	return s.mean*t + s.swing()*(math.Cos(s.StartAt)-math.Cos(angle))
}

// when inverts H by Newton's method inside a shrinking bracket: H has no closed
// inverse, but rises everywhere and stays within two swings of Mt.
func (s sine) when(n float64) float64 {
	low := max(0, (n-2*s.swing())/s.mean)
	high := min((n+2*s.swing())/s.mean, s.span.Seconds())
	t := min(max(n/s.mean, low), high)
	for range 100 {
		miss := s.ops(t) - n
		if miss > 0 {
			high = t
		} else {
			low = t
		}
		angle := s.StartAt + t*2*math.Pi/s.Period.Seconds()
		next := t - miss/(s.mean+s.amplitude*math.Sin(angle))
		if next < low || next > high {
			next = (low + high) / 2
		}
		if math.Abs(next-t) < 1e-10 { // a tenth of a nanosecond
			return next
		}
		t = next
	}
	return t
}

func (s sine) length() time.Duration { return s.span }

// String describes the shape.
func (s sine) String() string {
	return fmt.Sprintf("sine %g/s ± %g/s per %v for %v", s.mean, s.amplitude, s.Period, s.span)
}
