package record

import (
	"cmp"
	"slices"
	"sync/atomic"

	"loadline/probes"
)

// rawBudget counts the observations of a trial over all shards: once there are
// more than RawLimit, none is kept, unless all were asked for. A part of them
// would look like the whole.
type rawBudget struct {
	all  bool
	seen atomic.Int64
}

type rawShard struct {
	budget *rawBudget
	kept   []Raw
}

func (r *rawShard) add(o *probes.Observation) {
	// Once over, only read: a counter that all cores write to is not cheap.
	if !r.budget.all && (r.budget.seen.Load() > RawLimit || r.budget.seen.Add(1) > RawLimit) {
		r.kept = nil
		return
	}
	r.kept = append(r.kept, rawOf(o))
}

func rawOf(o *probes.Observation) Raw {
	return Raw{
		Seq: o.Seq, Due: offset(o.Due), Start: offset(o.Start),
		FirstByte: offset(o.FirstByte), End: offset(o.End),
		Sent: o.Sent, Received: o.Received, Outcome: o.Outcome,
		Conn: o.Socket.Conn, Reused: o.Socket.Reused, Backend: o.Peer.Backend, Status: o.Peer.Status,
	}
}

func (r *rawShard) merge(other *rawShard) { r.kept = append(r.kept, other.kept...) }

// list is what was kept in order of Seq, nil if there were too many.
func (r *rawShard) list() []Raw {
	if !r.budget.all && r.budget.seen.Load() > RawLimit {
		return nil
	}
	slices.SortFunc(r.kept, func(a, b Raw) int { return cmp.Compare(a.Seq, b.Seq) })
	// A copy of the right size: what grew by doubling would rest half empty.
	return append(make([]Raw, 0, len(r.kept)), r.kept...)
}
