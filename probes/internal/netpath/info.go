package netpath

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// ErrNotAvailable is returned where the system offers no TCP_INFO.
var ErrNotAvailable = fmt.Errorf("netpath: the kernel's view of a connection (TCP_INFO) is not available on %s: run on Linux: %w",
	runtime.GOOS, errors.ErrUnsupported)

// TCPInfo is the kernel's view of a connection at one moment (tcp_info in
// linux/tcp.h). Counters run from the opening of the connection. A kernel that
// does not know a field leaves it 0; all of them are known from Linux 6.2 on,
// all but SendWindow and ReceiveWindow from 4.19.
type TCPInfo struct {
	At         time.Time // when it was read
	State      uint8     // 1 is established; see include/net/tcp_states.h
	Congestion string    // congestion control in use

	RTT, RTTVar time.Duration // smoothed
	MinRTT      time.Duration // least seen
	ReceiveRTT  time.Duration // estimated by the receiving side; 0 until data arrived
	RTO         time.Duration // retransmission timeout

	SendMSS, ReceiveMSS          int64
	CongestionWindow, SlowStart  int64 // segments; SlowStart is the threshold
	SendWindow, ReceiveWindow    int64 // bytes: what the peer allows us, what we allow the peer
	SendScale, ReceiveScale      uint8 // window scale; 0 in both caps the window at 64 KiB
	Unacked, Lost, Sacked        int64 // segments in flight
	NotSent                      int64 // bytes in the send buffer, not sent yet
	BytesSent, BytesAcked        int64 // retransmissions included in sent; SYN and FIN count as a byte in acked
	BytesReceived, BytesRetrans  int64
	Retransmits                  int64 // segments sent again, in all
	SegmentsSent, SegmentsGot    int64
	Duplicates, ReorderingEvents int64 // of our segments, as reported by the peer

	DeliveryRate int64 // bytes per second, latest estimate
	AppLimited   bool  // DeliveryRate was measured while the sender had too little to send
	PacingRate   int64 // bytes per second; very large when pacing is off

	// Time with data in flight or waiting, and the parts of it in which the
	// peer's window or our send buffer held it back. The kernel counts in ticks
	// of 1 to 10 ms, so short transfers show 0.
	Busy, RwndLimited, SndbufLimited time.Duration

	// Time this process spent inside Read and Write of the Conn: not the
	// kernel's, but read with it, because only together they tell who waited for
	// whom.
	InRead, InWrite time.Duration
}

// Interval is what happened on a connection between two readings.
type Interval struct {
	Span                             time.Duration
	Busy, RwndLimited, SndbufLimited time.Duration
	InRead, InWrite                  time.Duration
	BytesAcked, BytesReceived        int64
	BytesSent, BytesRetrans          int64
	Retransmits, SegmentsSent        int64
	RTT, MinRTT                      time.Duration // at the end
	CongestionWindow                 int64         // segments, at the end
	SendMSS, SendWindow              int64         // at the end
	Unacked, NotSent                 int64         // at the end: segments, bytes
	DeliveryRate                     int64         // bytes per second, at the end
	AppLimited                       bool
	Congestion                       string // in use at the end
}

// Since is the interval from an earlier reading of the same connection; the
// zero TCPInfo gives the totals, with a Span of 0.
func (t TCPInfo) Since(earlier TCPInfo) Interval {
	iv := Interval{
		Busy:             t.Busy - earlier.Busy,
		RwndLimited:      t.RwndLimited - earlier.RwndLimited,
		SndbufLimited:    t.SndbufLimited - earlier.SndbufLimited,
		InRead:           t.InRead - earlier.InRead,
		InWrite:          t.InWrite - earlier.InWrite,
		BytesAcked:       t.BytesAcked - earlier.BytesAcked,
		BytesReceived:    t.BytesReceived - earlier.BytesReceived,
		BytesSent:        t.BytesSent - earlier.BytesSent,
		BytesRetrans:     t.BytesRetrans - earlier.BytesRetrans,
		Retransmits:      t.Retransmits - earlier.Retransmits,
		SegmentsSent:     t.SegmentsSent - earlier.SegmentsSent,
		RTT:              t.RTT,
		MinRTT:           t.MinRTT,
		CongestionWindow: t.CongestionWindow,
		SendMSS:          t.SendMSS,
		SendWindow:       t.SendWindow,
		Unacked:          t.Unacked,
		NotSent:          t.NotSent,
		DeliveryRate:     t.DeliveryRate,
		AppLimited:       t.AppLimited,
		Congestion:       t.Congestion,
	}
	if !earlier.At.IsZero() {
		iv.Span = t.At.Sub(earlier.At)
	}
	return iv
}

// RwndShare is the part of the busy time in which the peer's window held the
// sender back: a slow or small-buffered receiver. 0 when nothing was busy. High
// values are proof, low ones are not: the kernel counts only while the window
// stops a segment that was ready, and a pacing sender (bbr) spaces its segments
// so that this is rare. WindowFill sees those cases too.
func (iv Interval) RwndShare() float64 { return share(iv.RwndLimited, iv.Busy) }

// SndbufShare is the part of the busy time in which our own send buffer was too
// small for the path. 0 when nothing was busy. High values are proof, low ones
// are not: with cubic and reno the kernel may miss a full buffer altogether.
// SendBufferBound sees those cases too.
func (iv Interval) SndbufShare() float64 { return share(iv.SndbufLimited, iv.Busy) }

// WindowFill is the mean number of bytes under way (acknowledged rate × RTT, by
// Little's law) as a part of the window the peer offers. Near 1 the window sets
// the rate, whatever the congestion control. 0 when the kernel does not know
// the window (before Linux 5.4) or nothing moved.
func (iv Interval) WindowFill() float64 {
	if iv.SendWindow <= 0 {
		return 0
	}
	return iv.SendRate() * iv.RTT.Seconds() / float64(iv.SendWindow)
}

// SendBufferBound reports that the kernel ran out of bytes to send although
// this process always had more: all the time was spent inside Write, and still
// the delivery rate counts as limited by the application. The buffer between
// the two is then what limits.
func (iv Interval) SendBufferBound() bool {
	return iv.AppLimited && iv.WriteShare() >= 0.8
}

// ReadShare is the part of the interval this process waited in Read; the rest
// of it the peer or the path waited for us.
func (iv Interval) ReadShare() float64 { return share(iv.InRead, iv.Span) }

// WriteShare is the part of the interval this process waited in Write.
func (iv Interval) WriteShare() float64 { return share(iv.InWrite, iv.Span) }

// BusyShare is the part of the interval with data in flight or waiting.
func (iv Interval) BusyShare() float64 { return share(iv.Busy, iv.Span) }

// RetransShare is the part of the bytes sent that had been sent before.
func (iv Interval) RetransShare() float64 {
	if iv.BytesSent <= 0 {
		return 0
	}
	return float64(iv.BytesRetrans) / float64(iv.BytesSent)
}

// SendRate is acknowledged bytes per second over the interval.
func (iv Interval) SendRate() float64 { return perSecond(iv.BytesAcked, iv.Span) }

// ReceiveRate is received bytes per second over the interval.
func (iv Interval) ReceiveRate() float64 { return perSecond(iv.BytesReceived, iv.Span) }

// share is clipped because the kernel adds its clocks up one after the other.
func share(part, whole time.Duration) float64 {
	if whole <= 0 || part <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}

func perSecond(n int64, span time.Duration) float64 {
	if span <= 0 {
		return 0
	}
	return float64(n) / span.Seconds()
}
