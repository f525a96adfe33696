package verdict

import (
	"fmt"
	"strings"

	"loadline/scenarios"
)

// cutShort says what ended the run before its plan did, and how far it had
// come; empty if nothing did. A run that a look decided is not cut short.
func (m measured) cutShort() string {
	end := m.run.End
	switch {
	case end == nil:
		return "the run was killed " + m.when()
	case end.Status == "aborted":
		return "the run was interrupted " + m.when()
	case end.Status == "failed":
		return fmt.Sprintf("the run failed %s (%s)", m.when(), orWord(end.Why, "it is not known why"))
	case end.Status == "limit":
		return fmt.Sprintf("%s was reached %s", limitReached(m.run.Header.Scenario, end.Why), m.when())
	}
	return ""
}

// undecidedBecause is the sentence of a run that is INCONCLUSIVE: what cut it
// short leads, because the figures say no more than that it was.
func (m measured) undecidedBecause(d Decision) string {
	why := m.cutShort()
	if why == "" || len(d.Findings) == 0 {
		return d.Sentence
	}
	open := 0
	for _, f := range d.Findings {
		if f.Verdict == Inconclusive {
			open++
		}
	}
	return fmt.Sprintf("%s: %s, before %d of %s could be decided", d.Verdict, why, open, count(len(d.Findings), "finding"))
}

// when is how far the run had come at its end.
func (m measured) when() string {
	done, planned := m.blocks(), m.run.Header.Scenario.Design.Blocks
	switch {
	case len(m.run.Trials) == 0:
		return "before the first trial was over"
	case done >= planned:
		return "after its last block"
	}
	return fmt.Sprintf("in block %d of %d", done+1, planned)
}

// A ceiling's reason begins with the key that set it.
const (
	ceilings     = "limits."
	bytesCeiling = ceilings + "bytes"
	opsCeiling   = ceilings + "requests"
	rateCeiling  = ceilings + "rate"
	timeCeiling  = "design.max_duration"
)

// limitReached names a limit by its key and its value, since either may be
// what has to change.
func limitReached(s scenarios.Scenario, why string) string {
	of := func(key string, value any) string { return fmt.Sprintf("the limit of %v (%s)", value, key) }
	switch {
	case strings.HasPrefix(why, bytesCeiling):
		return of(bytesCeiling, s.Limits.Bytes)
	case strings.HasPrefix(why, opsCeiling):
		return of(opsCeiling, count(int(s.Limits.Requests), "request"))
	case strings.HasPrefix(why, rateCeiling):
		return of(rateCeiling, s.Limits.Rate)
	case strings.HasPrefix(why, timeCeiling):
		return of(timeCeiling, s.Design.MaxDuration)
	}
	return fmt.Sprintf("a limit (%s)", orWord(why, "it is not known which"))
}

// nothingMeasured is the decision on a run without a trial. One that was told
// to end (by a person, or by a ceiling on what it may send) says nothing of its
// targets; one that ended for any other reason could not run, and that includes
// one whose time was over while it waited for them.
func nothingMeasured(m measured) Decision {
	d := Decision{Verdict: Inconclusive, Integrity: m.ledger(), Health: Health{OK: true}, Warnings: m.run.Warnings}
	end := m.run.End
	if end == nil || end.Status == "aborted" || strings.HasPrefix(end.Why, ceilings) {
		d.Sentence = fmt.Sprintf("%s: %s, so nothing can be decided", d.Verdict, orWord(m.cutShort(), "the plan has no trial"))
		return d
	}
	why := "no trial was completed"
	if end.Why != "" {
		why += ": " + end.Why
	}
	d.Verdict, d.Sentence, d.Unreachable = Invalid, string(Invalid)+": "+why, why
	d.Health = Health{Problems: []string{why}}
	return d
}
