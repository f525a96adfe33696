package probes

import (
	"time"

	"loadline/scenarios/unit"
)

// ConnSample is what the kernel did on one connection in one interval. Counts
// and times are of the interval, all else is as it stood at its end. On a
// shared connection it covers all ops that were on it.
type ConnSample struct {
	// Conn is the connection's number as in Socket.Conn.
	Conn uint64
	// At is the end of the interval, Span its length.
	At   time.Time
	Span time.Duration
	// Last means that the connection was closed at At.
	Last bool
	// Unfollowed is the number of further connections that were opened since
	// the sample before, of any connection, and are too many to be followed.
	Unfollowed uint64

	// Acked bytes reached the peer, Received came from it; TLS and HTTP framing
	// included.
	Acked, Received unit.Bytes
	Retrans         uint64 // segments
	RTT, MinRTT     time.Duration
	Delivery        unit.BytesPerSecond
	Cwnd            int64 // segments
	// Busy is the time with data waiting to be sent or acknowledged; the other
	// two are parts of it. A large part is proof; a small one is nothing, since
	// the kernel counts only while a segment that was ready is held back.
	Busy, RwndLimit, SndbufLimit time.Duration
	// WindowFill is the bytes under way (acknowledged rate × RTT) as a part of
	// the window the peer offers; near 1 the window sets the rate, whatever the
	// congestion control. 0 is not known.
	WindowFill float64
	// SendBufferBound: the kernel ran out of data while the sender was in Write
	// all the time, so the buffer between them sets the rate.
	SendBufferBound bool
	Congestion      string
}
