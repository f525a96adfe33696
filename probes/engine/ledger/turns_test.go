package ledger

import (
	"context"
	"testing"

	"loadline/probes"
)

// A reference that stored a thousand objects must not crowd a candidate that
// stored ten out of a short read-back budget.
func TestArmsTakeTurnsInTheAudit(t *testing.T) {
	l := New("run", 1, nil)
	for arm, ops := range map[string]int{"around": 1000, "through": 10} {
		b := l.Open(Head{Arm: arm, Cell: "all"})
		for range ops {
			seq, err := b.Take(context.Background(), false)
			if err != nil {
				t.Fatal(err)
			}
			b.Note(probes.Observation{Seq: seq, Outcome: probes.OK})
		}
	}
	list := l.judged()
	if len(list) != 1010 {
		t.Fatalf("%d ops to look for, want 1010", len(list))
	}
	first := map[string]int{}
	for _, e := range list[len(list)-20:] { // the next one is last
		first[e.book.Arm]++
	}
	if first["through"] != 10 || first["around"] != 10 {
		t.Errorf("of the first 20 looks %v, want 10 of each arm", first)
	}
}

// An upload acknowledged in the warm-up is a promise too.
func TestWarmUpIsInTheLedger(t *testing.T) {
	l := New("run", 1, nil)
	b := l.Open(Head{Arm: "through", Cell: "all"})
	seq, err := b.Take(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	b.Note(probes.Observation{Seq: seq, Outcome: probes.OK})
	if list, rows := l.judged(), l.Unaudited(); len(list) != 1 || rows[0].Acknowledged != 1 {
		t.Errorf("%d ops to look for and %+v, want the one of the warm-up", len(list), rows)
	}
}
