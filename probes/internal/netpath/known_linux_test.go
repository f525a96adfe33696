package netpath

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"loadline/probes/internal/netpath/linktest"
)

// What TCP_INFO says is held here against links whose delay, window, rate or
// loss is known. Each case has a healthy twin: the same transfer on the same
// kind of link without the disturbance.

// receiver is how the far side takes bytes.
type receiver struct {
	buffer int           // SO_RCVBUF, bytes; 0 leaves it to the kernel
	pause  time.Duration // after every 64 KiB
}

func (r receiver) listen(t *testing.T, l *linktest.Link) string {
	t.Helper()
	ln := l.Listen(t, linktest.ReceiveBuffer(r.buffer))
	accept(t, ln, r.take)
	return ln.Addr().String()
}

func (r receiver) take(c net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		time.Sleep(r.pause)
	}
}

// upload sends for a while, lets the first part pass, and returns what the
// kernel saw of the rest.
func upload(t *testing.T, l *linktest.Link, d *Dialer, to receiver) Interval {
	t.Helper()
	c, err := l.FromNear(d.DialContext)(t.Context(), "tcp", to.listen(t, l))
	if err != nil {
		t.Fatal(err)
	}
	conn, _ := From(c)
	ctx, stop := context.WithTimeout(t.Context(), settle+measure+5*time.Second)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 256<<10)
		for ctx.Err() == nil {
			if _, err := conn.Write(buf); err != nil {
				return
			}
		}
	})
	time.Sleep(settle)
	before, err := conn.Info()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(measure)
	after, err := conn.Info()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetLinger(0)
	_ = conn.Close()
	wg.Wait()
	return after.Since(before)
}

const (
	settle  = 400 * time.Millisecond
	measure = 600 * time.Millisecond
)

// describe puts what was seen into failure messages.
func describe(iv Interval) string {
	return fmt.Sprintf("rate %.2f MB/s, delivery %.2f MB/s (limited by us: %v), rtt %v (min %v), busy %.2f, rwnd %.2f, sndbuf %.2f, window fill %.2f, in write %.2f, in read %.2f, received %.2f MB/s, retransmits %d (%.4f), cwnd %d, window %d",
		iv.SendRate()/1e6, float64(iv.DeliveryRate)/1e6, iv.AppLimited, iv.RTT, iv.MinRTT, iv.BusyShare(), iv.RwndShare(),
		iv.SndbufShare(), iv.WindowFill(), iv.WriteShare(), iv.ReadShare(), iv.ReceiveRate()/1e6, iv.Retransmits, iv.RetransShare(), iv.CongestionWindow, iv.SendWindow)
}

// known tries a measurement up to five times: a machine that stands still for
// a moment spoils one, a wrong figure spoils all.
func known(t *testing.T, what string, measured func() Interval, right func(Interval) bool) {
	t.Helper()
	var seen []string
	for range 5 {
		iv := measured()
		if right(iv) {
			return
		}
		seen = append(seen, describe(iv))
	}
	t.Errorf("%s: not once in five tries as it must be:\n%s", what, strings.Join(seen, "\n"))
}

func eachControl(t *testing.T, f func(t *testing.T, control string)) {
	for _, control := range []string{"cubic", "bbr"} {
		t.Run(control, func(t *testing.T) {
			if list, err := CongestionControls(); err != nil || !slices.Contains(list, control) {
				t.Skipf("this kernel does not offer %s (%v, %v)", control, list, err)
			}
			f(t, control)
		})
	}
}

func TestRTTOnALinkOfKnownDelay(t *testing.T) {
	eachControl(t, func(t *testing.T, control string) {
		d := &Dialer{Congestion: control, SendBuffer: 64 << 10}
		known(t, "40 ms of delay", func() Interval {
			return upload(t, linktest.Line(t, linktest.Shape{Delay: 20 * time.Millisecond}), d, receiver{})
		}, func(iv Interval) bool {
			return iv.MinRTT >= 40*time.Millisecond && iv.MinRTT < 60*time.Millisecond && iv.RTT >= iv.MinRTT && iv.RTT < 120*time.Millisecond
		})
		known(t, "no delay", func() Interval {
			return upload(t, linktest.Line(t, linktest.Shape{}), d, receiver{})
		}, func(iv Interval) bool { return iv.MinRTT < 10*time.Millisecond })
	})
}

func TestDeliveryRateOnALinkOfKnownRate(t *testing.T) {
	const limit = 2_000_000 // bytes per second on the wire, about 4 % of it headers
	near := func(rate float64) bool { return rate > 0.75*limit && rate < 1.1*limit }
	eachControl(t, func(t *testing.T, control string) {
		// Buffers of half a second keep the kernel going while this process waits
		// for a core.
		d := &Dialer{Congestion: control, SendBuffer: 1 << 20}
		known(t, "a token bucket of 2 MB/s", func() Interval {
			return upload(t, linktest.Veth(t, limit), d, receiver{buffer: 1 << 20})
		}, func(iv Interval) bool {
			return near(float64(iv.DeliveryRate)) && near(iv.SendRate()) && iv.BusyShare() > 0.8 &&
				iv.RwndShare() < 0.2 && iv.WindowFill() < 0.5 && !iv.SendBufferBound()
		})
		known(t, "the same link without the bucket", func() Interval {
			return upload(t, linktest.Veth(t, 0), d, receiver{})
		}, func(iv Interval) bool { return iv.SendRate() > 5*limit })
	})
}

