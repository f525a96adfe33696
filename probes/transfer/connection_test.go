package transfer_test

import (
	"context"
	"fmt"
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
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

func TestConnections(t *testing.T) {
	count := func(f flavour, extra string, parallel int, protocol scenarios.Protocol) int {
		o := newOrigin(t, f)
		target := o.target(t)
		target.HTTP = protocol
		b := probetest.Open(t, transfer.Probe{}, uploadWork+extra, target)
		var wg sync.WaitGroup
		for slot := range parallel {
			ops := []probes.Op{b.Op(slot), b.Op(slot), b.Op(slot)}
			wg.Go(func() {
				for _, op := range ops {
					want(t, b.Do(context.Background(), op), probes.OK)
				}
			})
		}
		wg.Wait()
		return o.connections()
	}
	for _, c := range []struct {
		name, extra string
		flavour     flavour
		protocol    scenarios.Protocol
		want        int
	}{
		{"reuse", "", flavour{}, scenarios.Auto, 3},
		{"fresh", "connections: fresh\n", flavour{}, scenarios.Auto, 9},
		{"idle", "connections: {idle: 20ms}\n", flavour{}, scenarios.Auto, 3},
		{"reuse h2c", "", flavour{h2c: true}, scenarios.H2C, 3},
		{"fresh h2c", "connections: fresh\n", flavour{h2c: true}, scenarios.H2C, 9},
		{"shared h2c", "connections: shared\n", flavour{h2c: true}, scenarios.H2C, 1},
		{"shared h2c that takes one at a time", "connections: shared\n", flavour{h2c: true, configure: oneAtATime}, scenarios.H2C, 1},
		{"shared over 1.1 is one per slot", "connections: shared\n", flavour{}, scenarios.Auto, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := count(c.flavour, c.extra, 3, c.protocol); got != c.want {
				t.Errorf("%d connections for 9 ops on 3 slots, want %d", got, c.want)
			}
		})
	}
}

// oneAtATime is a server that refuses a second stream on a connection.
func oneAtATime(s *httptest.Server) {
	s.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 1}
}

// TestSharingWaitsForSettingsNoLongerThanTheOp: a peer that agrees on
// HTTP/2 and then says nothing does not outlive the op that speaks to it.
func TestSharingWaitsForSettingsNoLongerThanTheOp(t *testing.T) {
	target := script(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
	target.HTTP = scenarios.H2C
	b, err := probetest.TryOpen(t, transfer.Probe{}, uploadWork+"connections: shared\n", target)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(300*time.Millisecond, func() { cancel(probes.ErrCut) })
	want(t, b.Do(ctx, b.Op(0)), probes.Cut)
}

func TestIdlePauseIsNoDelay(t *testing.T) {
	b := probetest.Open(t, transfer.Probe{}, uploadWork+"connections: {idle: 200ms}\n", newOrigin(t, flavour{}).target(t))
	ok(t, b)
	began := time.Now()
	o := ok(t, b)
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("the next op came after %v, want a pause of 200 ms", took)
	}
	if response, _ := o.Response(); response > 150*time.Millisecond || !o.Socket.Reused {
		t.Errorf("response %v, reused %v: the pause is part of the schedule", response, o.Socket.Reused)
	}
}

