package transfer

import (
	"context"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/internal/netpath"
	"loadline/scenarios/unit"
)

const (
	// watchEvery is long enough that reading costs nothing (two system calls
	// per connection) and short enough to tell phases of a transfer apart.
	watchEvery = 250 * time.Millisecond
	// watchMost bounds what a session with thousands of connections spends.
	watchMost = 256
)

// watch reads what the kernel does on the open connections of a session, from
// its opening to its end. A nil watch follows nothing.
type watch struct {
	sampler *netpath.Sampler
	tell    func(probes.ConnSample)
	skipped uint64 // told so far
	end     context.CancelFunc
	ended   sync.WaitGroup
}

func newWatch(tell func(probes.ConnSample)) *watch {
	if tell == nil {
		return nil
	}
	w := &watch{tell: tell}
	w.sampler = netpath.NewSampler(watchEvery, watchMost, w.pass)
	var ctx context.Context
	ctx, w.end = context.WithCancel(context.Background())
	w.ended.Go(func() { w.sampler.Run(ctx) })
	return w
}

// follow watches a link until it is closed.
func (w *watch) follow(l *link) {
	if w != nil {
		w.sampler.Follow(l.tcp, l.id)
	}
}

// close samples once more and ends the watch; it may be called again.
func (w *watch) close() {
	if w != nil {
		w.end()
		w.ended.Wait()
	}
}

func (w *watch) pass(s netpath.Sample) {
	skipped := w.sampler.Skipped()
	w.tell(probes.ConnSample{
		Conn: s.Conn, At: s.At, Span: s.Span, Last: s.Last, Unfollowed: skipped - w.skipped,
		Acked: unit.Bytes(max(s.BytesAcked, 0)), Received: unit.Bytes(max(s.BytesReceived, 0)),
		Retrans: uint64(max(s.Retransmits, 0)), RTT: s.RTT, MinRTT: s.MinRTT,
		Delivery: unit.BytesPerSecond(s.DeliveryRate), Cwnd: s.CongestionWindow,
		Busy: s.Busy, RwndLimit: s.RwndLimited, SndbufLimit: s.SndbufLimited,
		WindowFill: s.WindowFill(), SendBufferBound: s.SendBufferBound(), Congestion: s.Congestion,
	})
	w.skipped = skipped
}
