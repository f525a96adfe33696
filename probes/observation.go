package probes

import (
	"sync/atomic"
	"time"

	"loadline/scenarios/unit"
)

// Mark is an offset from the start of the trial that may be unset; the zero
// value is unset.
type Mark struct{ after int64 } // nanoseconds plus one, or 0

// MarkAt is the mark at offset d; negative offsets count as 0.
func MarkAt(d time.Duration) Mark { return Mark{max(int64(d), 0) + 1} }

// Offset is the time from the start of the trial, and whether it was set.
func (m Mark) Offset() (time.Duration, bool) {
	return time.Duration(max(m.after-1, 0)), m.after > 0
}

// Since is m − from, and false if either is unset.
func (m Mark) Since(from Mark) (time.Duration, bool) {
	return time.Duration(m.after - from.after), m.after > 0 && from.after > 0
}

// Observation is what was seen of one op.
type Observation struct {
	Seq  uint64
	Name string
	Slot int
	// Due is when the schedule wanted the start; Start when it happened;
	// FirstByte when the answer's first byte came; End when it was over.
	Due, Start, FirstByte, End Mark
	// Sent and Received are body bytes as they crossed the wire; Verified are
	// those of them that are proven right (download) or were acknowledged
	// (upload).
	Sent, Received, Verified unit.Bytes
	Phases                   Phases
	Socket                   Socket
	Peer                     Peer
	Outcome                  Outcome
	// Err says what happened where the outcome alone does not.
	Err error
}

// Service is End − Start; false if the op never started or never ended.
func (o Observation) Service() (time.Duration, bool) { return o.End.Since(o.Start) }

// Response is End − Due: queueing on our own side counts.
func (o Observation) Response() (time.Duration, bool) { return o.End.Since(o.Due) }

// Phases are the named slices of one op; a phase that did not happen is 0.
type Phases struct {
	Resolve, Connect, TLS, Continue, Send, Wait, Receive time.Duration
	// Stall is the time in gaps of 200 ms or more without a byte moved.
	Stall time.Duration
	// Pause is the longest gap in which a body that is received brought no byte.
	Pause time.Duration
}

// Socket is what the kernel knew of the op's connection at its end. Shares
// are of the time in which data was waiting to be sent (busy).
type Socket struct {
	// Conn numbers the connections of a session from 1; 0 is none.
	Conn       uint64
	Reused     bool
	RTT        time.Duration
	MinRTT     time.Duration
	Retrans    uint64 // segments, in this op
	Delivery   unit.BytesPerSecond
	Busy       time.Duration // in this op
	RwndLimit  time.Duration // of Busy, held back by the receiver's window
	SndbufLimt time.Duration // of Busy, held back by the send buffer
	Congestion string
}

// Peer is whom the op spoke to.
type Peer struct {
	Address, Local string
	// Protocol is HTTP/1.1 or HTTP/2.0; TLS the version, empty in clear.
	Protocol, TLS string
	Via, Server   string
	Backend       string
	Status        int
	RequestID     string
}

// Meter counts the body bytes of a running op; the engine reads it while the
// probe writes it.
type Meter struct {
	moved  atomic.Int64
	last   atomic.Int64 // when a byte last moved, nanoseconds since clockStart; 0 for never
	unsent atomic.Pointer[func() int64]
}

// clockStart is what meters count from: reading the monotonic clock alone costs
// half of reading both, and a step of the other one moves nothing.
var clockStart = time.Now()

// Add counts n more bytes moved now.
func (m *Meter) Add(n int) {
	m.moved.Add(int64(n))
	m.last.Store(max(1, int64(time.Since(clockStart))))
}

// Unsent lets the meter subtract what the kernel has not yet delivered.
func (m *Meter) Unsent(f func() int64) { m.unsent.Store(&f) }

// Moved is the body bytes that have moved; for an upload, those that have
// left this machine.
func (m *Meter) Moved() unit.Bytes {
	n := m.moved.Load()
	if f := m.unsent.Load(); f != nil && *f != nil {
		n = max(n-(*f)(), 0)
	}
	return unit.Bytes(n)
}

// LastMove is when a byte last moved; the zero time if none has.
func (m *Meter) LastMove() time.Time {
	if n := m.last.Load(); n > 0 {
		return clockStart.Add(time.Duration(n))
	}
	return time.Time{}
}
