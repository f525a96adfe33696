package attribution

import (
	"fmt"
	"math"

	"loadline/probes/record"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

const (
	// pauseShare is how much of the extra time of an op its longest pause makes
	// up where that is what makes it slow: a flow held to a window or a rate has
	// many short ones.
	pauseShare = 0.7
	// pauseTypical is the share of it that three ops in four have at least: what
	// stood still once, for all that was in flight, is a freeze.
	pauseTypical = 0.5
)

// pause is how much longer the longest gap in a transfer is than around, on
// average, and how much longer the whole op, in seconds.
func (s scene) pause() (extra, all float64) {
	return s.cand.perOp(record.Pause) - s.ref.perOp(record.Pause), s.cand.perOp(metric.Service) - s.ref.perOp(metric.Service)
}

// stands reports whether most transfers are slow because they stand still once.
func (s scene) stands() bool {
	extra, all := s.pause()
	return all > 0 && extra >= pauseShare*all &&
		s.cand.quantile(record.Pause, 0.25)-s.ref.quantile(record.Pause, 0.5) >= pauseTypical*extra
}

// paused recognises downloads that stand still once in each transfer: the end
// of a body that is held back, a start that is announced before it is there.
func paused(v view) []clue {
	var first scene
	var smallest, largest unit.Bytes
	least, most := math.Inf(1), 0.0
	for _, s := range v.slow() {
		if !s.stands() {
			return nil
		}
		extra, _ := s.pause()
		if most == 0 {
			first, smallest = s, s.cell.Size
		}
		smallest, largest = min(smallest, s.cell.Size), max(largest, s.cell.Size)
		least, most = math.Min(least, extra), math.Max(most, extra)
	}
	if most == 0 {
		return nil
	}
	extra, all := first.pause()
	text := fmt.Sprintf("each transfer stands still once for %s on average, around for %s: most of the %s more per op%s",
		amount(first.cand.perOp(record.Pause)), amount(first.ref.perOp(record.Pause)), amount(all), v.in(first))
	switch {
	case largest < 4*smallest:
	case most < 1.5*least:
		text += ", whatever its size"
	default:
		text += fmt.Sprintf("; longer where bodies are larger, up to %s", amount(most))
	}
	return []clue{{aboutSpeed, likely, fmt.Sprintf("a pause of about %s within each transfer", amount(extra)), text}}
}
