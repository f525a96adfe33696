package record

import (
	"loadline/probes"
	"loadline/scenarios/metric"
)

// integrityCount is how an integrity metric is counted: from the ledger of
// acknowledged uploads, and from the outcomes of downloads that were verified
// as they came.
type integrityCount struct {
	ledger   func(Integrity) uint64
	outcomes []probes.Outcome
}

var integrityCounts = map[metric.ID]integrityCount{
	metric.IntegrityLost: {
		ledger: func(i Integrity) uint64 { return i.Lost },
	},
	metric.IntegrityCorrupt: {
		ledger:   func(i Integrity) uint64 { return i.Corrupt + i.ReadWrong },
		outcomes: []probes.Outcome{probes.Corrupt, probes.Swapped, probes.Stale, probes.Long},
	},
	metric.IntegrityShort: {
		ledger:   func(Integrity) uint64 { return 0 },
		outcomes: []probes.Outcome{probes.Short},
	},
	metric.IntegrityDuplicate: {
		ledger: func(i Integrity) uint64 { return i.Duplicated },
	},
}

// integrityValues counts over the run. For the outcomes, the ops looked at are
// those whose body came to its end: ok, short, long, corrupt, swapped, stale.
func (r Run) integrityValues(cell, arm string, m metric.ID, s metric.Stat) []Value {
	if s != metric.StatCount && s != metric.StatRate {
		return nil
	}
	rule := integrityCounts[m]
	v := Value{Block: WholeRun}
	found := uint64(0)
	for _, i := range r.Integrity {
		if i.Cell == cell && i.Arm == arm {
			found += rule.ledger(i)
			v.N += i.Acknowledged - min(i.Unverified, i.Acknowledged)
			if m == metric.IntegrityCorrupt {
				v.N += i.ReadWrong
			}
		}
	}
	if len(rule.outcomes) > 0 {
		ops := r.Outcomes(cell, arm)
		for _, o := range rule.outcomes {
			found += ops[o]
		}
		v.N = max(v.N, bodiesSeen(ops))
	}
	v.Low = float64(found)
	if s == metric.StatRate {
		v.Low /= float64(v.N) // NaN where nothing was looked at
	}
	v.High = v.Low
	return []Value{v}
}

func bodiesSeen(ops map[probes.Outcome]uint64) uint64 {
	n := uint64(0)
	for _, o := range []probes.Outcome{probes.OK, probes.Short, probes.Long, probes.Corrupt, probes.Swapped, probes.Stale} {
		n += ops[o]
	}
	return n
}
