package storm_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
)

// TestWhatGoesOverTheWire looks at requests as they arrive.
func TestWhatGoesOverTheWire(t *testing.T) {
	t.Setenv("STORM_TOKEN", "sesame-sesame")
	work := `kind: http.storm
targets:
  - method: POST
    path: /in/{name}?x={name}&y=%20
    body: '{"a": 1}'
    headers: {Content-Type: application/json, X-Token: {env: STORM_TOKEN}, X-Op: "op {name}"}
  - {path: /out}
headers: {User-Agent: test, X-Op: common}
`
	for name, change := range map[string]func(*httptest.Server){"HTTP/1.1": func(*httptest.Server) {}, "HTTP/2.0": withHTTP2} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var seen []*http.Request
			var bodies []string
			target := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				seen, bodies = append(seen, r), append(bodies, string(body))
				_, _ = w.Write(small)
			}, change)
			target.URL += "/base/"
			b := probetest.Open(t, storm.Probe{}, work, target)
			var ops []probes.Op
			for range 2 {
				op := b.Op(0)
				ops = append(ops, op)
				if o := b.Do(context.Background(), op); o.Outcome != probes.OK || o.Peer.Protocol != name {
					t.Fatalf("outcome %s (%v), peer %+v", o.Outcome, o.Err, o.Peer)
				}
			}
			if len(seen) != 2 {
				t.Fatalf("%d requests for 2 ops", len(seen))
			}
			in, out, id := seen[0], seen[1], ops[0].Name
			if want := "/base/in/" + id + "?x=" + id + "&y=%20"; in.RequestURI != want || in.Method != "POST" || in.Proto != name {
				t.Errorf("the request is %s %s %s, want POST %s", in.Method, in.RequestURI, in.Proto, want)
			}
			for header, want := range map[string]string{"Content-Type": "application/json", "X-Token": "sesame-sesame", "X-Op": "op " + id, "User-Agent": "test", "Accept": "*/*"} {
				if got := in.Header.Values(header); len(got) != 1 || got[0] != want {
					t.Errorf("header %s is %q, want %q", header, got, want)
				}
			}
			if bodies[0] != `{"a": 1}` || in.ContentLength != 8 {
				t.Errorf("the body is %q of length %d", bodies[0], in.ContentLength)
			}
			if out.RequestURI != "/base/out" || out.Method != "GET" || out.Header.Get("X-Op") != "common" || out.Header.Get("X-Token") != "" || len(bodies[1]) != 0 {
				t.Errorf("the second request is %s %s %v", out.Method, out.RequestURI, out.Header)
			}
		})
	}
}

// counting counts the connections a server gets.
func counting(n *atomic.Int64) func(*httptest.Server) {
	return func(s *httptest.Server) {
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				n.Add(1)
			}
		}
	}
}

// TestConnectionsAreUsedAsTold counts connections and requests on the server.
func TestConnectionsAreUsedAsTold(t *testing.T) {
	for _, c := range []struct {
		connections string
		http2       bool
		want        int64 // of 4 places with 5 ops each
	}{{"reuse", false, 4}, {"fresh", false, 20}, {"reuse", true, 4}, {"fresh", true, 20}, {"shared", true, 1}} {
		var conns, requests atomic.Int64
		changes := []func(*httptest.Server){counting(&conns)}
		if c.http2 {
			changes = append(changes, withHTTP2)
		}
		target := serveWith(t, func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			_, _ = w.Write(small)
		}, changes...)
		b := probetest.Open(t, storm.Probe{}, getWork+"connections: "+c.connections+"\n", target)
		var wg sync.WaitGroup
		var reused atomic.Int64
		for slot := range 4 {
			ops := []probes.Op{b.Op(slot), b.Op(slot), b.Op(slot), b.Op(slot), b.Op(slot)}
			wg.Go(func() {
				for _, op := range ops {
					o := b.Do(context.Background(), op)
					if o.Outcome != probes.OK || o.Socket.Conn == 0 {
						t.Errorf("outcome %s (%v), socket %+v", o.Outcome, o.Err, o.Socket)
					}
					if o.Socket.Reused {
						reused.Add(1)
					} else if o.Phases.Connect == 0 && c.connections != "shared" {
						t.Error("a new connection without a connect phase")
					}
				}
			})
		}
		wg.Wait()
		if conns.Load() != c.want || requests.Load() != 20 || reused.Load() != 20-c.want {
			t.Errorf("%+v: %d connections, %d requests, %d ops on a used connection", c, conns.Load(), requests.Load(), reused.Load())
		}
	}
}

