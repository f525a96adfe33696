package plan

import (
	"fmt"
	"strings"
)

// Totals are what a run asks of all its targets together. Limits count the load
// alone: with them a run would otherwise end before it could read back what it
// stored, or leave it there.
type Totals struct {
	// Ops and Bytes are the load: ops of warm-up and timed part, and the body
	// bytes that they send and receive.
	Ops   AtMost `json:"ops"`
	Bytes AtMost `json:"bytes"`
	// Fixtures are the objects that are looked for, stored if they are not
	// there, and removed at the end; FixtureBytes what storing them sends.
	Fixtures     AtMost `json:"fixtures"`
	FixtureBytes AtMost `json:"fixture_bytes"`
	// ReadBacks are objects read again, once each unless one is not found
	// intact; that one is asked for through every arm, twice.
	ReadBacks     AtMost `json:"read_backs"`
	ReadBackBytes AtMost `json:"read_back_bytes"`
	Removals      AtMost `json:"removals"`
	// Supposed is what Bytes would be at a rate that is only supposed.
	Supposed Supposed `json:"supposed"`
}

// totals sums over the arms. A limit holds for all of them together.
func (p Plan) totals(arms []ArmEstimate) Totals {
	known := AtMost{Known: true}
	t := Totals{Ops: known, Bytes: known, Fixtures: known, FixtureBytes: known, ReadBacks: known, ReadBackBytes: known, Removals: known}
	for _, a := range arms {
		t.Ops.plus(a.Ops)
		t.Bytes.plus(a.Sends)
		t.Bytes.plus(a.Receives)
		t.ReadBackBytes.plus(a.Reads)
		t.Removals.plus(a.Deletes)
		if a.Reads.N > 0 || !a.Reads.Known {
			t.ReadBacks.plus(a.Creates)
		}
	}
	if n := float64(p.Scenario.Limits.Requests); n > 0 {
		for _, a := range []*AtMost{&t.Ops, &t.ReadBacks, &t.Removals} {
			a.limit(n)
		}
		most := p.largest()
		t.Bytes.limit(n * float64(most.Sends+most.Receives))
		t.ReadBackBytes.limit(n * float64(most.Reads))
	}
	if n := float64(p.Scenario.Limits.Bytes); n > 0 {
		t.Bytes.limit(n)
		t.ReadBackBytes.limit(n)
	}
	t.Supposed = p.supposed()
	fixed, ok := p.Spec.(interface {
		Fixtures(run string, cell Cell) []string
	})
	if !ok {
		return t
	}
	for _, c := range p.Cells {
		n := float64(len(fixed.Fixtures("plan", c)) * len(arms))
		t.Fixtures.N += n
		t.FixtureBytes.N += n * float64(c.Size)
	}
	return t
}

func (a *AtMost) plus(b AtMost) {
	a.N += b.N
	a.Known = a.Known && b.Known
}

// none reports that it never happens.
func (a AtMost) none() bool { return a.Known && a.N == 0 }

// objects is how many there are, and more of them, where that is known.
func objects(n AtMost, more ...string) string {
	if !n.Known {
		return ""
	}
	return fmt.Sprintf(" (%s objects%s)", n.Count(), strings.Join(more, ""))
}

// Words are the totals in sentences: the load, then what comes on top of it.
func (t Totals) Words() []string {
	load := "as much as the targets take"
	switch {
	case t.Ops.Known && t.Bytes.Known:
		load = fmt.Sprintf("at most %s ops and %s", t.Ops.Count(), t.Bytes.Bytes())
	case t.Ops.Known:
		load = fmt.Sprintf("at most %s ops", t.Ops.Count())
	case t.Bytes.Known && t.Bytes.N > 0:
		load = "at most " + t.Bytes.Bytes()
	}
	out := []string{fmt.Sprintf("the load over all arms is %s; limits count this and nothing else", load+t.Supposed.words(t.Bytes))}
	if !t.Fixtures.none() {
		out = append(out, fmt.Sprintf("on top, before it: %s fixtures at most are looked for, stored where they are not there (%s) and removed at the end, with a request for each step",
			t.Fixtures.Count(), t.FixtureBytes.Bytes()))
	}
	if !t.ReadBacks.none() {
		out = append(out, fmt.Sprintf("on top, after it: what it stored is read back%s, once each; one that is not found intact is asked for through every arm, twice",
			objects(t.ReadBacks, ", ", t.ReadBackBytes.Bytes())))
	}
	if !t.Removals.none() {
		out = append(out, fmt.Sprintf("on top, at the end: what it stored is removed%s, with a request for each; one that an arm will not remove is tried through the others",
			objects(t.Removals)))
	}
	return out
}
