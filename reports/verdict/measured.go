package verdict

import (
	"cmp"
	"encoding/json"
	"slices"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// measured is a record laid out by cell and arm.
type measured struct {
	run        record.Run
	reference  string // empty if the scenario has none
	candidates []string
	null       string // the hidden second reference arm, if any
	cells      []string
	trials     map[place][]record.Trial
	work       workFacts
	bodies     map[place]compared // empty where the content was known or not looked at
	read       map[metricAt]map[int]compare.Distribution
}

// place is one arm in one cell.
type place struct{ cell, arm string }

// workFacts is the little that the judge wants to know of the work itself. A
// probe that has no such key leaves the field empty.
type workFacts struct {
	Direction string `json:"direction"`
	Verify    string `json:"verify"`
}

func layOut(run record.Run) measured {
	run, bodies := holdBodies(run)
	m := measured{run: run, bodies: bodies, trials: map[place][]record.Trial{}, read: map[metricAt]map[int]compare.Distribution{}}
	for _, a := range run.Header.Arms {
		switch a.Role {
		case scenarios.Reference:
			m.reference = cmp.Or(m.reference, a.ID)
		case scenarios.Candidate:
			m.candidates = append(m.candidates, a.ID)
		}
	}
	for _, c := range run.Header.Cells {
		m.cells = append(m.cells, c.ID)
	}
	for _, t := range run.Trials {
		at := place{t.Cell, t.Arm}
		m.trials[at] = append(m.trials[at], t)
		if t.Role == scenarios.Null {
			m.null = t.Arm
		}
	}
	for _, ts := range m.trials {
		slices.SortStableFunc(ts, func(a, b record.Trial) int { return cmp.Compare(a.Block, b.Block) })
	}
	// A spec of another shape than an object has no such facts.
	_ = json.Unmarshal(run.Header.Spec, &m.work)
	return m
}

// arm is the declaration of an arm.
func (m measured) arm(id string) scenarios.Arm {
	for _, a := range m.run.Header.Arms {
		if a.ID == id {
			return a
		}
	}
	return scenarios.Arm{ID: id}
}

// cell is the declaration of a cell.
func (m measured) cell(id string) plan.Cell {
	for _, c := range m.run.Header.Cells {
		if c.ID == id {
			return c
		}
	}
	return plan.Cell{ID: id}
}

// blocks is the number of blocks in which every arm has ended its trial in
// every cell.
func (m measured) blocks() int {
	done := map[int]int{}
	for _, t := range m.run.Trials {
		if t.Aborted == "" {
			done[t.Block]++
		}
	}
	whole := len(m.run.Header.Arms) * max(1, len(m.cells))
	n := 0
	for _, trials := range done {
		if trials >= whole {
			n++
		}
	}
	return n
}

// tally is what the ops of one arm came to, in one cell or in all.
type tally struct {
	ops   map[probes.Outcome]uint64
	moved int64
}

func tallyOf(trials []record.Trial) tally {
	t := tally{ops: map[probes.Outcome]uint64{}}
	for _, tr := range trials {
		for o, n := range tr.Ops {
			t.ops[o] += n
		}
		t.moved += int64(tr.Bytes.Moved)
	}
	return t
}

// tallyArm sums an arm over all cells.
func (m measured) tallyArm(arm string) tally {
	var all []record.Trial
	for _, c := range m.cells {
		all = append(all, m.trials[place{c, arm}]...)
	}
	return tallyOf(all)
}

func (t tally) ok() uint64 { return t.ops[probes.OK] }

// failed counts errors of the arm. Starts that were dropped are errors of the
// generator and are judged by its health.
func (t tally) failed() (n uint64) {
	for o, k := range t.ops {
		if o.Failed() && o != probes.Dropped {
			n += k
		}
	}
	return n
}

// ended counts ops that are known to have worked or failed; a cut op is
// neither.
func (t tally) ended() uint64 { return t.ok() + t.failed() }

// dead reports whether the arm was tried and never once worked, not even in
// part.
func (t tally) dead() bool { return t.ok() == 0 && t.moved == 0 && t.failed() > 0 }

// unserved reports whether the arm never once worked because nobody served it:
// every op was refused, broken off or left without an answer. What the socket
// buffer of a balancer took of an upload is no sign of a server behind it; an
// arm that is slow, or that serves wrong bytes, was served.
func (t tally) unserved() bool {
	if t.dead() {
		return true
	}
	for o, n := range t.ops {
		switch o {
		case probes.DNS, probes.Refused, probes.TLS, probes.Reset, probes.Timeout, probes.Status, probes.Protocol, probes.Dropped:
		default:
			if n > 0 {
				return false
			}
		}
	}
	return t.failed() > 0
}

// worst is the most frequent failure.
func (t tally) worst() (o probes.Outcome, n uint64) {
	for _, out := range probes.Outcomes {
		if out.Failed() && out != probes.Dropped && t.ops[out] > n {
			o, n = out, t.ops[out]
		}
	}
	return o, n
}

// failure says how an arm failed most often, with a message of it.
func (m measured) failure(arm string, cells []string) string {
	var trials []record.Trial
	for _, c := range cells {
		trials = append(trials, m.trials[place{c, arm}]...)
	}
	o, _ := tallyOf(trials).worst()
	if o == "" {
		return "nothing is known of how"
	}
	for _, t := range trials {
		for _, f := range t.Failures {
			if f.Outcome == o {
				return m.describe(arm, f)
			}
		}
	}
	return outcomeWords[o]
}