// TestSharedNeedsHTTP2 wants a remark, not a failure, where it is not spoken.
func TestSharedNeedsHTTP2(t *testing.T) {
	var said []string
	b := probetest.Open(t, storm.Probe{}, getWork+"connections: shared\n", serve(t), func(on *probes.On) {
		on.Warn = func(text string) { said = append(said, text) }
	})
	for slot := range 2 {
		if o := b.Do(context.Background(), b.Op(slot)); o.Outcome != probes.OK {
			t.Errorf("outcome %s (%v)", o.Outcome, o.Err)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "shared needs HTTP/2") {
		t.Errorf("remarks %q", said)
	}
}

// TestNoRequestIsRepeated lets the server end kept connections: once while
// they are idle, which costs nothing, and once when a request is under way,
// which is a failed op.
func TestNoRequestIsRepeated(t *testing.T) {
	var requests atomic.Int64
	target := script(t, func(c net.Conn, _ *http.Request) {
		if n := requests.Add(1); n == 2 {
			_ = c.Close() // the request is read, and not answered
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		if requests.Load() == 3 {
			time.Sleep(10 * time.Millisecond)
			_ = c.Close()
		}
	})
	var said []string
	b := probetest.Open(t, storm.Probe{}, getWork, target, func(on *probes.On) {
		on.Warn = func(text string) { said = append(said, text) }
	})
	next := func() probes.Observation { return b.Do(context.Background(), b.Op(0)) }
	if o := next(); o.Outcome != probes.OK {
		t.Fatalf("first op: %s (%v)", o.Outcome, o.Err)
	}
	if o := next(); o.Outcome != probes.Reset || !o.Socket.Reused || !strings.Contains(o.Err.Error(), "not repeated") || requests.Load() != 2 {
		t.Fatalf("second op: %s (%v) after %d requests", o.Outcome, o.Err, requests.Load())
	}
	if o := next(); o.Outcome != probes.OK || o.Socket.Reused {
		t.Fatalf("third op: %s (%v)", o.Outcome, o.Err)
	}
	time.Sleep(100 * time.Millisecond) // the server closes, and this side sees it
	if o := next(); o.Outcome != probes.OK || o.Socket.Reused || requests.Load() != 4 {
		t.Fatalf("fourth op: %s (%v) after %d requests", o.Outcome, o.Err, requests.Load())
	}
	if len(said) != 1 || !strings.Contains(said[0], "while they were idle") {
		t.Errorf("remarks %q", said)
	}
}

// TestPhases puts the time where it was spent.
func TestPhases(t *testing.T) {
	const pause = 60 * time.Millisecond
	target := serveWith(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(pause)
		w.Header().Set("Content-Length", "1024")
		_, _ = w.Write(small[:512])
		w.(http.Flusher).Flush()
		time.Sleep(pause)
		_, _ = w.Write(small[512:])
	}, withHTTP2)
	for _, protocol := range []scenarios.Protocol{scenarios.HTTP1, scenarios.HTTP2} {
		target.HTTP = protocol
		b := probetest.Open(t, storm.Probe{}, getWork, target)
		first, second := b.Do(context.Background(), b.Op(0)), b.Do(context.Background(), b.Op(0))
		for _, o := range []probes.Observation{first, second} {
			p := o.Phases
			if o.Outcome != probes.OK || p.Wait < pause-5*time.Millisecond || p.Receive < pause-5*time.Millisecond || p.Send <= 0 || p.Send > pause {
				t.Errorf("HTTP %s: %s (%v), phases %+v", protocol, o.Outcome, o.Err, p)
			}
		}
		if p := first.Phases; p.Connect == 0 || p.TLS == 0 || first.Socket.RTT == 0 {
			t.Errorf("HTTP %s: first op: %+v, socket %+v", protocol, p, first.Socket)
		}
		if p := second.Phases; p.Connect != 0 || p.TLS != 0 || !second.Socket.Reused || second.Socket.Conn != first.Socket.Conn {
			t.Errorf("HTTP %s: second op: %+v, socket %+v", protocol, p, second.Socket)
		}
	}
}

// TestPeerIsKept keeps what the answer says of who gave it, also as it
// changes.
func TestPeerIsKept(t *testing.T) {
	var n atomic.Int64
	target := serveWith(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Backend", "b"+string('0'+rune(n.Add(1)%2)))
		w.Header().Set("Via", "1.1 edge")
		w.Header().Set("Server", "origin")
		_, _ = w.Write(small)
	})
	target.Backend = "X-Backend"
	b := probetest.Open(t, storm.Probe{}, getWork, target)
	for _, want := range []string{"b1", "b0", "b1"} {
		o := b.Do(context.Background(), b.Op(0))
		p := o.Peer
		if p.Backend != want || p.Via != "1.1 edge" || p.Server != "origin" || p.Status != 200 || "http://"+p.Address != target.URL {
			t.Errorf("peer %+v, want backend %s", p, want)
		}
	}
}

