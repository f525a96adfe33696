package verdict

import (
	"fmt"
	"math"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// What it takes to say of an op that was cut that it hung. It would have counted
// as neither good nor bad otherwise, and a service that never answers one request
// in a hundred would look like one that answers all of them.
const (
	hungTimes = endlessTimes // times what nine in ten ops of the reference need
	hungWorst = endlessWorst // times the reference's slowest op
	hungAge   = 1.0          // seconds: what is shorter may be a hiccup of the machine
	hungLeast = 2            // ops; a single one could be anything
	hungElse  = 3            // ops of the same arm that worked: one that is slow as a whole is judged by its speed
)

// hungAfter is the age, in seconds, from which on an op that was cut had hung:
// far beyond what the reference needs, and beyond all that the arm itself ended.
// It is infinite where that cannot be told. An arm without a reference is held
// to its own ops.
func (m measured) hungAfter(at place) float64 {
	beside, _ := m.yardstick(at)
	whole := lasted(beside).Done
	if tallyOf(beside).ok() < endlessEnded || tallyOf(m.trials[at]).ok() < hungElse || whole.Count() == 0 {
		return math.Inf(1)
	}
	own := greatest(lasted(m.trials[at]).Done)
	return max(hungAge, hungTimes*quantile(whole, 0.9), hungWorst*greatest(whole), own)
}

// yardstick is what the ops of an arm are held to, and whose it is in words.
func (m measured) yardstick(at place) (trials []record.Trial, whose string) {
	if m.reference == "" {
		return m.trials[at], ""
	}
	return m.trials[place{at.cell, m.reference}], fmt.Sprintf(" through `%s`", m.reference)
}

// hungIn is how many ops of a trial were cut at that age or later. A failed op
// may have taken as long; it is counted already.
func hungIn(t record.Trial, after float64) uint64 {
	l := t.Latency[metric.Service]
	if l == nil || t.Ops[probes.Cut] == 0 {
		return 0
	}
	one := tally{ops: t.Ops}
	old := above(l.Unended, after)
	return min(t.Ops[probes.Cut], old-min(old, one.failed()))
}

// hung is how many ops of an arm hung, and from which age on that is said.
func (m measured) hung(at place) (n uint64, after float64) {
	after = m.hungAfter(at)
	for _, t := range m.trials[at] {
		n += hungIn(t, after)
	}
	return n, after
}

// hangs says that ops of an arm hang, in words.
func (m measured) hangs(at place, n uint64) string {
	beside, whose := m.yardstick(at)
	return fmt.Sprintf("%s cut without an end after up to %s, where nine in ten%s end within %s",
		were(n, "op"), seconds(greatest(lasted(m.trials[at]).Unended)), whose, seconds(quantile(lasted(beside).Done, 0.9)))
}

// hanging reports an arm some of whose ops hang, in the warm-up too, where none
// of the reference's does.
func (m measured) hanging(at place) (j judged, ok bool) {
	n, _ := m.hung(at)
	soon, around := m.early(at), place{at.cell, m.reference}
	if n+soon.hung <= hungLeast || m.reference == "" || at.arm == m.reference {
		return j, false
	}
	if beside, _ := m.hung(around); beside+m.early(around).hung > 0 {
		return j, false
	}
	none := 0.0
	f := blank(scenarios.Criterion{Metric: metric.Errors, Stat: metric.StatRate, Max: &none}, at)
	s := m.errors(at)
	f.Verdict, f.Reference, f.N, f.Values.Candidate = Regressed, m.reference, int(s.of), float64(n+soon.hung)/float64(s.of)
	words := m.hangs(at, n)
	if n == 0 {
		words = m.earlyWords(at, soon)
	}
	f.Reason = fmt.Sprintf("ops through `%s`%s hang: %s", at.arm, inCell(at.cell), words)
	return judged{Finding: f}, true
}
