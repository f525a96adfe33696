package tcp_test

import (
	"net"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/internal/netpath/linktest"
	"loadline/probes/probetest"
	"loadline/probes/tcp/peer"
	"loadline/scenarios"
)

// TestTheLinkIsInTheSamples: a delay is in the round-trip time of echoes; a
// loss is in the segments of an upload that were sent again, and a small window
// in the time that it held the sender back. None of them is where the link has
// none. It needs root, see linktest.
func TestTheLinkIsInTheSamples(t *testing.T) {
	const (
		delay  = 20 * time.Millisecond // one way
		upload = "kind: net.tcp\nmode: upload\nsize: 256KiB\n"
	)
	// A rate that spares the machine, and a queue that no window fills.
	line := linktest.Shape{Rate: 4_000_000, Queue: 8 << 20}
	lossy := line
	lossy.Loss, lossy.Seed = 0.05, 1
	held := func(s probes.ConnSample) float64 { return float64(s.RwndLimit) / float64(max(s.Busy, 1)) }
	for name, c := range map[string]struct {
		work   string
		shape  linktest.Shape
		listen *net.ListenConfig
		right  func(probes.ConnSample) bool
	}{
		"near":         {echoWork, linktest.Shape{}, nil, func(s probes.ConnSample) bool { return s.RTT < delay && s.Retrans == 0 }},
		"far":          {echoWork, linktest.Shape{Delay: delay}, nil, func(s probes.ConnSample) bool { return s.RTT >= 2*delay && s.Retrans == 0 }},
		"healthy":      {upload, line, nil, func(s probes.ConnSample) bool { return s.Busy > 0 && held(s) < 0.2 && s.Retrans == 0 }},
		"lossy":        {upload, lossy, nil, func(s probes.ConnSample) bool { return s.Retrans > 0 }},
		"small window": {upload, linktest.Shape{Delay: delay / 4}, linktest.ReceiveBuffer(8 << 10), func(s probes.ConnSample) bool { return held(s) > 0.3 }},
	} {
		t.Run(name, func(t *testing.T) {
			link := linktest.Line(t, c.shape)
			s := peer.Serve(link.Listen(t, c.listen))
			t.Cleanup(func() { _ = s.Close() })
			probetest.Holds(t, func() probes.ConnSample {
				seen, _ := sampled(t, c.work, scenarios.Target{URL: "http://" + s.Addr().String()}, 500*time.Millisecond, link.Near)
				return seen.Sum()
			}, c.right)
		})
	}
}
