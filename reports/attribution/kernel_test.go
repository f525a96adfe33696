package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// The figures of the points below are those that the kernel gave on links of a
// round trip of 40 ms with a receive buffer of 64 KiB under bbr, a send buffer
// of 64 KiB under cubic, and one packet in 50 lost; see the engine's tests.

func point(p record.ConnPoint) record.ConnPoint {
	p.Span, p.Busy = 250*time.Millisecond, 240*time.Millisecond
	p.RTT, p.MinRTT, p.Acked, p.Cwnd = 44*time.Millisecond, 40*time.Millisecond, 400*unit.KB, 60
	return p
}

func healthy(n int) record.ConnPoint {
	return point(record.ConnPoint{WindowFill: 0.2 + float64(n%3)/10, SndbufBound: float64(n % 8 / 7)})
}

func windowFull(n int) record.ConnPoint {
	return point(record.ConnPoint{WindowFill: 0.92 + float64(n%4)/30, RwndLimit: 60 * time.Millisecond})
}

func bufferBound(n int) record.ConnPoint {
	return point(record.ConnPoint{WindowFill: 0.28, SndbufBound: float64(min(n%10, 1))})
}

func lossy(n int) record.ConnPoint {
	return point(record.ConnPoint{WindowFill: 0.03, Retrans: uint64(n % 4 * 8)})
}

// kernel gives a trial one connection of 20 intervals, and the totals that the
// kernel would give with them.
func kernel(of func(n int) record.ConnPoint) func(*record.Trial) {
	return func(t *record.Trial) {
		c := record.ConnSeries{Conn: 1, Congestion: "cubic"}
		for n := range 20 {
			p := of(n)
			p.At = time.Duration(n+1) * p.Span
			c.Points = append(c.Points, p)
			t.Network.Busy += p.Busy
			t.Network.RwndLimit += p.RwndLimit
			t.Network.SndbufLimt += p.SndbufLimit
			t.Network.Retrans += p.Retrans
		}
		t.Network.Congestion = c.Congestion
		t.Conns = []record.ConnSeries{c}
	}
}

// unknown is a link whose ops take times as long in no pattern that any rule
// knows.
func unknown(l link, times float64) synthetic.Path {
	return with(l.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
		if times > 1 {
			o.Phases.Send = time.Duration(float64(o.Phases.Send) * (times + float64(n%5)))
		}
	})
}

// TestKernelFiguresThatProveNothing: a slow arm of no known kind stays one
// where the figures are the same on both arms, come and go, are few, or are of
// a machine rather than of a way.
func TestKernelFiguresThatProveNothing(t *testing.T) {
	near := func(of func(int) record.ConnPoint) func(int) record.ConnPoint {
		return func(n int) record.ConnPoint {
			p := of(n)
			p.RTT, p.MinRTT = 90*time.Microsecond, 40*time.Microsecond
			return p
		}
	}
	idle := func(of func(int) record.ConnPoint) func(int) record.ConnPoint {
		return func(n int) record.ConnPoint {
			p := of(n)
			p.Busy = 4 * time.Millisecond
			p.RwndLimit = 0
			return p
		}
	}
	sometimes := func(n int) record.ConnPoint {
		if n%2 == 0 {
			return windowFull(n)
		}
		return bufferBound(1)
	}
	for name, x := range map[string]struct{ around, through func(*record.Trial) }{
		"healthy figures":            {kernel(healthy), kernel(healthy)},
		"window full on both":        {kernel(windowFull), kernel(windowFull)},
		"buffer bound on both":       {kernel(bufferBound), kernel(bufferBound)},
		"half of the intervals":      {kernel(healthy), kernel(sometimes)},
		"full window on one machine": {kernel(near(healthy)), kernel(near(windowFull))},
		"small buffer on one machine": {
			kernel(near(healthy)), kernel(near(bufferBound))},
		"hardly sending":             {kernel(idle(healthy)), kernel(idle(windowFull))},
		"a record without intervals": {func(*record.Trial) {}, func(*record.Trial) {}},
		"no figures of the reference": {
			func(*record.Trial) {}, kernel(windowFull)},
	} {
		run, d := judged(synthetic.Design{Cells: one, Around: trials(unknown(up50, 1), x.around), Through: trials(unknown(up50, 7), x.through)})
		a := attribution.Attribute(run, d)
		if !strings.Contains(a.Where, "not known") {
			t.Errorf("%s: attributed to %q", name, a.Where)
		}
		for _, e := range a.Evidence {
			if strings.Contains(e, "window") && !strings.Contains(e, "no window that products ship with") || strings.Contains(e, "send buffer") {
				t.Errorf("%s: %s", name, e)
			}
		}
	}
}
