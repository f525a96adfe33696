package ledger

import (
	"fmt"
	"sort"

	"loadline/probes"
	"loadline/probes/record"
)

// At most so many cases per arm and cell are kept as evidence; those that are
// merely in doubt leave room for the others.
const (
	mostCases    = 100
	mostDoubtful = 20
)

type rowKey struct{ arm, cell string }

// tally counts per arm and cell.
type tally struct {
	order   []rowKey
	of      map[rowKey]*record.Integrity
	settled map[rowKey]uint64 // acknowledged ops that were found intact, lost or corrupt
	late    uint64            // absent on one path, intact on another or later
	unasked error
}

// tally counts what the ops were told; nothing is verified yet.
func (l *Ledger) tally() *tally {
	t := &tally{of: map[rowKey]*record.Integrity{}, settled: map[rowKey]uint64{}}
	for _, b := range l.books {
		row := t.row(b.Arm, b.Cell)
		b.each(func(_ uint64, r receipt) {
			switch {
			case r.acknowledged():
				row.Acknowledged++
			case r.refused():
				row.Refused++
			}
		})
	}
	return t
}

func (t *tally) row(arm, cell string) *record.Integrity {
	k := rowKey{arm, cell}
	if t.of[k] == nil {
		t.of[k] = &record.Integrity{Arm: arm, Cell: cell}
		t.order = append(t.order, k)
	}
	return t.of[k]
}

// count adds what was found of one object.
func (t *tally) count(e entry, v sight) {
	row := t.row(e.book.Arm, e.book.Cell)
	if e.told.refused() {
		if v.finding == probes.Intact || v.finding == probes.Wrong {
			row.RefusedButStored++
			t.note(e, "refused_but_stored", v.evidence)
		}
		return
	}
	switch v.finding {
	case probes.Intact:
		row.Intact++
		if v.ownOnly {
			row.OwnPathOnly++
			t.note(e, "own_path_only", v.evidence)
		}
		if len(v.absent) > 0 {
			t.late++
		}
		t.chargeReaders(e, v)
	case probes.Wrong:
		row.Corrupt++
		t.note(e, "corrupt", v.evidence)
	case probes.Absent:
		row.Lost++
		t.note(e, "lost", v.evidence)
	default:
		t.note(e, "unverified", v.evidence)
		return
	}
	t.settled[rowKey{e.book.Arm, e.book.Cell}]++
	if v.receipts > 1 {
		row.Duplicated++
		t.note(e, "duplicated", append(v.evidence, fmt.Sprintf("the origin stored it %d times", v.receipts)))
	}
	if v.unasked != nil {
		t.unasked = v.unasked
	}
}

// chargeReaders counts the wrong bytes that a path read of an object which
// another path proved intact against the path that read them.
func (t *tally) chargeReaders(e entry, v sight) {
	for _, p := range v.wrong {
		row := t.row(p.Arm, e.book.Cell)
		row.ReadWrong++
		addCase(row, e, "corrupt", append(v.evidence, "stored intact, but read wrong through "+p.Arm))
	}
}

func (t *tally) note(e entry, finding string, evidence []string) {
	addCase(t.row(e.book.Arm, e.book.Cell), e, finding, evidence)
}

func addCase(row *record.Integrity, e entry, finding string, evidence []string) {
	most := mostCases
	if finding == "unverified" || finding == "own_path_only" {
		most = mostDoubtful
	}
	if len(row.Cases) >= most {
		return
	}
	kept := e.book.object(e.seq)
	row.Cases = append(row.Cases, record.Case{
		Name: kept.Name, Trial: e.book.Trial.Index, Seq: e.seq,
		Outcome: e.told.outcome(), Finding: finding, Evidence: evidence,
	})
}

// rows are the counts, in the order in which arms and cells first ran; what is
// acknowledged and not settled is unverified.
func (t *tally) rows() []record.Integrity {
	out := make([]record.Integrity, 0, len(t.order))
	for _, k := range t.order {
		row := *t.of[k]
		row.Unverified = row.Acknowledged - t.settled[k]
		sort.SliceStable(row.Cases, func(i, j int) bool { return rank(row.Cases[i]) < rank(row.Cases[j]) })
		out = append(out, row)
	}
	return out
}

// rank sorts the gravest cases to the front.
func rank(c record.Case) int {
	for i, finding := range []string{"lost", "corrupt", "duplicated", "refused_but_stored"} {
		if c.Finding == finding {
			return i
		}
	}
	return 4
}

// warnings are remarks for the report; unasked objects are those for which
// the time did not suffice.
func (t *tally) warnings(unasked int) []string {
	var w []string
	if t.late > 0 {
		w = append(w, fmt.Sprintf("%d objects were absent through one path or at first, and intact through another or later: the paths do not see the same storage at the same time", t.late))
	}
	if unasked > 0 {
		w = append(w, fmt.Sprintf("%d objects were not looked at again: the time for read-backs ended (hint: raise work.readback.budget or parallel)", unasked))
	}
	if t.unasked != nil {
		w = append(w, fmt.Sprintf("the origin did not say how often it stored an object, so duplicates may have been missed: %v", t.unasked))
	}
	return w
}
