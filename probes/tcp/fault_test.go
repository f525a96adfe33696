package tcp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/tcp"
	"loadline/probes/tcp/peer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

const impatient = "answer_after: 150ms\nstall_after: 150ms\n"

// do is one op on a fresh session.
func do(t *testing.T, work string, target scenarios.Target) probes.Observation {
	t.Helper()
	b := probetest.Open(t, tcp.Probe{}, work, target)
	return one(t, b)
}

func one(t *testing.T, b *probetest.Bench) probes.Observation {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 20*time.Second, errors.New("the op hangs"))
	defer cancel()
	op := b.Op(0)
	o := b.Do(ctx, op)
	probetest.Conforms(t, op, o)
	return o
}

// through relays to a healthy peer and lets f bend what comes back.
func through(f func(toClient io.Writer, fromPeer io.Reader)) func(*testing.T) scenarios.Target {
	return between(func(to io.Writer, from io.Reader) { _, _ = io.Copy(to, from) }, f)
}

// between relays and lets f and g bend either direction.
func between(f, g func(io.Writer, io.Reader)) func(*testing.T) scenarios.Target {
	return func(t *testing.T) scenarios.Target {
		address := strings.TrimPrefix(clear(t).URL, "http://")
		return accept(t, func(c net.Conn) {
			far, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				f(far, c)
				_ = far.Close()
			}()
			g(c, far)
			_ = c.Close()
			_ = far.Close()
			<-done
		})
	}
}

// answers is a server that reads a line and writes a text; then it waits for
// the other side to end, or, if end is set, ends itself.
func answers(text string, end bool) func(*testing.T) scenarios.Target {
	return func(t *testing.T) scenarios.Target {
		return accept(t, func(c net.Conn) {
			br := bufio.NewReader(c)
			if _, err := br.ReadString('\n'); err != nil {
				return
			}
			_, _ = io.WriteString(c, text)
			if !end {
				_, _ = io.Copy(io.Discard, br)
			}
		})
	}
}

// flip changes the byte at that place of what passes.
func flip(at int) func(io.Writer, io.Reader) {
	return func(to io.Writer, from io.Reader) {
		buf, done := make([]byte, 32<<10), 0
		for {
			n, err := from.Read(buf)
			if i := at - done; i >= 0 && i < n {
				buf[i] ^= 1
			}
			done += n
			if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
				return
			}
		}
	}
}

// only lets n bytes pass.
func only(n int64) func(io.Writer, io.Reader) {
	return func(to io.Writer, from io.Reader) { _, _ = io.CopyN(to, from, n) }
}

func copyAll(to io.Writer, from io.Reader) { _, _ = io.Copy(to, from) }

