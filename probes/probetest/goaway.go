package probetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"loadline/probes"
	"loadline/scenarios"
)

// GoingAway speaks HTTP/2 in clear, answers so many requests on each connection
// with 200 and "ok", and ends it with GOAWAY at the next, as balancers do after
// keepalive_requests and when they are reloaded. What it had not taken it says
// so of; with taken it claims to have taken the request, and never answers.
// Taken counts the requests that it took.
type GoingAway struct {
	Address string
	Taken   atomic.Int64
}

// GoAway starts one that ends with the test.
func GoAway(t testing.TB, each int, taken bool) *GoingAway {
	g := &GoingAway{}
	g.Address = Listen(t, func(c *net.TCPConn) { g.serve(c, each, taken) })
	return g
}

func (g *GoingAway) serve(c net.Conn, each int, taken bool) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	last := uint32(0)
	for n := 0; ; {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		id, done := frame.Header().StreamID, frame.Header().Flags.Has(http2.FlagDataEndStream)
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				_ = f.WritePing(true, frame.Data)
			}
		case *http2.HeadersFrame:
			switch n++; {
			case n <= each:
				last = id
				g.Taken.Add(1)
			case n == each+1 && taken:
				_ = f.WriteGoAway(id, http2.ErrCodeNo, nil)
				return
			case n == each+1:
				_ = f.WriteGoAway(last, http2.ErrCodeNo, nil)
			}
		}
		if done && id != 0 && id <= last {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: success(), EndHeaders: true})
			_ = f.WriteData(id, true, []byte("ok"))
		}
	}
}

// OutlivesGoAway proves of a probe that a peer that ends a connection every so
// many requests costs no op, whoever shares it, and that one that took a request
// and went is an error, and the request not repeated. work lacks its
// connections, which are the last key.
func OutlivesGoAway(t *testing.T, p probes.Probe, work string) {
	for _, connections := range []string{"reuse", "shared"} {
		work := work + "connections: " + connections + "\n"
		t.Run(connections, func(t *testing.T) { costsNoOp(t, p, work) })
		t.Run(connections+", taken and not answered", func(t *testing.T) {
			g := GoAway(t, 2, true)
			b := openAt(t, p, work, g, nil)
			var outcomes []string
			for range 3 {
				outcomes = append(outcomes, string(b.Do(context.Background(), b.Op(0)).Outcome))
			}
			if got := strings.Join(outcomes, " "); got != "ok ok reset" || g.Taken.Load() != 2 {
				t.Errorf("outcomes %s, %d taken, want the third to fail once", got, g.Taken.Load())
			}
		})
	}
}

func openAt(t *testing.T, p probes.Probe, work string, g *GoingAway, warn func(string)) *Bench {
	t.Helper()
	b, err := TryOpen(t, p, work, scenarios.Target{URL: "http://" + g.Address, HTTP: scenarios.H2C}, func(on *probes.On) {
		if warn != nil {
			on.Warn = warn
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func costsNoOp(t *testing.T, p probes.Probe, work string) {
	const ops, slots, each = 60, 4, 7
	g := GoAway(t, each, false)
	var mu sync.Mutex
	var warned []string
	b := openAt(t, p, work, g, func(text string) {
		mu.Lock()
		defer mu.Unlock()
		warned = append(warned, text)
	})
	var all sync.WaitGroup
	for slot := range slots {
		var todo []probes.Op
		for range ops / slots {
			todo = append(todo, b.Op(slot))
		}
		all.Go(func() {
			for _, op := range todo {
				if o := b.Do(context.Background(), op); o.Outcome != probes.OK {
					t.Errorf("%s (%v)", o.Outcome, o.Err)
				}
			}
		})
	}
	all.Wait()
	if n := g.Taken.Load(); n != ops {
		t.Errorf("the peer took %d requests, want each of %d once", n, ops)
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "GOAWAY") {
		t.Errorf("warnings %q, want one of what happened", warned)
	}
}

// success is the head of an answer; no connection's table is needed for it.
func success() []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"}) // a buffer never fails
	return b.Bytes()
}
