package verdict

import (
	"fmt"
	"slices"
	"strings"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// implied are the findings that no scenario needs to ask for: an arm that does
// not work at all where the reference does, or finishes nothing, or hangs now and
// then, and data that were lost or changed. They appear only when they are broken and no written criterion
// already says so.
func (m measured) implied(written []judged) []judged {
	var found []judged
	for _, arm := range m.candidates {
		for _, cell := range m.cells {
			at := place{cell, arm}
			if m.deadBeside(at) && !broken(written, at, metric.Errors) {
				found = append(found, m.neverWorks(at))
			} else if j, ok := m.endless(at); ok && !accusedAt(written, at) {
				found = append(found, j)
			} else if j, ok := m.hanging(at); ok && !accusedAt(written, at) && !limited(written, at) {
				found = append(found, j)
			} else if j, ok := m.unprepared(at); ok && !accusedAt(written, at) {
				found = append(found, j)
			}
			for _, id := range []metric.ID{metric.IntegrityLost, metric.IntegrityCorrupt} {
				s, _ := m.sighted(scenarios.Criterion{Metric: id}, at)
				if s.events > 0 && !broken(written, at, id) || s.doubtful && !judgedBy(written, at, id) {
					found = append(found, m.damaged(at, id, s))
				}
			}
		}
	}
	return found
}

// deadBeside reports whether the arm never works in a cell where the reference
// does. One op that broke or timed out is not yet never.
func (m measured) deadBeside(at place) bool {
	if m.reference == "" {
		return false
	}
	cand, ref := tallyOf(m.trials[at]), tallyOf(m.trials[place{at.cell, m.reference}])
	if !cand.dead() || ref.ok() == 0 {
		return false
	}
	o, _ := cand.worst()
	switch o {
	case probes.DNS, probes.Refused, probes.TLS, probes.Status, probes.Protocol:
		return true
	}
	return cand.failed() > 1
}

func (m measured) neverWorks(at place) judged {
	t := tallyOf(m.trials[at])
	none := 0.0
	f := blank(scenarios.Criterion{Metric: metric.Errors, Stat: metric.StatRate, Max: &none}, at)
	f.Verdict, f.Reference, f.N, f.Values.Candidate = Regressed, m.reference, int(t.ended()), 1
	f.Reason = fmt.Sprintf("`%s` never works%s where `%s` does: all of %s failed (%s)",
		at.arm, inCell(at.cell), m.reference, count(t.failed(), "op"), m.failure(at.arm, []string{at.cell}))
	// An arm that speaks another protocol than the scenario asks for was not
	// measured at all, so it was not found broken either.
	return judged{Finding: f, certain: len(m.identity(at)) == 0}
}

// unprepared reports an arm that did not get the fixtures it was to serve, and
// through which no op worked, where the reference got them and works. What is
// wrong with it shows before the first trial, so one block is enough.
func (m measured) unprepared(at place) (j judged, ok bool) {
	cand, ref := tallyOf(m.trials[at]), tallyOf(m.trials[place{at.cell, m.reference}])
	if m.reference == "" || cand.ok() > 0 || ref.ok() == 0 {
		return j, false
	}
	for _, u := range m.run.Unready {
		if u.Arm != at.arm || u.Cell != at.cell {
			continue
		}
		none := 0.0
		f := blank(scenarios.Criterion{Metric: metric.Errors, Stat: metric.StatRate, Max: &none}, at)
		f.Verdict, f.Reference, f.N = Regressed, m.reference, int(cand.ended())
		f.Reason = fmt.Sprintf("`%s`%s could not be given what it is to serve, where `%s` could, and no op through it worked: %s",
			at.arm, inCell(at.cell), m.reference, u.Why)
		return judged{Finding: f, certain: len(m.identity(at)) == 0}, true
	}
	return j, false
}

// decidedAtOnce reports whether an arm without its fixtures is refused for it.
func (m measured) decidedAtOnce() bool {
	for _, u := range m.run.Unready {
		if _, ok := m.unprepared(place{u.Cell, u.Arm}); ok {
			return true
		}
	}
	return false
}

func (m measured) damaged(at place, id metric.ID, s sighting) judged {
	none := 0.0
	f := blank(scenarios.Criterion{Metric: id, Stat: metric.StatCount, Max: &none}, at)
	judgeCount(&f, s, m.rule(Options{look: 1}))
	return judged{Finding: f, certain: true}
}

func broken(found []judged, at place, id metric.ID) bool {
	for _, j := range found {
		if j.Arm == at.arm && j.Cell == at.cell && j.Metric == string(id) && j.Verdict == Regressed {
			return true
		}
	}
	return false
}

// limited reports whether the scenario itself says how many errors are too many.
func limited(found []judged, at place) bool { return judgedBy(found, at, metric.Errors) }

// judgedBy reports whether the scenario itself has a criterion on a metric.
func judgedBy(found []judged, at place, id metric.ID) bool {
	return slices.ContainsFunc(found, func(j judged) bool {
		return j.Arm == at.arm && j.Cell == at.cell && j.Metric == string(id)
	})
}

// accusedAt reports whether anything is broken at a place already.
func accusedAt(found []judged, at place) bool {
	return slices.ContainsFunc(found, func(j judged) bool { return j.Arm == at.arm && j.Cell == at.cell && j.Verdict == Regressed })
}

// unreachable says why the run measured nothing that can be judged, empty if
// it did: the reference never worked anywhere. Damage that was seen is judged
// all the same.
func (m measured) unreachable(found []judged) string {
	if m.reference == "" || !m.tallyArm(m.reference).unserved() {
		return ""
	}
	for _, j := range found {
		if j.certain && j.Verdict == Regressed {
			return ""
		}
	}
	ref := m.tallyArm(m.reference)
	return fmt.Sprintf("the reference `%s` could not be measured: all of %s failed (%s)",
		m.reference, count(ref.failed(), "op"), m.failure(m.reference, m.cells))
}

// warnings are what a reader should know beside the findings.
func (m measured) warnings(found []judged) []string {
	out := append([]string(nil), m.run.Warnings...)
	for _, cell := range m.cells {
		if t := tallyOf(m.trials[place{cell, m.reference}]); m.reference != "" && t.failed() > 0 {
			out = append(out, fmt.Sprintf("reference sick: %d of %s of `%s`%s failed (%s)", t.failed(),
				count(t.ended(), "op"), m.reference, inCell(cell), m.failure(m.reference, []string{cell})))
		}
		if l, _ := m.ledgerOf(place{cell, m.reference}); m.reference != "" && l.Lost+l.Corrupt > 0 {
			out = append(out, fmt.Sprintf("reference sick: of %s through `%s`%s %d were lost and %d had wrong bytes: what is the matter may not lie in what differs",
				count(looked(l), "acknowledged upload"), m.reference, inCell(cell), l.Lost, l.Corrupt))
		}
	}
	for _, j := range found {
		if j.lone != "" && (j.Verdict == Pass || j.Verdict == Improved) {
			out = append(out, j.lone)
		}
	}
	for _, arm := range m.candidates {
		for _, cell := range m.cells {
			if c := m.bodies[place{cell, arm}]; c.remark != "" {
				out = append(out, c.remark)
			}
			out = append(out, m.unasked(found, place{cell, arm})...)
		}
	}
	if why := m.incomplete(); why != "" {
		out = append(out, why)
	}
	if end := m.run.End; end != nil && end.LeftBehind > 0 && !slices.ContainsFunc(out, saysLeft) {
		out = append(out, fmt.Sprintf("%s could not be removed from the target", count(end.LeftBehind, "object")))
	}
	return out
}

// saysLeft reports whether a warning of the run itself tells already, and with
// the cause, that objects stay on the target.
func saysLeft(warning string) bool { return strings.Contains(warning, "could not be removed") }
