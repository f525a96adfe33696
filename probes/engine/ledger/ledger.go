package ledger

import (
	"math/rand/v2"
	"slices"

	"loadline/probes"
	"loadline/probes/record"
)

// Ledger holds the books of all trials of a run.
type Ledger struct {
	run     string
	seed    uint64
	reserve func(record.Names) error
	books   []*Book
	reach   *reach // what the audit learned of the paths, for the removal
}

// New is an empty ledger. reserve keeps a range of names before their ops
// start; nil keeps nothing, for runs without a record. The seed chooses what
// is read back when not everything can be.
func New(run string, seed uint64, reserve func(record.Names) error) *Ledger {
	if reserve == nil {
		reserve = func(record.Names) error { return nil }
	}
	return &Ledger{run: run, seed: seed, reserve: reserve, reach: newReach()}
}

// Open starts the book of one trial.
func (l *Ledger) Open(h Head) *Book {
	b := &Book{Head: h, run: l.run, reserve: l.reserve}
	l.books = append(l.books, b)
	return b
}

// Path is a way to look at an object: through one arm.
type Path struct {
	Arm    string
	Keeper probes.Keeper
}

// entry is one op of the ledger.
type entry struct {
	book *Book
	seq  uint64
	told receipt
	turn int // place among the ops of its arm and cell
}

// judged are the ops whose object is to be looked for, the next one last.
// Those of the warm-up are among them: their time is not judged, but an
// acknowledgement is a promise whenever it was given. They are in random order, so that what the time does not suffice for
// is missing at random, and the arms and cells take turns, so that a fast
// reference does not crowd out the few uploads of a slow candidate.
func (l *Ledger) judged() []entry {
	var list []entry
	for _, b := range l.books {
		b.each(func(seq uint64, r receipt) {
			if r.acknowledged() || r.refused() && r.reached() {
				list = append(list, entry{book: b, seq: seq, told: r})
			}
		})
	}
	dice := rand.New(rand.NewPCG(l.seed, 0x6c6564676572)) // "ledger"
	dice.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	type place struct{ arm, cell string }
	turns := map[place]int{}
	for i := range list {
		at := place{list[i].book.Arm, list[i].book.Cell}
		list[i].turn = turns[at]
		turns[at]++
	}
	slices.SortStableFunc(list, func(a, b entry) int { return b.turn - a.turn })
	return list
}