// TestSecretsStayOut lets a server repeat what it was sent.
func TestSecretsStayOut(t *testing.T) {
	t.Setenv("STORM_TOKEN", "sesame-sesame")
	target := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "you sent "+r.Header.Get("Authorization")+" and "+r.Header.Get("X-Token"), http.StatusForbidden)
	})
	target.Auth = scenarios.Auth{Bearer: &scenarios.Secret{Env: "STORM_TOKEN"}}
	o := do(t, getWork+"headers: {X-Token: {env: STORM_TOKEN}}\n", target)
	if o.Outcome != probes.Status || !strings.Contains(o.Err.Error(), "you sent Bearer *** and ***") {
		t.Errorf("outcome %s (%v)", o.Outcome, o.Err)
	}
	spec := probetest.Check(t, storm.Probe{}, getWork+"headers: {X-Token: {env: STORM_TOKEN}}\n")
	if id := string(spec.Identity()); strings.Contains(id, "sesame") || !strings.Contains(id, "STORM_TOKEN") {
		t.Errorf("identity %s", id)
	}
}

// TestALargerBodyGoesThroughWhole sends and receives what needs many writes.
func TestALargerBodyGoesThroughWhole(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	work := "kind: http.storm\ntargets:\n  - {method: POST, path: /, body_file: " + write(t, body) + "}\nexpect: {size: 1MiB}\n"
	for _, change := range []func(*httptest.Server){func(*httptest.Server) {}, withHTTP2} {
		o := do(t, work, serve(t, change))
		if o.Outcome != probes.OK || o.Sent != 1<<20 || o.Received != 1<<20 || o.Verified != 2<<20 {
			t.Errorf("outcome %s (%v): sent %d, received %d, verified %d", o.Outcome, o.Err, o.Sent, o.Received, o.Verified)
		}
	}
}

// TestAnEarlyRefusalIsHeard answers before the body was read, and resets.
func TestAnEarlyRefusalIsHeard(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(c, make([]byte, 100))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		time.Sleep(50 * time.Millisecond)
		_ = c.Close() // with bytes unread: a reset
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	body := strings.Repeat("x", 8<<20)
	o := do(t, "kind: http.storm\ntargets:\n  - {method: POST, path: /, body_file: "+write(t, body)+"}\n", scenarios.Target{URL: "http://" + l.Addr().String()})
	if o.Outcome != probes.Status && o.Outcome != probes.Reset {
		t.Errorf("outcome %s (%v), want status 413, or reset where the kernel dropped the answer", o.Outcome, o.Err)
	}
	t.Logf("%s: %v", o.Outcome, o.Err)
}
