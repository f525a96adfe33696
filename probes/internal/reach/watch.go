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

// Watch hands on what the kernel does on the links that the way opens from now
// on, until Close. It is called once, before the first link is opened; nil
// wants nothing. A link is followed from the end of its connect on, so that
// TLS's handshake is in its first sample.
func (w *Way) Watch(tell func(probes.ConnSample)) {
	if tell != nil {
		w.watch = newWatch(tell)
	}
}

// Close samples the links that are open, or were closed a moment ago, once
// more and ends the watch. It closes no link, and may be called again.
func (w *Way) Close() { w.watch.close() }

// watch reads the links of one way at fixed times. A nil watch follows none.
type watch struct {
	sampler *netpath.Sampler
	tell    func(probes.ConnSample)
	skipped uint64 // told so far
	end     context.CancelFunc
	ended   sync.WaitGroup
}

func newWatch(tell func(probes.ConnSample)) *watch {
	w := &watch{tell: tell}
	w.sampler = netpath.NewSampler(sampleEvery, sampleMost, w.pass)
	var ctx context.Context
	ctx, w.end = context.WithCancel(context.Background())
	w.ended.Go(func() { w.sampler.Run(ctx) })
	return w
}

func (w *watch) follow(l *Link) {
	if w != nil {
		w.sampler.Follow(l.TCP, l.ID)
	}
}

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
