package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// TestBuffersThatDrainAreNoWindow: the wait for the answer to an upload is the
// time in which what was buffered on the way drains, so rate × wait is the
// buffer. It is a window only where something else shows the round trip, or
// the protocol has windows.
func TestBuffersThatDrainAreNoWindow(t *testing.T) {
	// waiting is an upload at a rate whose answer comes after 10 ms, without TLS.
	waiting := func(rate float64, protocol string, tcp time.Duration) synthetic.Path {
		l := link{rate: rate, rtt: 10 * time.Millisecond, protocol: protocol}
		p := with(l.path(), func(_ plan.Cell, _ int, o *synthetic.Op) {
			o.Peer = probes.Peer{Address: "10.0.0.1:80", Protocol: protocol}
			o.Phases.Connect, o.Phases.TLS, o.Phases.Wait = tcp, 0, 10*time.Millisecond
		})
		return trials(p, func(t *record.Trial) { t.Network.MinRTT = tcp })
	}
	cells := []plan.Cell{{ID: "all", Size: 32 * unit.MiB, InFlight: 1}}
	for _, c := range []struct {
		name     string
		protocol string
		tcp      time.Duration
		window   bool
	}{
		{"a near hop, and only waits", "HTTP/1.1", 50 * time.Microsecond, false},
		{"only waits", "HTTP/1.1", 0, false},
		{"TCP takes a part of it", "HTTP/1.1", 4 * time.Millisecond, false},
		{"TCP takes as long", "HTTP/1.1", 9 * time.Millisecond, true},
		{"HTTP/2, behind a near hop", "HTTP/2.0", 50 * time.Microsecond, true},
	} {
		a := attributed(t, synthetic.Design{Cells: cells, Around: waiting(900e6, c.protocol, c.tcp), Through: waiting(97.3e6, c.protocol, c.tcp)})
		if a.Arm == "" || strings.Contains(a.Where, "window") != c.window {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
		if all := strings.Join(a.Evidence, "\n"); !c.window && strings.Contains(all, "no window that products ship with") && strings.Contains(all, byWaits) {
			t.Errorf("%s: a product of waits: %q", c.name, all)
		}
	}
}

const byWaits = "the shortest waits for an answer"

// TestSmallProductsAreLeftOut: a rate × round trip far below any window is no
// evidence of anything.
func TestSmallProductsAreLeftOut(t *testing.T) {
	for _, c := range []struct {
		rate float64
		want bool
	}{{200e3, true}, {20e3, false}} {
		slow := with(up50.at(c.rate).path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			o.Phases.Send = time.Duration(float64(o.Phases.Send) * (1 + float64(n%5)/5))
		})
		a := attributed(t, synthetic.Design{Cells: []plan.Cell{{ID: "all", Size: 64 * unit.KiB, InFlight: 1}}, Around: up50.path(), Through: slow})
		if got := strings.Contains(strings.Join(a.Evidence, "\n"), "no window that products ship with"); a.Arm == "" || got != c.want {
			t.Errorf("%g B/s: %q, for %q", c.rate, a.Where, a.Evidence)
		}
	}
}