// A receiver whose window is known: the rate is window / round trip.
func TestReceiverLimitedByAKnownWindow(t *testing.T) {
	line := linktest.Shape{Delay: 20 * time.Millisecond}
	eachControl(t, func(t *testing.T, control string) {
		d := &Dialer{Congestion: control}
		known(t, "a receive buffer of 32 KiB, doubled", func() Interval {
			return upload(t, linktest.Line(t, line), d, receiver{buffer: 32 << 10})
		}, func(iv Interval) bool {
			fill := iv.WindowFill()
			return iv.SendWindow > 16<<10 && iv.SendWindow <= 64<<10 && fill > 0.7 && fill < 1.3 && !iv.SendBufferBound() &&
				(control == "bbr" || iv.RwndShare() > 0.7) // bbr: see RwndShare
		})
		known(t, "a receiver with a growing window", func() Interval {
			return upload(t, linktest.Line(t, line), d, receiver{})
		}, func(iv Interval) bool { return iv.RwndShare() < 0.3 && iv.WindowFill() < 0.65 })
	})
}

// A receiver that reads 64 KiB every 20 ms takes at most 3.3 MB/s.
func TestReceiverLimitedByItsReader(t *testing.T) {
	line := linktest.Shape{Delay: 2 * time.Millisecond}
	eachControl(t, func(t *testing.T, control string) {
		d := &Dialer{Congestion: control}
		known(t, "a slow reader", func() Interval {
			return upload(t, linktest.Line(t, line), d, receiver{buffer: 128 << 10, pause: 20 * time.Millisecond})
		}, func(iv Interval) bool {
			return iv.SendRate() < 4e6 && iv.WindowFill() > 0.6 && (control == "bbr" || iv.RwndShare() > 0.7)
		})
		known(t, "a fast reader", func() Interval {
			return upload(t, linktest.Line(t, line), d, receiver{})
		}, func(iv Interval) bool { return iv.RwndShare() < 0.3 && iv.SendRate() > 10e6 })
	})
}

// A send buffer of 64 KiB on a round trip of 40 ms allows about 1.6 MB/s.
func TestSenderLimitedByItsBuffer(t *testing.T) {
	line := linktest.Shape{Delay: 20 * time.Millisecond}
	slow := linktest.Shape{Delay: 20 * time.Millisecond, Rate: 1_000_000}
	eachControl(t, func(t *testing.T, control string) {
		known(t, "a small send buffer", func() Interval {
			return upload(t, linktest.Line(t, line), &Dialer{Congestion: control, SendBuffer: 32 << 10}, receiver{})
		}, func(iv Interval) bool {
			return iv.SendBufferBound() && iv.WindowFill() < 0.65 && iv.RwndShare() < 0.2 &&
				(control == "cubic" || iv.SndbufShare() > 0.3) // cubic: see SndbufShare
		})
		// The twin is held by the link's rate, so no buffer is too small for it.
		known(t, "a buffer that suffices", func() Interval {
			return upload(t, linktest.Line(t, slow), &Dialer{Congestion: control}, receiver{})
		}, func(iv Interval) bool { return !iv.SendBufferBound() && iv.SndbufShare() < 0.2 })
	})
}

func TestRetransmitsOnALinkOfKnownLoss(t *testing.T) {
	line := linktest.Shape{Delay: 5 * time.Millisecond, Rate: 4_000_000, Queue: 1 << 20, Seed: 1}
	lossy := line
	lossy.Loss = 0.02
	eachControl(t, func(t *testing.T, control string) {
		// The buffer keeps the sender from filling the queue of the line.
		d := &Dialer{Congestion: control, SendBuffer: 128 << 10}
		known(t, "one packet in 50 lost", func() Interval {
			return upload(t, linktest.Line(t, lossy), d, receiver{})
		}, func(iv Interval) bool {
			return iv.Retransmits > 0 && iv.RetransShare() > 0.005 && iv.RetransShare() < 0.08
		})
		known(t, "nothing lost", func() Interval {
			return upload(t, linktest.Line(t, line), d, receiver{})
		}, func(iv Interval) bool { return iv.RetransShare() < 0.002 && iv.SendRate() > 1e6 })
	})
}

// The receiving side of a download: what arrives, and who waits for whom.
func TestReadShareTellsASlowClientFromASlowPath(t *testing.T) {
	known(t, "a slow path", func() Interval { return download(t, linktest.Veth(t, 2_000_000), 0) }, func(iv Interval) bool {
		return iv.ReadShare() > 0.7 && iv.ReceiveRate() > 1.5e6 && iv.ReceiveRate() < 2.5e6
	})
	known(t, "a slow client", func() Interval { return download(t, linktest.Veth(t, 0), 20*time.Millisecond) }, func(iv Interval) bool {
		return iv.ReadShare() < 0.3 && iv.BytesReceived > 0
	})
}

// download reads for a while and pauses after every read.
func download(t *testing.T, l *linktest.Link, pause time.Duration) Interval {
	t.Helper()
	ln := l.Listen(t, nil)
	accept(t, ln, func(c net.Conn) {
		buf := make([]byte, 64<<10)
		for {
			if _, err := c.Write(buf); err != nil {
				return
			}
		}
	})
	c, err := l.FromNear((&Dialer{}).DialContext)(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	conn, _ := From(c)
	buf := make([]byte, 64<<10)
	read := func(d time.Duration) TCPInfo {
		for start := time.Now(); time.Since(start) < d; time.Sleep(pause) {
			if _, err := c.Read(buf); err != nil {
				t.Fatal(err)
			}
		}
		info, err := conn.Info()
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	before := read(settle)
	return read(measure).Since(before)
}
