package plan

import (
	"math"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// supposedRate is the rate at which the bytes of a load are foretold that
// follows its target: that of a link of 10 Gbit/s, nearly full.
const supposedRate unit.BytesPerSecond = 1e9

// Supposed is what a closed load would move if its targets took Rate: an
// estimate to see the order of magnitude by, and no bound. Bytes is not known
// where ops have no size, or where a schedule or a ceiling on the rate says more.
type Supposed struct {
	Rate  unit.BytesPerSecond `json:"rate"`
	Bytes AtMost              `json:"bytes"`
}

// supposed foretells the body bytes of all trials together: they move at the
// rate while ops start, and then what is still in flight, as far as the drain
// lets it.
func (p Plan) supposed() Supposed {
	out, rate := Supposed{Rate: supposedRate}, float64(supposedRate)
	if p.Scenario.Limits.Rate > 0 {
		return out
	}
	sum := 0.0
	for _, t := range p.Trials {
		l, f := p.LoadIn(t), p.Spec.Effects(p.Cells[t.Cell].Size)
		moved := float64(f.Sends + f.Receives)
		if l.Model != scenarios.Closed || moved == 0 {
			return out
		}
		sum += rate*(l.Warmup+l.Measure).Seconds() + math.Min(moved*float64(l.InFlight), rate*l.Drain.Seconds())
	}
	if most := p.Scenario.Design.MaxDuration; most > 0 {
		sum = math.Min(sum, rate*most.Seconds())
	}
	out.Bytes = AtMost{N: sum, Known: sum > 0}
	return out
}

// about is the estimate in words, rounded to what it is worth.
func (s Supposed) about() string {
	digits := math.Pow(10, math.Floor(math.Log10(s.Bytes.N))-1)
	return "about " + unit.Bytes(math.Ceil(s.Bytes.N/digits)*digits).String()
}

// words say the estimate beside the bound on the load, if there is one.
func (s Supposed) words(bound AtMost) string {
	switch {
	case !s.Bytes.Known:
		return ""
	case !bound.Known:
		return ": " + s.about() + " if they take " + s.Rate.String() + ", an estimate and no bound (limits.bytes sets one)"
	case s.Bytes.N > bound.N:
		return ", and targets that take " + s.Rate.String() + " reach that limit early, which ends the run (without it: " + s.about() + ")"
	default:
		return " (" + s.about() + " if the targets take " + s.Rate.String() + ", an estimate)"
	}
}
