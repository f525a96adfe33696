package reports

import (
	"math"
	"time"
)

// Kernel is what this machine's kernel saw of the connections of an arm in a
// cell, for a table: seconds, bytes per second and shares, NaN where not known.
type Kernel struct {
	// RTT is the median over trials, MinRTT that of the least of each.
	RTT, MinRTT, Delivery float64
	// Sending is the time with data to send, in all; ReceiverLimited and
	// BufferLimited are the shares of it by the kernel's clocks, which are low
	// where the congestion control hides the limit from them.
	Sending, ReceiverLimited, BufferLimited float64
	// WindowFill is the bytes under way as a part of the window offered, the
	// median; BufferBound the share of intervals that the send buffer limited.
	WindowFill, BufferBound float64
	Retrans, Opened, Reused uint64
	Congestion              string
}

// Kernel is the arm's row; ok is false where the kernel told nothing.
func (a CellArm) Kernel() (k Kernel, ok bool) {
	n := a.Network
	part := func(x, whole float64) float64 {
		if whole <= 0 {
			return math.NaN()
		}
		return min(1, x/whole)
	}
	known := func(x float64) float64 {
		if x <= 0 {
			return math.NaN()
		}
		return x
	}
	seconds := func(d time.Duration) float64 { return known(d.Seconds()) }
	k = Kernel{
		RTT: seconds(n.RTT), MinRTT: seconds(n.MinRTT), Delivery: known(float64(n.Delivery)), Sending: seconds(n.Busy),
		ReceiverLimited: part(n.RwndLimit.Seconds(), n.Busy.Seconds()), BufferLimited: part(n.SndbufLimt.Seconds(), n.Busy.Seconds()),
		WindowFill: known(n.WindowFill), BufferBound: math.NaN(),
		Retrans: n.Retrans, Opened: n.Opened, Reused: n.Reused, Congestion: n.Congestion,
	}
	if n.Samples > 0 {
		k.BufferBound = n.SndbufBound
	}
	return k, n.RTT > 0
}
