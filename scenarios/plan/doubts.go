package plan

import (
	"fmt"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

const (
	// exceedances are the ops that must lie beyond a quantile to carry it.
	exceedances = 10
	// fastest is the rate of the fastest link that anybody measures with,
	// 400 Gbit/s: a bound on how many large ops a closed load can do.
	fastest unit.BytesPerSecond = 50e9
	// muchStored is what a run may leave or move without being asked twice.
	muchStored = 100 * unit.GiB
)

// doubts are the warnings of a plan.
func (p Plan) doubts() []string {
	var out []string
	out = append(out, p.doubtQuantiles()...)
	out = append(out, p.doubtTime()...)
	out = append(out, p.doubtStorage()...)
	if work, ok := p.Spec.(Doubtful); ok {
		out = append(out, work.Doubts()...)
	}
	return out
}

// doubtQuantiles names criteria on quantiles that the ops cannot carry.
func (p Plan) doubtQuantiles() []string {
	var out []string
	for _, c := range p.Scenario.Criteria {
		q, ok := c.Stat.Quantile()
		if !ok {
			continue
		}
		for i, cell := range p.Cells {
			if c.Cell != "" && c.Cell != cell.ID {
				continue
			}
			ops, about := p.measured(i)
			if beyond := ops * (1 - q); beyond < exceedances {
				out = append(out, fmt.Sprintf("%s: %s %s in cell %s: %s %.0f ops over %d blocks leave %.1f beyond it, and %d are needed: expect INCONCLUSIVE (more blocks, a longer measure, or a lower quantile)",
					c.Pos, c.Metric, c.Stat, cell.ID, about, ops, p.Scenario.Design.Blocks, beyond, exceedances))
			}
		}
	}
	return out
}

// measured is how many ops of one arm are judged in a cell over all blocks: by
// the schedule, or what a closed load could do at most.
func (p Plan) measured(cell int) (ops float64, about string) {
	l := p.LoadIn(Trial{Cell: cell})
	blocks := float64(p.Scenario.Design.Blocks)
	if l.Model == scenarios.Open {
		l.Warmup = 0
		return Starts(l) * blocks, "about"
	}
	f := p.Spec.Effects(p.Cells[cell].Size)
	rate, window := fastest, l.Measure
	if p.Scenario.Limits.Rate > 0 {
		rate, window = p.Scenario.Limits.Rate, window+RateBurst
	}
	each := float64(max(f.Sends+f.Receives, 1))
	return (float64(rate)*window.Seconds()/each + float64(l.InFlight)) * blocks, "at most"
}

// doubtTime says where max_duration may end the run early.
func (p Plan) doubtTime() []string {
	s := p.Scenario
	most, blocks := s.Design.MaxDuration, s.Design.Blocks
	if shortest := s.Shortest(blocks); shortest > most {
		return []string{fmt.Sprintf("max_duration %s ends the run before its %d blocks, which take %s or more", most, blocks, round(shortest))}
	}
	return nil
}

// doubtStorage says what uploads would leave on the target.
func (p Plan) doubtStorage() []string {
	var out []string
	atLeast := 0.0
	stays := false
	for _, t := range p.Trials {
		f := p.Spec.Effects(p.Cells[t.Cell].Size)
		if l := p.LoadIn(t); f.Stores > 0 && l.Model == scenarios.Closed {
			atLeast += float64(f.Stores) * float64(l.InFlight)
		}
		stays = stays || f.Creates && !f.Deletes
	}
	if atLeast > float64(muchStored) && p.Scenario.Limits.Bytes == 0 {
		out = append(out, fmt.Sprintf("the run stores %s or more if every trial ends one op per slot, and nothing bounds it (set limits.bytes)", AtMost{atLeast, true}.Bytes()))
	}
	if stays {
		out = append(out, "what is uploaded stays on the target: the work says no way to delete it")
	}
	return out
}

func round(d time.Duration) time.Duration { return d.Round(time.Second) }
