package storm_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
)

// responder answers every 64 KiB or less that it reads with one answer of
// 1 KiB, and allocates nothing while it does: what is left is the probe.
func responder(t testing.TB) scenarios.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answer := append([]byte("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n"), small...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
				if _, err := c.Write(answer); err != nil {
					return
				}
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return scenarios.Target{URL: "http://" + l.Addr().String()}
}

// BenchmarkOp is one op over a kept connection of HTTP/1.1, the responder's
// work on the same machine included. infra/bench holds the whole command
// beside vegeta and wrk.
func BenchmarkOp(b *testing.B) {
	bench := probetest.Open(b, storm.Probe{}, getWork, responder(b))
	op := bench.Op(0)
	b.ReportAllocs()
	for b.Loop() {
		if o := bench.Do(context.Background(), op); o.Outcome != probes.OK {
			b.Fatal(o.Err)
		}
	}
}

// BenchmarkHTTP2 is BenchmarkOp over HTTP/2 in TLS; the server's work, which is
// the larger part, counts too.
func BenchmarkHTTP2(b *testing.B) {
	bench := probetest.Open(b, storm.Probe{}, getWork, serve(b, withHTTP2))
	b.ReportAllocs()
	for b.Loop() {
		if o := bench.Do(context.Background(), bench.Op(0)); o.Outcome != probes.OK {
			b.Fatal(o.Err)
		}
	}
}

// TestAnOpAllocatesNothing guards the speed of the hot path by what a noisy
// machine cannot blur.
func TestAnOpAllocatesNothing(t *testing.T) {
	bench := probetest.Open(t, storm.Probe{}, getWork+"expect: {size: 1KiB, sha256: "+digestOfSmall+"}\n", responder(t))
	ctx, op := context.Background(), bench.Op(0)
	began := time.Now()
	n := testing.AllocsPerRun(500, func() {
		if o := bench.Do(ctx, op); o.Outcome != probes.OK {
			t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
		}
	})
	// The kernel is asked about the connection four times a second, and what
	// watches for silence looks at the lanes; both may allocate.
	if n > 1 {
		t.Errorf("%v allocations per op, in %v", n, time.Since(began))
	}
}
