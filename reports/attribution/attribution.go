// Package attribution says where the harm of a refused candidate sits: which
// arm, direction, cell and phase, and what in the record points to a cause. It
// uses only what was recorded, names the evidence with its figures, and says
// that the cause is not known rather than guess. It decides nothing; a
// decision that refuses nobody is attributed to nobody.
//
// Times are seconds and rates bytes per second in the calculations here.
package attribution

import (
	"cmp"
	"slices"
	"strings"

	"loadline/probes/record"
	"loadline/reports/verdict"
)

// Attribution is where the harm sits; the zero value is: nothing to attribute.
type Attribution struct {
	// Arm is the candidate that is worst.
	Arm string
	// Where is one phrase: the place, and the cause if the evidence names one.
	Where string
	// Evidence has one sentence per clue, the strongest first.
	Evidence []string
}

// Attribute explains the REGRESSED findings of a decision from the record that
// it was made of. The reference's own failures never count against a candidate.
func Attribute(run record.Run, d verdict.Decision) Attribution {
	arm := accused(d)
	if arm == "" {
		return Attribution{}
	}
	v := newView(verdict.Counted(run), arm, d)
	var clues []clue
	for _, rule := range rules {
		clues = append(clues, rule(v)...)
	}
	slices.SortStableFunc(clues, func(a, b clue) int { return cmp.Compare(b.weight, a.weight) })
	a := Attribution{Arm: arm, Where: where(clues, v)}
	for _, c := range clues {
		if !slices.Contains(a.Evidence, c.evidence) {
			a.Evidence = append(a.Evidence, c.evidence)
		}
	}
	return a
}

// rules are asked in turn; each gives the clues it finds, or none.
var rules = []func(view) []clue{
	keptBack, lostData, wrongBytes, truncated, partsUnasked, duplicates,
	rateLimited, refusedByRate, neverWorks, hanging, hangsAtTimes, rangesIgnored, statuses, failsAlike, gone, nameless, fromEventOn, deadAddress, fixedAge, sizeCliff, crowdCliff, idleDropped, keptClosed, badFromStart,
	window, limiter, limitAfter, rateTimesTrip, heldToRate,
	sickBackend, everyKth,
	queued, turns, constantWait, lateContinue, notKept, slowHandshake, slowConnect, frozen, stops,
	kernelLimits, retransmits, protocolLost, paused,
	phases,
}

// A clue is one thing that the record shows.
type clue struct {
	about  kind
	weight int
	// cause is the phrase for Where, empty if the clue names no cause.
	cause string
	// evidence is a sentence with its figures.
	evidence string
}

// kind is what a clue explains; Where names the strongest cause of each.
type kind int

const (
	aboutData kind = iota
	aboutFailure
	aboutSpeed
	kinds
)

// The weights of clues: facts about data, named causes, what supports them,
// and the place alone.
const (
	fact    = 100
	named   = 80
	likely  = 60
	support = 40
	context = 20
)

// where joins the place with the strongest cause of each kind.
func where(clues []clue, v view) string {
	var causes []string
	for k := range kinds {
		for _, c := range clues {
			if c.about == k && c.cause != "" {
				causes = append(causes, c.cause)
				break
			}
		}
	}
	if len(causes) == 0 {
		return v.place() + ": the cause is not known"
	}
	return v.place() + ": " + strings.Join(causes, "; ")
}

// accused is the arm with the most findings against it, the first of equals.
func accused(d verdict.Decision) string {
	if d.Verdict != verdict.Regressed {
		return ""
	}
	against := map[string]int{}
	arm := ""
	for _, f := range d.Findings {
		if f.Verdict == verdict.Regressed {
			against[f.Arm]++
		}
	}
	for _, f := range d.Findings {
		if against[f.Arm] > against[arm] {
			arm = f.Arm
		}
	}
	return arm
}