// TestOutcomes plants each fault and wants its outcome; each has a twin that
// is well.
func TestOutcomes(t *testing.T) {
	reset := func(t *testing.T) scenarios.Target {
		return accept(t, func(c net.Conn) {
			_, _ = bufio.NewReader(c).ReadString('\n')
			_ = c.(*net.TCPConn).SetLinger(0)
		})
	}
	plain := func(t *testing.T) scenarios.Target { return clear(t) }
	asTLS := func(t *testing.T) scenarios.Target {
		target := clear(t)
		target.URL = "https" + strings.TrimPrefix(target.URL, "http")
		return target
	}
	wary := func(t *testing.T) scenarios.Target {
		target := secure(t)
		target.TLS.Insecure = false
		return target
	}
	secured := func(t *testing.T) scenarios.Target { return secure(t) }
	for name, c := range map[string]struct {
		work   string
		target func(*testing.T) scenarios.Target
		want   probes.Outcome
		says   string
	}{
		"connect":                {connectWork, plain, probes.OK, ""},
		"connect to TLS":         {connectWork, asTLS, probes.OK, ""},
		"handshake":              {tlsWork, secured, probes.OK, ""},
		"echo":                   {echoWork, plain, probes.OK, ""},
		"echo through a relay":   {echoWork, through(copyAll), probes.OK, ""},
		"upload":                 {uploadWork, plain, probes.OK, ""},
		"upload through a relay": {uploadWork, through(copyAll), probes.OK, ""},
		"download":               {downloadWork, through(copyAll), probes.OK, ""},

		"refused":              {connectWork, func(t *testing.T) scenarios.Target { return scenarios.Target{URL: "http://" + probetest.Refused(t)} }, probes.Refused, "refused"},
		"connect unanswered":   {connectWork + impatient, full, probes.Refused, "150ms"},
		"no such name":         {connectWork, func(*testing.T) scenarios.Target { return scenarios.Target{URL: "http://no-such-host.invalid"} }, probes.DNS, "no-such-host"},
		"unknown authority":    {tlsWork, wary, probes.TLS, "tls.ca"},
		"no TLS there":         {tlsWork + impatient, asTLS, probes.TLS, "handshake"},
		"handshake unanswered": {tlsWork + impatient, frozenTLS, probes.TLS, "not finished within 150ms"},
		"echo reset":           {echoWork, reset, probes.Reset, "reset"},
		"echo closed":          {echoWork, answers("", true), probes.Reset, ""},
		"echo unanswered":      {echoWork + impatient, answers("", false), probes.Timeout, "no answer in 150ms"},
		"echo wrong":           {echoWork + impatient, answers("ok\nabc", false), probes.Corrupt, "byte 0 of 64"},
		"echo corrupt":         {echoWork, through(flip(10)), probes.Corrupt, "byte 7 of 64 is wrong"},
		"echo short":           {echoWork, through(only(20)), probes.Short, "after 17 of 64"},
		"echo of no peer":      {echoWork, answers("HTTP/1.1 400 Bad Request\r\n\r\n", false), probes.Protocol, "no answer of a loadline peer"},
		"peer refuses":         {echoWork, answers("no such luck\n", false), probes.Protocol, "the peer refused: such luck"},
		"upload corrupt":       {uploadWork, between(flip(1<<20), copyAll), probes.Corrupt, "wrong byte at"},
		"upload swallowed":     {uploadWork + impatient, between(copyAll, func(io.Writer, io.Reader) { time.Sleep(400 * time.Millisecond) }), probes.Timeout, "no answer in 150ms"},
		"upload stalled":       {"kind: net.tcp\nmode: upload\nsize: 64MiB\n" + impatient, frozen, probes.Stalled, "no byte moved in 150ms"},
		"upload reset":         {uploadWork, reset, probes.Reset, ""},
		"download corrupt":     {downloadWork, through(flip(2 << 20)), probes.Corrupt, "is wrong"},
		"download short":       {downloadWork, through(only(1 << 20)), probes.Short, "of 3145728"},
		"download stalled": {downloadWork + impatient, through(func(to io.Writer, from io.Reader) {
			_, _ = io.CopyN(to, from, 1<<20)
			time.Sleep(400 * time.Millisecond)
		}), probes.Stalled, "no byte moved in 150ms"},
		"echo with more": {echoWork, through(func(to io.Writer, from io.Reader) {
			b := make([]byte, 3+64)
			_, _ = io.ReadFull(from, b)
			_, _ = to.Write(append(b, "more"...))
			time.Sleep(50 * time.Millisecond)
		}), probes.Long, "bytes follow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := do(t, c.work, c.target(t))
			if o.Outcome != c.want || c.says != "" && (o.Err == nil || !strings.Contains(o.Err.Error(), c.says)) {
				t.Fatalf("outcome %s (%v), want %s saying %q", o.Outcome, o.Err, c.want, c.says)
			}
			if o.Outcome != probes.OK && o.Verified != 0 {
				t.Errorf("outcome %s: %d bytes verified", o.Outcome, o.Verified)
			}
		})
	}
}

