package verdict

import (
	"fmt"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// earlyLeast is how many ops of an arm must hang in its warm-ups, or be reset on
// a connection that was kept, before they count. An op that hangs once could be
// anything, and the first on a connection after a pause may meet the moment in
// which the peer closes it.
const earlyLeast = 2

// early is what came of ops before the measured part. Their times do not
// count, but a connection that is made there and serves the whole of the
// measured part fails there or nowhere.
type early struct{ failed, reset, hung, ended uint64 }

// bad is how many ended ill or not at all; reset are those that count only if
// there are more.
func (e early) bad() uint64 { return e.failed + e.reset + e.hung }

// counts reports whether they are errors of the arm.
func (e early) counts() bool { return e.failed > 0 || e.reset >= earlyLeast || e.hung >= earlyLeast }

// of is how many are known to have ended well or ill.
func (e early) of() uint64 { return e.ended + e.hung }

func (e *early) add(o early) {
	e.failed, e.reset, e.hung, e.ended = e.failed+o.failed, e.reset+o.reset, e.hung+o.hung, e.ended+o.ended
}

// earlyIn is that of one trial; after is the age from which an op had hung, in
// seconds.
func earlyIn(t record.Trial, after float64) (e early) {
	if t.WarmUp == nil {
		return e
	}
	one := tally{ops: t.WarmUp.Ops}
	asTrial := record.Trial{Ops: t.WarmUp.Ops, Latency: map[metric.ID]*record.Latency{metric.Service: t.WarmUp.Service}}
	reset := min(t.WarmUp.ResetKept, one.failed())
	return early{failed: one.failed() - reset, reset: reset, hung: hungIn(asTrial, after), ended: one.ended()}
}

// early sums up the warm-ups of an arm in a cell.
func (m measured) early(at place) (e early) {
	after := m.hungAfter(at)
	for _, t := range m.trials[at] {
		e.add(earlyIn(t, after))
	}
	return e
}

// earlyWords says how the ops of the warm-ups failed, with a message of one.
func (m measured) earlyWords(at place, e early) string {
	if e.failed+e.reset == 0 {
		return fmt.Sprintf("in the warm-up, before anything is timed, cut without an end after up to %s", seconds(greatest(m.earlyAges(at))))
	}
	text := "in the warm-up, before anything is timed"
	o, _ := tally{ops: m.earlyOps(at)}.worst()
	for _, t := range m.trials[at] {
		if t.WarmUp == nil {
			continue
		}
		for _, f := range t.WarmUp.Failures {
			if f.Outcome == o {
				return text + ": " + m.describe(at.arm, f)
			}
		}
	}
	return text + ": " + outcomeWords[o]
}

func (m measured) earlyOps(at place) map[probes.Outcome]uint64 {
	ops := map[probes.Outcome]uint64{}
	for _, t := range m.trials[at] {
		if t.WarmUp != nil {
			for o, n := range t.WarmUp.Ops {
				ops[o] += n
			}
		}
	}
	return ops
}

// earlyAges are those of the warm-ups' ops that did not end.
func (m measured) earlyAges(at place) *record.Hist {
	all := record.NewHist()
	for _, t := range m.trials[at] {
		if t.WarmUp != nil && t.WarmUp.Service != nil {
			all.Merge(t.WarmUp.Service.Unended)
		}
	}
	return all
}
