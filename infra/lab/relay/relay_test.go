package relay

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// sink is a server that runs serve for every connection.
func sink(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c.(*net.TCPConn))
			}()
		}
	}()
	return ln.Addr().String()
}

func start(t *testing.T, o Options) *Relay {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Stop() })
	return r
}

func dial(t *testing.T, r *Relay) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

func echo(c *net.TCPConn) { io.Copy(c, c) }

// roundTrip is the shortest of five echoes of one byte: scheduling only adds.
func roundTrip(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	best := time.Hour
	for range 5 {
		began := time.Now()
		if _, err := c.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	return best
}

func TestRoundTripIsTwiceTheDelay(t *testing.T) {
	server := sink(t, echo)
	for _, d := range []time.Duration{0, 5 * time.Millisecond, 25 * time.Millisecond} {
		got := roundTrip(t, dial(t, start(t, Options{To: server, Delay: d})))
		if got < 2*d || got > 2*d+20*time.Millisecond {
			t.Errorf("one-way delay %v: round trip %v", d, got)
		}
	}
}

func TestAHandshakeCostsOneRoundTripMore(t *testing.T) {
	const rtt = 40 * time.Millisecond
	server := sink(t, echo)
	for trips, handshake := range map[time.Duration]bool{1: false, 2: true} {
		first := firstExchange(t, start(t, Options{To: server, Delay: rtt / 2, Handshake: handshake}))
		if first < trips*rtt || first > trips*rtt+20*time.Millisecond {
			t.Errorf("handshake %v: the first exchange took %v, want %d round trips of %v", handshake, first, trips, rtt)
		}
	}
}

// firstExchange is the shortest echo of one byte on five new connections.
func firstExchange(t *testing.T, r *Relay) time.Duration {
	t.Helper()
	best := time.Hour
	for range 5 {
		began := time.Now()
		c := dial(t, r)
		c.Write([]byte{1})
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	return best
}

// TestDelayDoesNotLimitThroughput asks for 200 MB/s at 50 ms, or where the
// machine is too busy for that, for a tenth of what it does without a delay. Its
// negative control is a line that holds too few bytes.
func TestDelayDoesNotLimitThroughput(t *testing.T) {
	const delay = 25 * time.Millisecond
	var delayed, direct float64
	for range 3 {
		delayed = max(delayed, throughput(t, Options{Delay: delay}, 128<<20))
		if delayed >= 200 {
			break
		}
		direct = max(direct, throughput(t, Options{}, 128<<20))
	}
	t.Logf("%.0f MB/s at 50 ms", delayed)
	if delayed < 200 && delayed < direct/10 {
		t.Errorf("%.0f MB/s at 50 ms, %.0f MB/s without a delay", delayed, direct)
	}
	const queue = 256 << 10
	if short := throughput(t, Options{Delay: delay, Queue: queue}, 4<<20); short > 1.5*queue/delay.Seconds()/1e6 {
		t.Errorf("%.0f MB/s with %d bytes in flight for %v", short, queue, delay)
	}
}

// throughput is the rate of size bytes through a relay, in MB/s.
func throughput(t *testing.T, o Options, size int64) float64 {
	t.Helper()
	got := make(chan int64, 1)
	server := sink(t, func(c *net.TCPConn) {
		n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 256<<10))
		got <- n
	})
	o.To = server
	r := start(t, o)
	defer r.Stop()
	c := dial(t, r)
	block := make([]byte, 1<<20)
	began := time.Now()
	for range size / int64(len(block)) {
		if _, err := c.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	c.CloseWrite()
	if n := <-got; n != size {
		t.Fatalf("%d of %d bytes arrived", n, size)
	}
	return float64(size) / time.Since(began).Seconds() / 1e6
}

func TestBytesArriveWholeAndHalfClosePasses(t *testing.T) {
	want := make([]byte, 3<<20+17)
	for i := range want {
		want[i] = byte(i * 7 >> 3)
	}
	// The server answers only once it has seen the end of the request.
	server := sink(t, func(c *net.TCPConn) {
		b, err := io.ReadAll(c)
		if err == nil {
			c.Write(b)
		}
	})
	r := start(t, Options{To: server, Delay: 3 * time.Millisecond, Queue: 256 << 10})
	c := dial(t, r)
	go func() { c.Write(want); c.CloseWrite() }()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes came back, equal %v, error %v", len(got), len(want), bytes.Equal(got, want), err)
	}
	if tot := r.Totals(); tot != (Totals{1, int64(len(want)), int64(len(want))}) {
		t.Errorf("totals %+v", tot)
	}
}

