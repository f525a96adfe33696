package reach

import (
	"context"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/internal/netpath"
	"loadline/scenarios/unit"
)

const (
	// sampleEvery is long enough that sampling costs nothing (two system calls
	// per link, from one goroutine) and short enough to see a path change.
	sampleEvery = 250 * time.Millisecond
	// sampleMost bounds what a session with thousands of links spends: those
	// beyond it are counted, at no cost.
	sampleMost = 256
)

// Watch reads what the kernel does on the links of one session at fixed times,
// in one goroutine, until Close. A nil Watch follows none.
type Watch struct {
	sampler *netpath.Sampler
	tell    func(probes.ConnSample)
	skipped uint64 // told so far
	end     context.CancelFunc
	ended   sync.WaitGroup
}

// NewWatch hands what it reads to tell, one call at a time; it is nil if tell is.
func NewWatch(tell func(probes.ConnSample)) *Watch {
	if tell == nil {
		return nil
	}
	w := &Watch{tell: tell}
	w.sampler = netpath.NewSampler(sampleEvery, sampleMost, w.pass)
	var ctx context.Context
	ctx, w.end = context.WithCancel(context.Background())
	w.ended.Go(func() { w.sampler.Run(ctx) })
	return w
}

// Follow reads a link, under the number that the session gave it, until it is
// closed.
func (w *Watch) Follow(tcp *netpath.Conn, as uint64) {
	if w != nil {
		w.sampler.Follow(tcp, as)
	}
}

// Close reads the links that are open, or were closed a moment ago, once more
// and ends the watch. It closes no link, and may be called again.
func (w *Watch) Close() {
	if w != nil {
		w.end()
		w.ended.Wait()
	}
}

func (w *Watch) pass(s netpath.Sample) {
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
