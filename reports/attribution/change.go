package attribution

import (
	"fmt"
	"math"
	"time"
)

// chance is how likely it may be that failures which have nothing to do with
// the event all lie after it.
const chance = 0.01

// fromEventOn recognises ops that fail only from the moment on at which the
// scenario's event ran.
func fromEventOn(v view) []clue {
	if v.run.Header.Scenario.Event == nil {
		return nil
	}
	var n int
	first := time.Duration(math.MaxInt64)
	before := 1.0 // share of a trial that lies before the event, at least
	for _, s := range v.failing() {
		for _, t := range s.cand.trials {
			if t.Event == nil || t.Span <= 0 {
				continue
			}
			for _, f := range t.Failures {
				if f.At < t.Event.At {
					return nil
				}
				first = min(first, f.At-t.Event.At)
				n++
			}
			before = min(before, float64(t.Event.At)/float64(t.Span))
		}
	}
	if n < 3 || math.Pow(1-before, float64(n)) > chance {
		return nil
	}
	return []clue{{aboutFailure, likely, "ops fail while the event runs or after it",
		fmt.Sprintf("none of %d kept failures lies before the event, and the first %s after it began", n, amount(max(first, 0).Seconds()))}}
}