func TestRateHolds(t *testing.T) {
	server := sink(t, echo)
	r := start(t, Options{To: server, Rate: 10e6})
	c := dial(t, r)
	began := time.Now()
	go c.Write(make([]byte, 5e6))
	if _, err := io.ReadFull(c, make([]byte, 5e6)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d < 480*time.Millisecond || d > 2*time.Second {
		t.Errorf("5 MB at 10 MB/s took %v", d)
	}
}

func TestFaults(t *testing.T) {
	body := bytes.Repeat([]byte{0xAA}, 1<<20)
	const at = 300_001
	flipped := bytes.Clone(body)
	flipped[at] ^= 1
	for _, c := range []struct {
		name string
		set  func(*Relay) error
		want []byte
		err  error
	}{
		{"healthy", func(*Relay) error { return nil }, body, nil},
		{"flip", func(r *Relay) error { return r.Set(Fault{Flip, Back, at}) }, flipped, nil},
		{"flip forward", func(r *Relay) error { return r.Set(Fault{Flip, Forward, at}) }, flipped, nil},
		{"close", func(r *Relay) error { return r.Set(Fault{Close, Back, at}) }, body[:at], io.ErrUnexpectedEOF},
		{"healed", func(r *Relay) error { r.Set(Fault{Reset, Back, 0}); r.Heal(); return nil }, body, nil},
	} {
		r := start(t, Options{To: sink(t, echo), Delay: time.Millisecond})
		if err := c.set(r); err != nil {
			t.Fatal(err)
		}
		conn := dial(t, r)
		go conn.Write(body)
		got := make([]byte, len(body))
		n, err := io.ReadFull(conn, got)
		// Bytes that a close leaves unread on the sending side make it a reset.
		if c.err != nil && errors.Is(err, syscall.ECONNRESET) {
			continue
		}
		if !errors.Is(err, c.err) || !bytes.Equal(got[:n], c.want) {
			t.Errorf("%s: %d bytes, error %v; want %d, %v", c.name, n, err, len(c.want), c.err)
		}
	}
}

func TestResetIsSeenAsReset(t *testing.T) {
	r := start(t, Options{To: sink(t, func(c *net.TCPConn) { c.Write(make([]byte, 1000)); echo(c) })})
	if err := r.Set(Fault{Reset, Back, 1000}); err != nil {
		t.Fatal(err)
	}
	c := dial(t, r)
	if _, err := io.ReadFull(c, make([]byte, 1000)); err != nil {
		t.Fatalf("before the reset: %v", err)
	}
	c.Write([]byte{1})
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after the reset: %v", err)
	}
}

func TestBlackholeTakesAndNeverDelivers(t *testing.T) {
	arrived := make(chan int, 10)
	r := start(t, Options{To: sink(t, func(c *net.TCPConn) {
		n, _ := io.ReadFull(c, make([]byte, 5000))
		arrived <- n
	})})
	if err := r.Set(Fault{Blackhole, Forward, 1000}); err != nil {
		t.Fatal(err)
	}
	c := dial(t, r)
	if _, err := c.Write(make([]byte, 5000)); err != nil {
		t.Fatalf("the sender noticed: %v", err)
	}
	c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	var timeout net.Error
	if _, err := c.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("want silence, got %v", err)
	}
	r.Stop()
	if n := <-arrived; n != 1000 {
		t.Errorf("%d bytes delivered, want 1000", n)
	}
}

func TestDeadDestinationResets(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	// The reset may come before or after the dial has returned.
	c, err := net.Dial("tcp", start(t, Options{To: ln.Addr().String()}).Addr())
	if err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("want a reset, got %v", err)
	}
}

func TestStopEndsConnectionsAndIsRepeatable(t *testing.T) {
	r := start(t, Options{To: sink(t, echo), Delay: time.Hour})
	c := dial(t, r)
	c.Write([]byte{1})
	done := make(chan error, 1)
	go func() { r.Stop(); done <- r.Stop() }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("Stop waits for the delay line")
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlived the relay")
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{}, {To: "x:1", Delay: -1}, {To: "x:1", Rate: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	r, _ := New(Options{To: "x:1"})
	for _, f := range []Fault{{"melt", Back, 0}, {Flip, "up", 0}, {Flip, Back, -1}} {
		if err := r.Set(f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}