// TestOneOpIsOneRequest plants what makes HTTP clients repeat requests: a kept
// connection that dies at the moment of the request.
func TestOneOpIsOneRequest(t *testing.T) {
	for _, work := range []string{uploadWork + "verify: none\n", "kind: http.transfer\ndirection: download\nsize: 4B\npath: /files/{name}\nverify: none\n"} {
		t.Run(strings.Fields(work)[3], func(t *testing.T) {
			var requests atomic.Int32
			target := script(t, func(c *net.TCPConn) {
				for i := 0; readHead(c); i++ {
					requests.Add(1)
					if i > 0 {
						return // the second request on a connection is read and dropped
					}
					if strings.Contains(work, "upload") {
						_, _ = io.CopyN(io.Discard, c, 300<<10)
					}
					fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
				}
			})
			b, err := probetest.TryOpen(t, transfer.Probe{}, work, target)
			if err != nil {
				t.Fatal(err)
			}
			ok(t, b)
			want(t, b.Do(context.Background(), b.Op(0)), probes.Reset, "not repeated")
			if n := requests.Load(); n != 2 {
				t.Errorf("%d requests on the wire for 2 ops", n)
			}
			ok(t, b)
		})
	}
	t.Run("h2c", func(t *testing.T) {
		var dropping atomic.Bool
		var requests atomic.Int32
		o := newOrigin(t, flavour{h2c: true})
		target := o.target(t)
		target.HTTP = scenarios.H2C
		b := probetest.Open(t, transfer.Probe{}, downloadWork, target)
		o.bending(func(w http.ResponseWriter, r *http.Request) bool {
			requests.Add(1)
			if dropping.Load() {
				panic(http.ErrAbortHandler)
			}
			return false
		})
		ok(t, b)
		dropping.Store(true)
		want(t, b.Do(context.Background(), b.Op(0)), probes.Reset)
		if n := requests.Load(); n != 2 {
			t.Errorf("%d requests on the wire for 2 ops", n)
		}
	})
}

// TestClosedWhileIdle is the healthy twin: a peer that closes an idle
// connection costs no op, is visible, and is said once.
func TestClosedWhileIdle(t *testing.T) {
	for _, f := range []flavour{{}, {tls: true}, {h2c: true}} {
		t.Run(fmt.Sprintf("tls %v h2c %v", f.tls, f.h2c), func(t *testing.T) {
			f.configure = func(s *httptest.Server) { s.Config.IdleTimeout = 80 * time.Millisecond }
			o := newOrigin(t, f)
			target := o.target(t)
			if f.h2c {
				target.HTTP = scenarios.H2C
			}
			var warned atomic.Int32
			b := probetest.Open(t, transfer.Probe{}, uploadWork, target, func(on *probes.On) { on.Warn = func(string) { warned.Add(1) } })
			var conns []uint64
			for range 3 {
				conns = append(conns, ok(t, b).Socket.Conn)
				time.Sleep(300 * time.Millisecond)
			}
			if conns[0] == conns[1] || conns[1] == conns[2] {
				t.Errorf("connections %v: want a new one for each op", conns)
			}
			if n := warned.Load(); n != 1 {
				t.Errorf("%d remarks, want one", n)
			}
			if n := o.requests("PUT"); n != 3 {
				t.Errorf("%d requests for 3 ops", n)
			}
		})
	}
}

func TestCongestionPerArm(t *testing.T) {
	o := newOrigin(t, flavour{})
	b := probetest.Open(t, transfer.Probe{}, uploadWork+"congestion: {around: reno}\n", o.target(t))
	if c := ok(t, b).Socket.Congestion; c != "reno" {
		t.Errorf("congestion control %q, want reno", c)
	}
	plain := probetest.Open(t, transfer.Probe{}, uploadWork+"congestion: {through: reno}\n", o.target(t))
	if c := ok(t, plain).Socket.Congestion; c == "reno" {
		t.Error("another arm's congestion control was set")
	}
}

