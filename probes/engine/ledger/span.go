package ledger

import (
	"loadline/probes"
	"loadline/probes/record"
)

// promise is what an op was told of its object, as far as it is remembered.
type promise uint8

const (
	unknown promise = iota // a killed run left no receipts
	none
	acknowledged
)

// span is a range of names whose removal is reported as one. Its objects are
// walked, not listed: there may be millions.
type span struct {
	names  record.Names
	object func(seq uint64) probes.Kept
	// next gives the objects to remove, size of them.
	next   func() (seq uint64, told promise)
	size   int // objects to remove
	taken  int
	open   int // of those, not yet tried
	failed int
}

// job is an object to remove.
type job struct {
	span *span
	seq  uint64
	told promise
}

// spans are the ranges of names that the book kept, with those of their objects
// that may exist.
func (b *Book) spans() []*span {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*span
	for _, s := range []*series{&b.warmUp, &b.measured} {
		if s.kept == 0 {
			continue
		}
		size, n := 0, 0
		for _, r := range s.receipts {
			if r.reached() {
				size++
			}
		}
		out = append(out, &span{
			names:  record.Names{Trial: b.Trial.Index, Arm: b.Arm, Cell: b.Cell, From: b.seq(s, 0), To: b.seq(s, s.kept-1) + 1},
			object: b.object, size: size,
			next: func() (seq uint64, told promise) {
				b.mu.Lock()
				defer b.mu.Unlock()
				for !s.receipts[n].reached() {
					n++
				}
				told = none
				if s.receipts[n].acknowledged() {
					told = acknowledged
				}
				n++
				return b.seq(s, n-1), told
			},
		})
	}
	return out
}
