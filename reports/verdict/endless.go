package verdict

import (
	"fmt"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// What it takes to call an arm endless none of whose ops came to an end. One op
// that the end of a trial caught is nothing, and neither is one of a slow arm.
const (
	endlessCut   = 3   // ops that were cut after so long, at least
	endlessEnded = 10  // ops that worked through the reference, at least
	endlessTimes = 10. // times the reference's op (the time that nine in ten need)
	endlessWorst = 2.  // times its slowest op
)

// endless reports how an arm never finishes anything where the reference does,
// in the same blocks: ops that hang are cut when the trial ends, and a cut op is
// neither a success nor a failure.
func (m measured) endless(at place) (j judged, ok bool) {
	cand := tallyOf(m.trials[at])
	if m.reference == "" || cand.ended() > 0 || cand.ops[probes.Cut] < endlessCut {
		return j, false
	}
	blocks := map[int]bool{}
	for _, t := range m.trials[at] {
		blocks[t.Block] = true
	}
	var beside []record.Trial
	for _, t := range m.trials[place{at.cell, m.reference}] {
		if !blocks[t.Block] {
			continue
		}
		if t.Ops[probes.OK] == 0 {
			return j, false // whatever it is, it met both
		}
		beside = append(beside, t)
	}
	ref, whole := tallyOf(beside), lasted(beside)
	if ref.ok() < endlessEnded || whole.Done.Count() == 0 {
		return j, false
	}
	typical := quantile(whole.Done, 0.9)
	long := max(endlessTimes*typical, endlessWorst*greatest(whole.Done))
	hung := lasted(m.trials[at]).Unended
	if above(hung, long) < endlessCut {
		return j, false
	}
	none := 0.0
	f := blank(scenarios.Criterion{Metric: metric.Errors, Stat: metric.StatRate, Max: &none}, at)
	f.Verdict, f.Reference, f.N = Regressed, m.reference, int(cand.ops[probes.Cut])
	f.Reason = fmt.Sprintf("no op through `%s`%s came to an end, where around (`%s`) %d did: %s cut, after up to %s, and nine in ten around end within %s",
		at.arm, inCell(at.cell), m.reference, ref.ok(), were(cand.ops[probes.Cut], "op"), seconds(greatest(hung)), seconds(typical))
	return judged{Finding: f}, true
}

// lasted is how long the ops of trials took, merged.
func lasted(trials []record.Trial) record.Latency {
	all := record.Latency{Done: record.NewHist(), Unended: record.NewHist()}
	for _, t := range trials {
		if l := t.Latency[metric.Service]; l != nil {
			all.Done.Merge(l.Done)
			all.Unended.Merge(l.Unended)
		}
	}
	return all
}

func were(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return count(n, noun) + " were"
}
