package verdict

import (
	"fmt"
	"math"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// unasked are facts on a candidate that no criterion asks for.
func (m measured) unasked(found []judged, at place) []string {
	var out []string
	asked := map[string]bool{}
	for _, j := range found {
		if j.Arm == at.arm && j.Cell == at.cell {
			asked[j.Metric] = true
		}
	}
	if t := tallyOf(m.trials[at]); t.failed() > 0 && !asked[string(metric.Errors)] {
		out = append(out, fmt.Sprintf("%d of %s of `%s`%s failed (%s), and no criterion is about errors", t.failed(),
			count(t.ended(), "op"), at.arm, inCell(at.cell), m.failure(at.arm, []string{at.cell})))
	}
	if e := m.early(at); e.bad() > 0 && (!e.counts() || !asked[string(metric.Errors)]) {
		out = append(out, fmt.Sprintf("%d of %s through `%s`%s failed or hung in the warm-up (%s)", e.bad(),
			count(e.of(), "op"), at.arm, inCell(at.cell), m.earlyWords(at, e)))
	}
	l, _ := m.ledgerOf(at)
	if l.RefusedButStored > 0 {
		out = append(out, fmt.Sprintf("%s through `%s`%s got no success answer, yet the origin has stored what was sent",
			count(l.RefusedButStored, "upload"), at.arm, inCell(at.cell)))
	}
	if l.Duplicated > 0 && !asked[string(metric.IntegrityDuplicate)] {
		out = append(out, fmt.Sprintf("%s through `%s`%s stored more than once, and no criterion is about duplicates",
			count(l.Duplicated, "upload"), at.arm, inCell(at.cell)))
	}
	if l.Unverified > 0 {
		out = append(out, fmt.Sprintf("%d of %s through `%s`%s could not be verified", l.Unverified,
			count(l.Acknowledged, "acknowledged upload"), at.arm, inCell(at.cell)))
	}
	out = append(out, m.otherAnswers(at)...)
	if !asked[string(metric.Rate)] && !asked[string(metric.Goodput)] {
		out = append(out, m.lessDone(at)...)
	}
	return out
}

// What it takes to be told without a criterion that asks.
const (
	// otherSize is by how much the answers of the arms differ in length where
	// they are hardly the same answers.
	otherSize = 0.1
	// muchLess is how many times less a candidate does where a quantile of times
	// that looks well hides how few ops there were.
	muchLess = 4
	// enoughSeen is the least number of ops of each arm for that.
	enoughSeen = 10
)

// otherAnswers says that answers have another length than around: a page that
// says sorry with status 200 is quick, and is not what was asked for.
func (m measured) otherAnswers(at place) []string {
	cand, ref, differ := m.lengths(at)
	if !differ {
		return nil
	}
	return []string{fmt.Sprintf("answers through `%s`%s bring %s each on the wire, and around (`%s`) %s: they are encoded otherwise, or not the same answers (hint: work.expect says what is right)",
		at.arm, inCell(at.cell), unit.Bytes(cand), m.reference, unit.Bytes(ref))}
}

// otherWork says why times of answers that nobody looked into prove nothing
// good, empty where they may: bodies of transfers are verified.
func (m measured) otherWork(at place) string {
	if _, _, differ := m.lengths(at); !differ || m.work.Direction != "" {
		return ""
	}
	return "the answers are not as long as around, and nothing was asked of their bodies (hint: work.expect)"
}

// lengths are those of the answers of the candidate and the reference, in bytes
// on average, and whether they differ. Where ops fail it cannot be told.
func (m measured) lengths(at place) (cand, ref float64, differ bool) {
	each := func(at place) (size float64, known bool) {
		t := tallyOf(m.trials[at])
		sum := 0.0
		for _, trial := range m.trials[at] {
			sum += float64(trial.Bytes.Received)
		}
		return sum / float64(max(t.ok(), 1)), t.ok() >= enoughSeen && t.failed() == 0 && t.ops[probes.Cut] == 0
	}
	cand, known := each(at)
	ref, both := each(place{at.cell, m.reference})
	differ = m.reference != "" && known && both && cand != ref && math.Max(cand, ref) >= (1+otherSize)*math.Min(cand, ref)
	return cand, ref, differ
}

// lessDone says that a closed load got far less done, where no criterion is
// about that.
func (m measured) lessDone(at place) []string {
	per := func(at place) float64 {
		span := 0.0
		for _, trial := range m.trials[at] {
			span += trial.Span.Seconds()
		}
		return float64(tallyOf(m.trials[at]).ok()) / math.Max(span, 1e-9)
	}
	if m.reference == "" || m.run.Header.Scenario.Load.Model == scenarios.Open {
		return nil
	}
	cand, ref := per(at), per(place{at.cell, m.reference})
	if ref < muchLess*cand || tallyOf(m.trials[place{at.cell, m.reference}]).ok() < enoughSeen {
		return nil
	}
	return []string{fmt.Sprintf("`%s`%s got %s done where `%s` got %s, and no criterion is about that (hint: rate or goodput)",
		at.arm, inCell(at.cell), Amount(metric.PerSecond, cand), m.reference, Amount(metric.PerSecond, ref))}
}
