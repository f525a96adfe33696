package linktest

import (
	"io"
	"net"
	"testing"
	"time"
)

func TestEntranceIsExact(t *testing.T) {
	start := time.Unix(1000, 0)
	e := newEntrance(Shape{Delay: 20 * time.Millisecond, Rate: 1_000_000, Queue: 3000}, 1)
	for i, want := range []time.Duration{21, 22, 23, 24, -1} { // ms; 1 ms per packet, four fit
		due, pass := e.admit(start, 1000)
		if pass != (want > 0) || pass && due.Sub(start) != want*time.Millisecond {
			t.Errorf("packet %d: due after %v, %v; want %v ms", i, due.Sub(start), pass, int(want))
		}
	}
	if due, pass := e.admit(start.Add(time.Second), 1000); !pass || due.Sub(start) != 1021*time.Millisecond {
		t.Errorf("after a pause: due after %v, %v", due.Sub(start), pass)
	}

	lossy, lost := newEntrance(Shape{Loss: 0.1, Seed: 1}, 1), 0
	for range 10_000 {
		if _, pass := lossy.admit(start, 1); !pass {
			lost++
		}
	}
	if lost < 900 || lost > 1100 {
		t.Errorf("%d of 10000 packets lost, want about 1000", lost)
	}
}

// echo measures one round trip on an open connection.
func echo(t *testing.T, l *Link) time.Duration {
	t.Helper()
	ln := l.Listen(t, nil)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	var c net.Conn
	var err error
	l.Near(func() { c, err = net.Dial("tcp", ln.Addr().String()) })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	best := time.Hour
	for range 3 {
		start := time.Now()
		if _, err := c.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	return best
}

func TestLinksPassAndDelay(t *testing.T) {
	if rtt := echo(t, Line(t, Shape{Delay: 25 * time.Millisecond})); rtt < 50*time.Millisecond || rtt > 150*time.Millisecond {
		t.Errorf("round trip on a line of 25 ms each way: %v", rtt)
	}
	if rtt := echo(t, Line(t, Shape{})); rtt > 25*time.Millisecond {
		t.Errorf("round trip on a line without delay: %v", rtt)
	}
	if rtt := echo(t, Veth(t, 0)); rtt > 25*time.Millisecond {
		t.Errorf("round trip on a veth pair: %v", rtt)
	}
}
