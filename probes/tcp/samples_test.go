package tcp_test

import (
	"context"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/tcp"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// sampled does ops until the time is over, each by way of on, and closes.
func sampled(t *testing.T, work string, target scenarios.Target, length time.Duration, on func(func())) (seen *probetest.Samples, done []probes.Observation) {
	t.Helper()
	seen = new(probetest.Samples)
	b := probetest.Open(t, tcp.Probe{}, work, target, seen.From)
	for began := time.Now(); time.Since(began) < length || len(done) == 0; {
		var o probes.Observation
		on(func() { o = b.Do(context.Background(), b.Op(0)) })
		if o.Outcome != probes.OK {
			t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
		}
		done = append(done, o)
	}
	for range 2 {
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return seen, done
}

func here(f func()) { f() }

// TestSamplesCoverTheConnections: what the kernel counted in the intervals is
// what the ops moved, with the lines of the protocol, and TLS where there is
// any. Connections that move nothing are not followed.
func TestSamplesCoverTheConnections(t *testing.T) {
	for name, c := range map[string]struct {
		work     string
		target   func(testing.TB) scenarios.Target
		sampling bool
	}{
		"echo":           {echoWork, clear, true},
		"echo in TLS":    {echoWork, secure, true},
		"upload":         {uploadWork, clear, true},
		"download":       {downloadWork, clear, true},
		"fresh download": {downloadWork + "connections: fresh\n", clear, true},
		"tls":            {tlsWork, secure, true},
		"connect":        {connectWork, clear, false},
	} {
		t.Run(name, func(t *testing.T) {
			seen, done := sampled(t, c.work, c.target(t), 300*time.Millisecond, here)
			if !c.sampling {
				if len(seen.All()) > 0 {
					t.Errorf("%d samples", len(seen.All()))
				}
				return
			}
			var sent, received unit.Bytes
			conns := map[uint64]bool{}
			for _, o := range done {
				sent, received = sent+o.Sent, received+o.Received
				conns[o.Socket.Conn] = true
			}
			ended := map[uint64]bool{}
			for _, s := range seen.All() {
				if !conns[s.Conn] || ended[s.Conn] || s.RTT <= 0 || s.Congestion == "" {
					t.Errorf("a sample of no op's connection, or of an ended one: %+v", s)
				}
				ended[s.Conn] = s.Last
			}
			if got := seen.Sum(); len(seen.All()) == 0 || len(conns) < 256 && (got.Acked < sent || got.Received < received || got.Acked == 0) {
				t.Errorf("samples of %v acknowledged and %v received, the ops sent %v and received %v", got.Acked, got.Received, sent, received)
			}
		})
	}
}
