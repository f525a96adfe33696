package linktest

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

// Shape is what a Line does to packets, in each direction. The zero value
// passes them on at once.
type Shape struct {
	Delay time.Duration // one way; the round trip takes twice that
	Rate  int64         // bytes per second; 0 for no limit
	Queue int64         // bytes that may wait for Rate before packets are dropped; 0 means 256 KiB
	Loss  float64       // part of the packets dropped, 0 to 1
	Seed  uint64        // of Loss
}

const (
	packetSize = 1500
	inFlight   = 1 << 15 // packets a direction can hold: 48 MB
)

// Line makes a Link of two TUN devices joined by a delay line in this process.
// It carries about 100 MB/s on one core.
func Line(t testing.TB, shape Shape) *Link {
	t.Helper()
	need(t)
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		unable(t, "there is no /dev/net/tun")
	}
	l := newLink(t)
	open := func(ns *namespace, addr netip.Addr) (f *os.File) {
		ns.must(t, func() (err error) {
			if f, err = openTUN("line"); err != nil {
				return err
			}
			return setAddr("line", addr)
		})
		return f
	}
	near, far := open(l.near, NearAddr), open(l.far, FarAddr)
	var wg sync.WaitGroup
	carry(&wg, near, far, shape, 1)
	carry(&wg, far, near, shape, 2)
	t.Cleanup(func() {
		_ = near.Close()
		_ = far.Close()
		wg.Wait()
	})
	return l
}

// packet waits in the line until it is due on the other side.
type packet struct {
	due time.Time
	n   int
	buf *[packetSize]byte
}

// carry moves packets one way until the devices are closed.
func carry(wg *sync.WaitGroup, from, to *os.File, shape Shape, direction uint64) {
	line := make(chan packet, inFlight)
	pool := sync.Pool{New: func() any { return new([packetSize]byte) }}
	wg.Go(func() {
		defer close(line)
		entrance := newEntrance(shape, direction)
		for {
			buf := pool.Get().(*[packetSize]byte)
			n, err := from.Read(buf[:])
			if err != nil {
				return
			}
			due, pass := entrance.admit(time.Now(), int64(n))
			if !pass {
				pool.Put(buf)
				continue
			}
			select {
			case line <- packet{due, n, buf}:
			default: // full: a dropped packet, as on any link
				pool.Put(buf)
			}
		}
	})
	wg.Go(func() {
		for p := range line {
			if wait := time.Until(p.due); wait > 0 {
				time.Sleep(wait)
			}
			_, _ = to.Write(p.buf[:p.n]) // fails only when the device is closed
			pool.Put(p.buf)
		}
	})
}

// entrance decides when a packet leaves the other end, or that it never does.
// It knows no clock, so the times are exact whatever the scheduler does.
type entrance struct {
	shape Shape
	rng   *rand.Rand
	free  time.Time // when the line has sent all that was admitted before
}

func newEntrance(shape Shape, direction uint64) *entrance {
	if shape.Queue == 0 {
		shape.Queue = 256 << 10
	}
	return &entrance{shape: shape, rng: rand.New(rand.NewPCG(shape.Seed, direction))}
}

func (e *entrance) admit(now time.Time, size int64) (due time.Time, pass bool) {
	if e.shape.Loss > 0 && e.rng.Float64() < e.shape.Loss {
		return time.Time{}, false
	}
	if e.shape.Rate <= 0 {
		return now.Add(e.shape.Delay), true
	}
	sending := func(n int64) time.Duration {
		return time.Duration(float64(n) / float64(e.shape.Rate) * float64(time.Second))
	}
	if e.free.Before(now) {
		e.free = now
	}
	if e.free.Sub(now) > sending(e.shape.Queue) {
		return time.Time{}, false
	}
	e.free = e.free.Add(sending(size))
	return e.free.Add(e.shape.Delay), true
}
