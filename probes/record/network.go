package record

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"loadline/probes"
	"loadline/scenarios/unit"
)

// streamFloor is the least an op must have moved to say something of the rate
// of its stream; below it, the round trip is what was measured.
const streamFloor = 64 * unit.KiB

// network folds what the kernel knew of the connections.
type network struct {
	Network
	rtt      *Hist
	delivery *rates
	stream   *rates
}

func newNetwork() network {
	return network{rtt: NewHist(), delivery: &rates{}, stream: &rates{}}
}

func (n *network) add(o *probes.Observation) {
	if rate, ok := streamRate(o); ok {
		n.stream.record(rate)
	}
	s := &o.Socket
	if s.Conn == 0 {
		return
	}
	if s.Reused {
		n.Reused++
		if o.Outcome == probes.Reset {
			n.ResetKept++
		}
	} else {
		n.Opened++
	}
	if s.RTT > 0 {
		n.rtt.Record(s.RTT)
	}
	n.lowest(s.MinRTT)
	if s.Delivery > 0 {
		n.delivery.record(s.Delivery)
	}
	n.Retrans += s.Retrans
	n.Busy += s.Busy
	n.RwndLimit += s.RwndLimit
	n.SndbufLimt += s.SndbufLimt
	if s.Congestion != "" {
		n.Congestion = s.Congestion
	}
}

func (n *network) lowest(rtt time.Duration) {
	if rtt > 0 && (n.MinRTT == 0 || rtt < n.MinRTT) {
		n.MinRTT = rtt
	}
}

func (n *network) merge(other *network) {
	n.Opened += other.Opened
	n.Reused += other.Reused
	n.ResetKept += other.ResetKept
	n.Retrans += other.Retrans
	n.Busy += other.Busy
	n.RwndLimit += other.RwndLimit
	n.SndbufLimt += other.SndbufLimt
	n.lowest(other.MinRTT)
	if other.Congestion != "" {
		n.Congestion = other.Congestion
	}
	n.rtt.Merge(other.rtt)
	n.delivery.merge(other.delivery)
	n.stream.merge(other.stream)
}

// sums is what a trial keeps: totals, and medians over ops.
func (n *network) sums() Network {
	out := n.Network
	if low, _, ok := quantile(n.rtt, nil, 0.5); ok {
		out.RTT = time.Duration(low)
	}
	out.Delivery = n.delivery.median()
	out.PerStream = n.stream.median()
	return out
}

// streamRate is the rate of the op's stream while it moved: what was received
// over the time of receiving, or what was sent over the time in which the
// kernel had data to send (the time of sending where that is not known, which
// is too short by what the kernel still held). Ops that failed, and those that
// moved less than streamFloor, say nothing.
func streamRate(o *probes.Observation) (unit.BytesPerSecond, bool) {
	if o.Outcome.Failed() {
		return 0, false
	}
	moved, took := o.Received, o.Phases.Receive
	if o.Sent > o.Received {
		moved, took = o.Sent, o.Socket.Busy
		if took == 0 {
			took = o.Phases.Send
		}
	}
	if moved < streamFloor || took <= 0 {
		return 0, false
	}
	return unit.BytesPerSecond(float64(moved) / took.Seconds()), true
}

// rates counts rates from 1 B/s to 1 TB/s at three digits, for their median.
type rates struct{ sparse *hdrhistogram.PackedHistogram }

const rateHigh = int64(unit.TB)

func (r *rates) record(rate unit.BytesPerSecond) {
	if r.sparse == nil {
		r.sparse = hdrhistogram.NewPacked(1, rateHigh, histDigits)
	}
	// Cannot fail: the rate is brought inside of the bounds, which no network
	// leaves.
	_ = r.sparse.RecordValue(int64(min(float64(rate), float64(rateHigh))))
}

func (r *rates) merge(other *rates) {
	if other.sparse == nil {
		return
	}
	if r.sparse == nil {
		r.sparse = hdrhistogram.NewPacked(1, rateHigh, histDigits)
	}
	r.sparse.Merge(other.sparse)
}

func (r *rates) median() unit.BytesPerSecond {
	if r.sparse == nil {
		return 0
	}
	return unit.BytesPerSecond(r.sparse.ValueAtPercentile(50))
}