func TestStallTime(t *testing.T) {
	o := newOrigin(t, flavour{})
	b := probetest.Open(t, transfer.Probe{}, downloadWork, o.target(t))
	pausing := func(pause time.Duration) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			all := body(o, r)
			w.Header().Set("Content-Length", fmt.Sprint(len(all)))
			for i := range 3 {
				_, _ = w.Write(all[i*100<<10 : (i+1)*100<<10])
				_ = http.NewResponseController(w).Flush()
				time.Sleep(pause)
			}
			return true
		}
	}
	o.bending(pausing(400 * time.Millisecond))
	if got := ok(t, b).Phases; got.Stall < 600*time.Millisecond || got.Stall > 1200*time.Millisecond || got.Pause < 350*time.Millisecond || got.Pause > got.Stall {
		t.Errorf("download: stall time %v, longest pause %v; want about 800 and 400 ms", got.Stall, got.Pause)
	}
	o.bending(pausing(20 * time.Millisecond))
	if got := ok(t, b).Phases; got.Stall != 0 || got.Pause < 15*time.Millisecond || got.Pause >= 200*time.Millisecond {
		t.Errorf("download: stall time %v, longest pause %v; want none and 20 ms", got.Stall, got.Pause)
	}
	slow := script(t, func(c *net.TCPConn) {
		_ = c.SetReadBuffer(32 << 10)
		if readHead(c) {
			_, _ = io.CopyN(io.Discard, c, 8<<20)
			time.Sleep(time.Second)
			_, _ = io.CopyN(io.Discard, c, 24<<20)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	up := do(t, "kind: http.transfer\ndirection: upload\nsize: 32MiB\npath: /{name}\nverify: none\n", slow)
	want(t, up, probes.OK)
	if got := up.Phases.Stall; got < 600*time.Millisecond || got > 1500*time.Millisecond {
		t.Errorf("upload: stall time %v, want about a second", got)
	}
}

func TestCut(t *testing.T) {
	for name, extra := range map[string]string{"1.1": "", "h2c": "h2c"} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			o := newOrigin(t, flavour{h2c: true})
			o.bending(func(w http.ResponseWriter, r *http.Request) bool {
				_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
				<-release
				return true
			})
			t.Cleanup(func() { close(release) })
			target := o.target(t)
			if extra != "" {
				target.HTTP = scenarios.H2C
			}
			b, err := probetest.TryOpen(t, transfer.Probe{}, "kind: http.transfer\ndirection: upload\nsize: 1GiB\npath: /{name}\n", target)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(300*time.Millisecond, func() { cancel(probes.ErrCut) })
			op := b.Op(0)
			began := time.Now()
			got := b.Do(ctx, op)
			want(t, got, probes.Cut)
			if took := time.Since(began); took > 800*time.Millisecond {
				t.Errorf("the cut took %v", took-300*time.Millisecond)
			}
			if got.Sent < unit.MiB || got.Sent > 64*unit.MiB || got.Verified != 0 {
				t.Errorf("%v had left when it was cut, %v acknowledged", got.Sent, got.Verified)
			}
		})
	}
}

func TestCutWhileSharing(t *testing.T) {
	target := frozen(t)
	target.URL, target.HTTP = strings.Replace(target.URL, "http:", "https:", 1), scenarios.HTTP2
	b, err := probetest.TryOpen(t, transfer.Probe{}, uploadWork+"connections: shared\n", target)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(200*time.Millisecond, func() { cancel(probes.ErrCut) })
	began := time.Now()
	var wg sync.WaitGroup
	for slot := range 3 {
		op := b.Op(slot)
		wg.Go(func() { want(t, b.Do(ctx, op), probes.Cut) })
	}
	wg.Wait()
	if took := time.Since(began); took > 1200*time.Millisecond {
		t.Errorf("the cut took %v", took-200*time.Millisecond)
	}
}

// TestAConnectionThatDoesNotComeAboutIsPlaced: the evidence says which address
// took none, and that the time went into connecting.
func TestAConnectionThatDoesNotComeAboutIsPlaced(t *testing.T) {
	o := newOrigin(t, flavour{})
	target := o.target(t)
	alive := ok(t, probetest.Open(t, transfer.Probe{}, uploadWork, target))
	b := probetest.Open(t, transfer.Probe{}, uploadWork, target)
	o.Close()
	got := b.Do(context.Background(), b.Op(0))
	want(t, got, probes.Refused, "connection refused")
	if got.Peer.Address != alive.Peer.Address || got.Peer.Protocol != "" {
		t.Errorf("peer %+v, want the address %s and no protocol", got.Peer, alive.Peer.Address)
	}
	if got.Phases.Connect <= 0 || got.Phases.Send != 0 {
		t.Errorf("phases %+v, want the time in connecting", got.Phases)
	}
}
