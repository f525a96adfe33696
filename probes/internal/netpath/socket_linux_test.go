package netpath

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// An accept queue that is full answers nothing: the black hole of a firewall
// that drops, on loopback.
func TestConnectTimeout(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*unix.SockaddrInet4).Port}).String()

	d := &Dialer{Timeout: 200 * time.Millisecond}
	for range 5 { // the queue holds one or two
		start := time.Now()
		c, err := d.Dial(t.Context(), addr)
		if err == nil {
			defer c.Close()
			continue
		}
		took := time.Since(start)
		de := err.(*DialError)
		if de.Stage != StageConnect || !de.Timeout() || !strings.Contains(err.Error(), "no answer within 200ms") {
			t.Errorf("%v, timeout %v", err, de.Timeout())
		}
		if took < 200*time.Millisecond || took > 3*time.Second {
			t.Errorf("gave up after %v", took)
		}
		return
	}
	t.Error("a full accept queue still accepted")
}

func TestCongestionControlPerSocket(t *testing.T) {
	controls, err := CongestionControls()
	if err != nil || len(controls) == 0 {
		t.Fatal(controls, err)
	}
	addr := listen(t, discard)
	for _, name := range controls {
		info, err := dial(t, &Dialer{Congestion: name}, addr).Info()
		if err != nil || info.Congestion != name {
			t.Errorf("asked for %s, the socket uses %q (%v)", name, info.Congestion, err)
		}
	}
	system, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := dial(t, &Dialer{}, addr).Info(); info.Congestion != strings.TrimSpace(string(system)) {
		t.Errorf("asked for nothing, the socket uses %q, the system %q", info.Congestion, system)
	}
}

