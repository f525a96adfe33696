package record

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"loadline/probes"
)

// failureKind tells failures apart that are evidence of different things.
type failureKind struct {
	outcome probes.Outcome
	status  int
	backend string
}

// failures keeps the first few failed ops of each kind.
type failures map[failureKind][]Failure

const (
	perKind  = 4
	maxKinds = 64
	// maxMessage is the longest message kept, in bytes.
	maxMessage = 500
)

func (f failures) add(o *probes.Observation) {
	if !o.Outcome.Failed() {
		return
	}
	kind := failureKind{o.Outcome, o.Peer.Status, o.Peer.Backend}
	if len(f) >= maxKinds && f[kind] == nil {
		kind = failureKind{outcome: o.Outcome}
	}
	if len(f[kind]) >= perKind {
		return
	}
	f[kind] = append(f[kind], failureOf(o))
}

// failureOf is the evidence of one failed op. After counts from its start, or
// from when it was due if it never started.
func failureOf(o *probes.Observation) Failure {
	after, ok := o.Service()
	if !ok {
		after, _ = o.Response()
	}
	e := Failure{
		Seq: o.Seq, Name: o.Name, Outcome: o.Outcome, Status: o.Peer.Status,
		After: max(after, 0), Moved: o.Sent + o.Received,
		Peer: o.Peer.Address, Backend: o.Peer.Backend, RequestID: o.Peer.RequestID,
	}
	if at, known := o.End.Offset(); known {
		e.At = at
	}
	if o.Err != nil {
		e.Message = cutText(Redact(o.Err.Error()), maxMessage)
	}
	return e
}

func (f failures) merge(other failures) {
	for kind, es := range other {
		f[kind] = append(f[kind], es...)
	}
}

// chosen is at most limit failures: one of each kind in turn, earliest first,
// until they run out; in order of time.
func (f failures) chosen(limit int) []Failure {
	kinds := make([][]Failure, 0, len(f))
	for _, es := range f {
		slices.SortStableFunc(es, earlier)
		kinds = append(kinds, es)
	}
	slices.SortFunc(kinds, func(a, b []Failure) int { return earlier(a[0], b[0]) })
	var out []Failure
	for turn := range perKind {
		for _, es := range kinds {
			if turn < len(es) && len(out) < limit {
				out = append(out, es[turn])
			}
		}
	}
	slices.SortStableFunc(out, earlier)
	return out
}

func earlier(a, b Failure) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
}

// cutText is s in at most limit bytes, at a rune's edge.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// offset is a mark in nanoseconds, −1 where unset.
func offset(m probes.Mark) int64 {
	if d, ok := m.Offset(); ok {
		return int64(d)
	}
	return -int64(time.Nanosecond)
}
