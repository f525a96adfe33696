package plan

import (
	"fmt"
	"math"
	"net/url"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// AtMost is an upper bound; one that is not known has none. The load of a
// closed model depends on the target, and only limits bound it.
type AtMost struct {
	N     float64 `json:"n"`
	Known bool    `json:"known"`
}

// Bytes says the bound as a size.
func (a AtMost) Bytes() string {
	return a.say(func(n float64) string { return unit.Bytes(n).String() })
}

// Count says the bound as a number.
func (a AtMost) Count() string {
	return a.say(func(n float64) string { return fmt.Sprintf("%.0f", math.Ceil(n)) })
}

func (a AtMost) say(format func(float64) string) string {
	if !a.Known {
		return "no bound"
	}
	if a.N > math.MaxInt64/2 {
		return "no bound worth naming"
	}
	return format(a.N)
}

// Estimate is what the whole plan would do, over all its blocks.
type Estimate struct {
	Blocks int `json:"blocks"`
	Trials int `json:"trials"`
	// Shortest is the time of all blocks if every op ends at once, Longest the
	// time if every trial drains in full, bounded by max_duration. Reading
	// back after the timed part is in neither.
	Shortest time.Duration `json:"shortest_ns"`
	Longest  time.Duration `json:"longest_ns"`
	Arms     []ArmEstimate `json:"arms"`
	Total    Totals        `json:"total"`
}

// ArmEstimate is what would be done to one arm's target, warm-up included.
type ArmEstimate struct {
	Arm string `json:"arm"`
	// Where is the host of the target, without anything confidential.
	Where  string `json:"where"`
	Trials int    `json:"trials"`
	// Ops is their number; the others follow from it.
	Ops AtMost `json:"ops"`
	// Sends and Receives are body bytes in the timed part; Stores is what
	// stands on the target at the end if nothing is deleted; Reads is what is
	// read back afterwards.
	Sends    AtMost `json:"sends"`
	Receives AtMost `json:"receives"`
	Stores   AtMost `json:"stores"`
	Reads    AtMost `json:"reads"`
	// Creates and Deletes count objects.
	Creates AtMost `json:"creates"`
	Deletes AtMost `json:"deletes"`
}

// Estimate says what running the plan would do, at most.
func (p Plan) Estimate() Estimate {
	s := p.Scenario
	e := Estimate{
		Blocks: s.Design.Blocks, Trials: len(p.Trials),
		Shortest: s.Shortest(s.Design.Blocks),
		Longest:  min(s.Longest(s.Design.Blocks), s.Design.MaxDuration),
	}
	for i, a := range p.Arms {
		arm := ArmEstimate{Arm: a.ID, Where: where(a.Target)}
		sums := []*AtMost{&arm.Ops, &arm.Sends, &arm.Receives, &arm.Stores, &arm.Reads, &arm.Creates, &arm.Deletes}
		for _, sum := range sums {
			sum.Known = true
		}
		for _, t := range p.Trials {
			if t.Arm != i {
				continue
			}
			arm.Trials++
			p.addTrial(&arm, t)
		}
		p.cap(&arm)
		e.Arms = append(e.Arms, arm)
	}
	e.Total = p.totals(e.Arms)
	return e
}

// addTrial adds what one trial does.
func (p Plan) addTrial(arm *ArmEstimate, t Trial) {
	size := p.Cells[t.Cell].Size
	f := p.Spec.Effects(size)
	ops := p.opsIn(t, f)
	arm.Ops.add(ops, 1)
	arm.Sends.add(ops, float64(f.Sends))
	arm.Receives.add(ops, float64(f.Receives))
	arm.Stores.add(ops, float64(f.Stores))
	arm.Reads.add(ops, float64(f.Reads))
	arm.Creates.add(ops, share(f.Creates))
	arm.Deletes.add(ops, share(f.Deletes))
}

func (a *AtMost) add(ops AtMost, each float64) {
	if each > 0 {
		a.N += ops.N * each
		a.Known = a.Known && ops.Known
	}
}

func share(does bool) float64 {
	if does {
		return 1
	}
	return 0
}

// RateBurst is how much may move at once under limits.rate: what the rate allows
// in this time. A load that is beyond it ends the run.
const RateBurst = time.Second

// opsIn bounds the ops of one trial by its schedule, or by the ceiling on the
// rate: what moves faster ends the run, with no more than the ops in flight
// beyond the ceiling.
func (p Plan) opsIn(t Trial, f Effects) AtMost {
	l := p.LoadIn(t)
	n := AtMost{N: math.Inf(1)}
	if l.Model == scenarios.Open {
		n = AtMost{N: Starts(l), Known: true}
	}
	// Where an open load has no cap, its schedule alone is a bound.
	capped := l.Model != scenarios.Open || l.InFlight > 0
	if moved := f.Sends + f.Receives; p.Scenario.Limits.Rate > 0 && moved > 0 && capped {
		window := l.Warmup + l.Warmup/4 + l.Measure + l.Drain + RateBurst
		byRate := float64(p.Scenario.Limits.Rate)*window.Seconds()/float64(moved) + float64(max(l.InFlight, 1))
		n = AtMost{N: math.Min(n.N, math.Ceil(byRate)), Known: true}
	}
	if !n.Known {
		n.N = 0
	}
	return n
}

// cap applies the limits that end the whole run to one arm; they count the load
// alone.
func (p Plan) cap(arm *ArmEstimate) {
	limits := p.Scenario.Limits
	if n := float64(limits.Requests); n > 0 {
		for _, a := range []*AtMost{&arm.Ops, &arm.Creates, &arm.Deletes} {
			a.limit(n)
		}
		most := p.largest()
		arm.Sends.limit(n * float64(most.Sends))
		arm.Receives.limit(n * float64(most.Receives))
		arm.Stores.limit(n * float64(most.Stores))
		arm.Reads.limit(n * float64(most.Reads))
	}
	if n := float64(limits.Bytes); n > 0 {
		for _, a := range []*AtMost{&arm.Sends, &arm.Receives, &arm.Stores, &arm.Reads} {
			a.limit(n)
		}
	}
}

// largest is the most that an op of any cell does.
func (p Plan) largest() (most Effects) {
	for _, c := range p.Cells {
		f := p.Spec.Effects(c.Size)
		most.Sends, most.Receives = max(most.Sends, f.Sends), max(most.Receives, f.Receives)
		most.Stores, most.Reads = max(most.Stores, f.Stores), max(most.Reads, f.Reads)
	}
	return most
}

func (a *AtMost) limit(n float64) {
	if !a.Known || a.N > n {
		*a = AtMost{N: n, Known: true}
	}
}

// Starts is how many ops an open load starts in warm-up and measure, on
// average where it is random. Warm-up goes at the rate with which measure
// begins, or at its mean where that is none.
func Starts(l scenarios.Load) float64 {
	measure, first := 0.0, float64(l.Rate)
	switch {
	case len(l.Stages) > 0:
		first = float64(l.Stages[0].Rate)
		from := first
		for _, s := range l.Stages {
			measure += (from + float64(s.Rate)) / 2 * s.Duration.Seconds()
			from = float64(s.Rate)
		}
	case l.Shape == scenarios.Linear:
		measure = float64(l.Rate+l.To) / 2 * l.Measure.Seconds()
	default:
		measure = first * l.Measure.Seconds()
	}
	if first <= 0 && l.Measure > 0 {
		first = measure / l.Measure.Seconds()
	}
	return math.Ceil(measure + first*l.Warmup.Seconds())
}

// where names the target of an arm: its host and what is dialled in its place.
func where(t scenarios.Target) string {
	u, err := url.Parse(t.URL)
	if err != nil {
		return ""
	}
	if len(t.Connect) > 0 {
		return fmt.Sprintf("%s at %s", u.Host, t.Connect[0])
	}
	return u.Host
}
