package attribution

import (
	"fmt"
	"math"
	"time"

	"loadline/probes/record"
)

const (
	// chance is how likely it may be that what is named is none of it.
	chance = 0.01
	// chanceOfOnset is the same for the time after the event at which failures
	// begin in each trial. It is larger, as trials are few and the event is
	// known to disturb something.
	chanceOfOnset = 0.05
	leastOnsets   = 3
)

// fromEventOn recognises ops that fail only from the moment on at which the
// scenario's event ran.
func fromEventOn(v view) []clue {
	if v.run.Header.Scenario.Event == nil {
		return nil
	}
	var found []onset
	for _, s := range v.failing() {
		for _, t := range s.cand.trials {
			if t.Event == nil || t.Span <= 0 || len(t.Failures) == 0 {
				continue
			}
			o, ok := onsetOf(t)
			if !ok {
				return nil
			}
			found = append(found, o)
		}
	}
	n, first, last := uint64(0), time.Duration(math.MaxInt64), time.Duration(0)
	for _, o := range found {
		n, first, last = n+o.failed, min(first, o.after), max(last, o.after)
	}
	if n < 3 || !byEvent(found, last) {
		return nil
	}
	text := fmt.Sprintf("none of %d failures lies before the event, and the first %s after it began", n, amount(first.Seconds()))
	if len(found) > 1 {
		text += fmt.Sprintf("; in each of %d trials they begin within %s of it", len(found), amount(last.Seconds()))
	}
	return []clue{{aboutFailure, likely, "ops fail while the event runs or after it", text}}
}

// onset is how the failures of a trial lie, none of them before the event.
type onset struct {
	failed uint64
	// spells is in how many stretches of time they come: what fails in one go
	// is one accident, however many ops it takes with it.
	spells int
	// after is when they begin, from the start of the event.
	after, span time.Duration
	// before is the share of the trial that lies before the event.
	before float64
}

// onsetOf reads a trial with failures; ok is false if some lie before the
// event, or could not have come before it. Of each kind the earliest are kept,
// and the timeline has all of them.
func onsetOf(t record.Trial) (o onset, ok bool) {
	at := t.Event.At
	o = onset{failed: side{ops: t.Ops}.failed(), after: math.MaxInt64, span: t.Span, before: float64(at) / float64(t.Span)}
	for _, f := range t.Failures {
		if f.At < at || f.After >= at && f.At-f.After < at {
			return onset{}, false
		}
		o.after = min(o.after, f.At-at)
	}
	quiet := true
	for i, n := range t.Timeline.Failed {
		if n > 0 && time.Duration(i+1)*t.Timeline.Step <= at {
			return onset{}, false
		}
		if n > 0 && quiet {
			o.spells++
		}
		quiet = n == 0
	}
	return o, true
}

// byEvent reports whether chance would hardly put failures that have nothing
// to do with the event where they lie: so many spells all after it, or the
// first of so many trials all within a time of it.
func byEvent(found []onset, within time.Duration) bool {
	allAfter, allSoon := 1.0, 1.0
	for _, o := range found {
		allAfter *= math.Pow(1-min(o.before, 1), float64(o.spells))
		allSoon *= min(1, float64(within)/float64(o.span))
	}
	return allAfter <= chance || len(found) >= leastOnsets && allSoon <= chanceOfOnset
}
