package plan

import "fmt"

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
	}
	if n := float64(p.Scenario.Limits.Bytes); n > 0 {
		t.Bytes.limit(n)
		t.ReadBackBytes.limit(n)
	}
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

// Words are the totals in sentences: the load, then what comes on top of it.
func (t Totals) Words() []string {
	out := []string{fmt.Sprintf("the load is %s ops and %s at most, over all arms; limits count this and nothing else", t.Ops.Count(), t.Bytes.Bytes())}
	if !t.Fixtures.none() {
		out = append(out, fmt.Sprintf("on top, before it: %s fixtures at most are looked for, stored where they are not there (%s) and removed at the end, with a request for each step",
			t.Fixtures.Count(), t.FixtureBytes.Bytes()))
	}
	if !t.ReadBacks.none() {
		out = append(out, fmt.Sprintf("on top, after it: %s objects are read back (%s), once each; one that is not found intact is asked for through every arm, twice",
			t.ReadBacks.Count(), t.ReadBackBytes.Bytes()))
	}
	if !t.Removals.none() {
		out = append(out, fmt.Sprintf("on top, at the end: %s objects are removed, with a request for each; one that an arm will not remove is tried through the others",
			t.Removals.Count()))
	}
	return out
}
