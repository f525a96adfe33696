package record

import (
	"cmp"
	"slices"
	"time"

	"loadline/probes"
)

// maxBodies bounds what an object that is another with every answer can cost;
// the rest is counted under "(others)".
const maxBodies = 16

// Body is one content of a trial's object, where the scenario does not say what
// that holds.
type Body struct {
	// SHA256 is in hexadecimal digits, or "(others)" for what was left out.
	SHA256 string `json:"sha256"`
	Ops    uint64 `json:"ops"`
	// Op is the name of the first op that got it.
	Op string `json:"op"`
	// FirstEnd is when the first op that got it ended, LastStart when the last
	// one started, from the start of the measured part.
	FirstEnd  time.Duration `json:"first_end"`
	LastStart time.Duration `json:"last_start"`
}

// bodies counts contents in the order in which they were first seen.
type bodies []Body

func (b *bodies) add(s probes.Served) {
	at := slices.IndexFunc(*b, func(known Body) bool { return known.SHA256 == s.SHA256 })
	if at < 0 && len(*b) >= maxBodies {
		s.SHA256 = otherName
		at = slices.IndexFunc(*b, func(known Body) bool { return known.SHA256 == otherName })
	}
	start, _ := s.Start.Offset()
	end, _ := s.End.Offset()
	if at < 0 {
		*b = append(*b, Body{SHA256: s.SHA256, Ops: 1, Op: s.Op, FirstEnd: end, LastStart: start})
		return
	}
	known := &(*b)[at]
	known.Ops++
	known.LastStart = max(known.LastStart, start)
	if end < known.FirstEnd {
		known.FirstEnd, known.Op = end, s.Op
	}
}

// list is the contents by how often they were served.
func (b bodies) list() []Body {
	slices.SortStableFunc(b, func(x, y Body) int { return cmp.Compare(y.Ops, x.Ops) })
	return b
}