func TestSocketBuffersAndKeepAlive(t *testing.T) {
	addr := listen(t, discard)
	option := func(c *Conn, level, name int) (n int) {
		if err := c.control(func(fd int) (err error) { n, err = unix.GetsockoptInt(fd, level, name); return err }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	c := dial(t, &Dialer{SendBuffer: 32 << 10, ReceiveBuffer: 48 << 10}, addr)
	if s, r := option(c, unix.SOL_SOCKET, unix.SO_SNDBUF), option(c, unix.SOL_SOCKET, unix.SO_RCVBUF); s != 64<<10 || r != 96<<10 {
		t.Errorf("buffers %d and %d, want twice what was asked for", s, r)
	}
	if on := option(c, unix.SOL_SOCKET, unix.SO_KEEPALIVE); on != 0 {
		t.Error("keep-alive probes are on by default")
	}
	c = dial(t, &Dialer{KeepAlive: 7 * time.Second}, addr)
	if on, idle := option(c, unix.SOL_SOCKET, unix.SO_KEEPALIVE), option(c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE); on == 0 || idle != 7 {
		t.Errorf("keep-alive %d after %d s, want on after 7 s", on, idle)
	}
}

// What the kernel buffers is not what the peer has: Moved stops while the peer
// does not read, and moves during one long Write once it does.
func TestMovedTellsBufferedFromAcknowledged(t *testing.T) {
	release := make(chan struct{})
	addr := listen(t, func(c net.Conn) {
		_ = c.(*net.TCPConn).SetReadBuffer(64 << 10)
		<-release
		discard(c)
	})
	c := dial(t, &Dialer{SendBuffer: 256 << 10}, addr)
	const size = 32 << 20
	done := make(chan error, 1)
	go func() {
		_, err := c.Write(make([]byte, size))
		done <- err
	}()
	waitFor(t, "the buffers to fill", func() bool {
		_, a := c.Moved()
		time.Sleep(100 * time.Millisecond)
		_, b := c.Moved()
		return a > 0 && a == b
	})
	_, stuck := c.Moved()
	unacked, err := c.Unacked()
	if err != nil || unacked <= 0 || stuck >= size/2 {
		t.Errorf("stalled: %d acknowledged, %d not, %v", stuck, unacked, err)
	}
	if unsent, err := c.Unsent(); err != nil || unsent <= 0 || unsent > unacked {
		t.Errorf("stalled: %d unsent of %d unacknowledged, %v", unsent, unacked, err)
	}
	if out := c.Out(); out != 0 {
		t.Errorf("the write has not returned, but %d bytes are counted", out)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	waitFor(t, "every byte to be acknowledged", func() bool { _, acked := c.Moved(); return acked == size })
	if unacked, _ := c.Unacked(); unacked != 0 || c.Out() != size {
		t.Errorf("at the end %d unacknowledged, %d counted", unacked, c.Out())
	}
	_ = c.CloseWrite()
	time.Sleep(20 * time.Millisecond)
	if _, acked := c.Moved(); acked != size {
		t.Errorf("after the FIN %d bytes are acknowledged, want %d", acked, size)
	}
}

func waitFor(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if reached() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func TestInfoOutlivesTheConnection(t *testing.T) {
	c := dial(t, &Dialer{}, listen(t, discard))
	_, _ = c.Write(make([]byte, 5000))
	waitFor(t, "the acknowledgement", func() bool { _, acked := c.Moved(); return acked == 5000 })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := c.Info()
	if err != nil || info.BytesAcked < 5000 || info.State != 1 {
		t.Errorf("after Close: %+v, %v", info, err)
	}
	if n, err := c.Unacked(); n != 0 || err != nil {
		t.Errorf("after Close: %d unacknowledged, %v", n, err)
	}
	if !c.Closed() || c.Close() == nil {
		t.Error("a second Close succeeded")
	}
}

func TestInfoOfAnEstablishedConnection(t *testing.T) {
	info, err := dial(t, &Dialer{}, listen(t, discard)).Info()
	if err != nil {
		t.Fatal(err)
	}
	if info.State != 1 || info.RTT <= 0 || info.RTT > time.Second || info.SendMSS < 500 || info.CongestionWindow < 1 {
		t.Errorf("implausible: %+v", info)
	}
	if info.SendScale == 0 || info.ReceiveScale == 0 || info.SendScale > 14 || info.ReceiveScale > 14 {
		t.Errorf("window scales %d and %d on a path that changes nothing", info.SendScale, info.ReceiveScale)
	}
}

func TestSamplerIntervalsSumToTheTotals(t *testing.T) {
	addr := listen(t, discard)
	var samples []Sample
	s := NewSampler(20*time.Millisecond, 2, func(s Sample) { samples = append(samples, s) })
	d := &Dialer{OnOpen: s.Add}
	a, b, beyond := dial(t, d, addr), dial(t, d, addr), dial(t, d, addr)
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() { s.Run(ctx); close(finished) }()
	for range 10 {
		_, _ = a.Write(make([]byte, 10_000))
		_, _ = b.Write(make([]byte, 1_000))
		_, _ = beyond.Write(make([]byte, 1_000))
		time.Sleep(15 * time.Millisecond)
	}
	waitFor(t, "the acknowledgements", func() bool { _, acked := a.Moved(); return acked == 100_000 })
	_ = a.Close()
	time.Sleep(60 * time.Millisecond)
	stop()
	<-finished

	var acked = map[uint64]int64{}
	var span = map[uint64]time.Duration{}
	last := map[uint64]int{}
	for _, sample := range samples {
		acked[sample.Conn] += sample.BytesAcked
		span[sample.Conn] += sample.Span
		if last[sample.Conn] > 0 {
			t.Errorf("a sample of connection %d after its last one", sample.Conn)
		}
		if sample.Last {
			last[sample.Conn]++
		}
	}
	if acked[a.ID()] != 100_000 || acked[b.ID()] != 10_000 || len(acked) != 2 {
		t.Errorf("bytes acknowledged by connection: %v", acked)
	}
	if last[a.ID()] != 1 || last[b.ID()] != 0 || s.Skipped() != 1 {
		t.Errorf("last samples %v, skipped %d; want one of connection %d, one skipped", last, s.Skipped(), a.ID())
	}
	if span[b.ID()] < 150*time.Millisecond || len(samples) < 8 {
		t.Errorf("%d samples covering %v", len(samples), span[b.ID()])
	}
	if len(s.tracked) != 1 {
		t.Errorf("%d connections are still tracked", len(s.tracked))
	}
}