// TestBytesAndPhases wants what moved in the record, and the time where it was
// spent.
func TestBytesAndPhases(t *testing.T) {
	for work, want := range map[string][3]unit.Bytes{
		connectWork: {0, 0, 0}, echoWork: {64, 64, 64},
		uploadWork: {3 * unit.MiB, 0, 3 * unit.MiB}, downloadWork: {0, 3 * unit.MiB, 3 * unit.MiB},
	} {
		b := probetest.Open(t, tcp.Probe{}, work, clear(t))
		first, second := one(t, b), one(t, b)
		for _, o := range []probes.Observation{first, second} {
			if o.Outcome != probes.OK || o.Sent != want[0] || o.Received != want[1] || o.Verified != want[2] {
				t.Errorf("%s: %s (%v): sent %d, received %d, verified %d", work, o.Outcome, o.Err, o.Sent, o.Received, o.Verified)
			}
		}
		if first.Phases.Connect == 0 || first.Socket.RTT == 0 || first.Socket.Reused {
			t.Errorf("%s: first op: %+v, %+v", work, first.Phases, first.Socket)
		}
		kept := work != connectWork
		if second.Socket.Reused != kept || (second.Phases.Connect == 0) != kept || kept && second.Socket.Conn != first.Socket.Conn {
			t.Errorf("%s: second op: %+v, %+v", work, second.Phases, second.Socket)
		}
	}
	o := do(t, tlsWork, secure(t))
	if o.Phases.Connect == 0 || o.Phases.TLS == 0 || o.Peer.TLS == "" || o.Phases.TLS > time.Second {
		t.Errorf("handshake: %+v, peer %+v", o.Phases, o.Peer)
	}
}

// TestEchoLatencyIsThatOfThePath compares a path with a delay and one without.
func TestEchoLatencyIsThatOfThePath(t *testing.T) {
	const delay = 40 * time.Millisecond
	slow := through(func(to io.Writer, from io.Reader) {
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			time.Sleep(delay)
			if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
				return
			}
		}
	})(t)
	for name, c := range map[string]struct {
		target    scenarios.Target
		low, high time.Duration
	}{"direct": {clear(t), 0, delay}, "delayed": {slow, delay, 10 * delay}} {
		b := probetest.Open(t, tcp.Probe{}, echoWork, c.target)
		one(t, b) // connects
		best := time.Hour
		for range 5 {
			o := one(t, b)
			d, _ := o.Service()
			best = min(best, d)
		}
		if best < c.low || best > c.high {
			t.Errorf("%s: %v, want between %v and %v", name, best, c.low, c.high)
		}
	}
}

// TestOneConnectionCarriesAll counts the connections of a session of one place.
func TestOneConnectionCarriesAll(t *testing.T) {
	var n atomic.Int64
	far := strings.TrimPrefix(clear(t).URL, "http://")
	target := accept(t, func(c net.Conn) {
		n.Add(1)
		to, err := net.Dial("tcp", far)
		if err != nil {
			return
		}
		go func() {
			copyAll(to, c)
			_ = to.Close()
		}()
		copyAll(c, to)
	})
	for work, want := range map[string]int64{echoWork: 1, uploadWork: 1, downloadWork: 1, connectWork: 4, downloadWork + "connections: fresh\n": 4} {
		n.Store(0)
		b := probetest.Open(t, tcp.Probe{}, work, target)
		for range 4 {
			if o := one(t, b); o.Outcome != probes.OK {
				t.Errorf("%s: %s (%v)", work, o.Outcome, o.Err)
			}
		}
		for range 50 { // the last may still be on its way to the server
			if n.Load() == want {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n.Load() != want {
			t.Errorf("%s: %d connections, want %d", work, n.Load(), want)
		}
	}
}

// TestTargetsThatMakeNoSenseAreRefused at Open, where the arm is known.
func TestTargetsThatMakeNoSenseAreRefused(t *testing.T) {
	for want, c := range map[string]struct {
		work   string
		target scenarios.Target
	}{
		"mode tls needs https":   {tlsWork, scenarios.Target{URL: "http://h:1"}},
		"a path means nothing":   {connectWork, scenarios.Target{URL: "http://h:1/x"}},
		"TCP has none":           {connectWork, scenarios.Target{URL: "http://h:1", Auth: scenarios.Auth{User: "jan"}}},
		"is not an absolute URL": {connectWork, scenarios.Target{URL: "h:1"}},
		"needs a port":           {connectWork, scenarios.Target{URL: "tcp://h"}},
		"tls.ca":                 {tlsWork, scenarios.Target{URL: "https://h:1", TLS: scenarios.TLS{CA: "/no/such/file"}}},
	} {
		if _, err := probetest.TryOpen(t, tcp.Probe{}, c.work, c.target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c.target, err, want)
		}
	}
	_, err := probetest.TryOpen(t, tcp.Probe{}, echoWork, clear(t), func(on *probes.On) { on.Cell.Size = peer.MaxEcho + 1 })
	if err == nil || !strings.Contains(err.Error(), "too large to echo") {
		t.Errorf("a cell that is too large to echo: %v", err)
	}
}
