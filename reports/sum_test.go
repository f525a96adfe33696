package reports_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/scenarios/metric"
)

func hist(ds ...time.Duration) *record.Hist {
	h := record.NewHist()
	for _, d := range ds {
		h.Record(d)
	}
	return h
}

func done(ds ...time.Duration) *record.Latency { return &record.Latency{Done: hist(ds...)} }

// armOf is the candidate of a run with these trials in its only cell.
func armOf(t *testing.T, ts ...record.Trial) reports.CellArm {
	t.Helper()
	run := small()
	run.Trials = run.Trials[:1]
	for i := range ts {
		ts[i].Arm, ts[i].Cell, ts[i].Block = "through", "all", i
	}
	run.Trials = append(run.Trials, ts...)
	arms := view(run).Cells[0].Arms
	if len(arms) != 2 {
		t.Fatalf("%d arms, want 2", len(arms))
	}
	return arms[1]
}

func TestBothBoundsOfWhatMoved(t *testing.T) {
	a := armOf(t,
		record.Trial{Span: 2 * time.Second, Bytes: record.Bytes{Proven: 10e6, Moved: 14e6}, Ops: map[probes.Outcome]uint64{probes.OK: 4, probes.Cut: 1}},
		record.Trial{Span: time.Second, Bytes: record.Bytes{Proven: 7e6, Moved: 7e6}, Ops: map[probes.Outcome]uint64{probes.OK: 3, probes.Status: 2}},
	)
	if a.Goodput.Median != 6e6 || a.Moved.Median != 7e6 || a.Goodput.Min != 5e6 || a.Moved.Max != 7e6 {
		t.Errorf("goodput %+v, moved %+v; want medians of 6 and 7 MB/s", a.Goodput, a.Moved)
	}
	if a.Rate.Min != 2 || a.Rate.Max != 3 {
		t.Errorf("rate %+v, want 2 to 3 ops per second", a.Rate)
	}
	want := []reports.BlockValue{{Block: 0, Low: 5e6, High: 7e6}, {Block: 1, Low: 7e6, High: 7e6}}
	if len(a.PerBlock) != 2 || a.PerBlock[0] != want[0] || a.PerBlock[1] != want[1] {
		t.Errorf("per block %+v, want %+v", a.PerBlock, want)
	}
	counts := []reports.Count{{Name: "ok", N: 7}, {Name: "cut", N: 1}, {Name: "status", N: 2}}
	for i, c := range counts {
		if i >= len(a.Outcomes) || a.Outcomes[i] != c {
			t.Errorf("outcomes %+v, want %+v in this order", a.Outcomes, counts)
			break
		}
	}
}

func TestATrialWithoutTimeHasNoRate(t *testing.T) {
	a := armOf(t, record.Trial{}, record.Trial{Span: time.Second, Bytes: record.Bytes{Proven: 1e6, Moved: 1e6}})
	if a.Goodput.Median != 1e6 || a.Goodput.Max != 1e6 || len(a.PerBlock) != 1 {
		t.Errorf("goodput %+v over %d blocks; want that of the trial that lasted", a.Goodput, len(a.PerBlock))
	}
	if none := armOf(t, record.Trial{}); !math.IsNaN(none.Goodput.Median) {
		t.Errorf("goodput %+v of no time at all, want not known", none.Goodput)
	}
}

// TestQuantilesComeFromMergedHistograms: a percentile of percentiles would be
// that of the two trials, not that of the ops.
func TestQuantilesComeFromMergedHistograms(t *testing.T) {
	quick := make([]time.Duration, 99)
	for i := range quick {
		quick[i] = 10 * time.Millisecond
	}
	a := armOf(t,
		record.Trial{Span: time.Second, Latency: map[metric.ID]*record.Latency{metric.Response: done(quick...)}},
		record.Trial{Span: time.Second, Latency: map[metric.ID]*record.Latency{metric.Response: done(time.Second)}},
	)
	q := a.Quantiles("response")
	near := func(got, want float64) bool { return math.Abs(got-want) <= 0.002*want }
	if q.N != 100 || !near(q.P50, 0.01) || !near(q.P99, 0.01) || !near(q.P999, 1) || !near(q.Max, 1) {
		t.Errorf("quantiles %+v, want p99 10 ms and the longest 1 s", q)
	}
	if none := a.Quantiles("tls"); none.N != 0 || !math.IsNaN(none.P50) || none.Metric != "tls" {
		t.Errorf("quantiles %+v of a metric without a value", none)
	}
}

// TestWhatIsBeyondAHistogramIsNotLost: an op of three hours is longer than any
// bucket, and must not make the quantiles better.
func TestWhatIsBeyondAHistogramIsNotLost(t *testing.T) {
	a := armOf(t, record.Trial{Span: time.Second, Latency: map[metric.ID]*record.Latency{
		metric.Response: done(time.Second, time.Second, 3*time.Hour, 3*time.Hour, 3*time.Hour)}})
	q := a.Quantiles("response")
	if q.N != 5 || !math.IsInf(q.P90, 1) || !math.IsInf(q.P50, 1) || !math.IsInf(q.Max, 1) {
		t.Errorf("quantiles %+v, want three of five without end", q)
	}
}

func TestQuantilesKeepToTheRuleOfHdrHistogram(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		micros := rapid.SliceOfN(rapid.IntRange(1, 60_000_000), 1, 80).Draw(rt, "microseconds")
		h := record.NewHist()
		for _, us := range micros {
			h.Record(time.Duration(us) * time.Microsecond)
		}
		q := armOf(t, record.Trial{Span: time.Second, Latency: map[metric.ID]*record.Latency{metric.Service: {Done: h}}}).Quantiles("service")
		for name, pair := range map[string][2]float64{
			"p50": {q.P50, 50}, "p90": {q.P90, 90}, "p95": {q.P95, 95}, "p99": {q.P99, 99}, "p99.9": {q.P999, 99.9}, "max": {q.Max, 100},
		} {
			if want := float64(h.HDR().ValueAtQuantile(pair[1])) / 1e9; math.Abs(pair[0]-want) > 1e-12*want {
				rt.Errorf("%s of %v µs is %v, HdrHistogram says %v", name, micros, pair[0], want)
			}
		}
	})
}

func TestPhasesAreMeansOverAllOps(t *testing.T) {
	ms := time.Millisecond
	a := armOf(t, record.Trial{Span: time.Second, Latency: map[metric.ID]*record.Latency{
		metric.Service: done(100*ms, 100*ms, 100*ms, 100*ms),
		"phase.send":   done(80*ms, 80*ms, 80*ms, 80*ms),
		// One op of four opened the connection that all used.
		"phase.connect": done(40 * ms),
		// Two ops were cut after their handshakes.
		"phase.tls": done(10*ms, 10*ms, 10*ms, 10*ms, 10*ms, 10*ms),
	}})
	want := map[string]float64{"connect": 0.010, "tls": 0.010, "send": 0.080}
	if len(a.Phases) != len(want) || a.Phases[0].Name != "connect" || a.Phases[2].Name != "send" {
		t.Fatalf("phases %+v, want connect, tls, send", a.Phases)
	}
	for _, p := range a.Phases {
		if math.Abs(p.Mean-want[p.Name]) > 0.001*want[p.Name]+1e-6 {
			t.Errorf("%s: %v s, want %v", p.Name, p.Mean, want[p.Name])
		}
	}
}

func TestTheLastStepOfACurveIsOverTheTimeItHad(t *testing.T) {
	line := record.Timeline{Step: 100 * time.Millisecond, Bytes: []int64{1e6, 1e6, 5e5}}
	for _, x := range []struct {
		span   time.Duration
		points int
		last   float64
	}{
		{300 * time.Millisecond, 3, 5e6},
		{250 * time.Millisecond, 3, 1e7},
		{205 * time.Millisecond, 2, 1e7}, // a twentieth of a step says nothing
	} {
		c := armOf(t, record.Trial{Span: x.span, Timeline: line}).Transfer[0]
		if len(c.BPS) != x.points || math.Abs(c.BPS[len(c.BPS)-1]-x.last) > 1 {
			t.Errorf("a trial of %v: %v, want %d points and %v at the end", x.span, c.BPS, x.points, x.last)
		}
	}
}

func TestACoarserCurveKeepsWhatMoved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e9), 1, 200).Draw(rt, "rates")
		most := rapid.IntRange(1, 300).Draw(rt, "points")
		c := reports.Curve{Block: 3}
		for i, v := range values {
			c.T, c.BPS = append(c.T, float64(i)/10), append(c.BPS, v)
		}
		got := c.Coarser(most)
		if len(got.T) > most || len(got.T) != len(got.BPS) || len(got.T) == 0 || got.T[0] != 0 || got.Block != 3 {
			rt.Fatalf("%d points of %d, at most %d wanted", len(got.T), len(c.T), most)
		}
		if len(values)%len(got.T) != 0 {
			return // the last point stands for fewer steps
		}
		if before, after := mean(c.BPS), mean(got.BPS); math.Abs(before-after) > 1e-6*before {
			rt.Errorf("mean %v, was %v", after, before)
		}
	})
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func TestBackendsAndConnectionsAreSummed(t *testing.T) {
	ms := time.Millisecond
	backend := func(ops, failed uint64, ds ...time.Duration) *record.Backend {
		return &record.Backend{Ops: ops, Failed: failed, Service: hist(ds...)}
	}
	a := armOf(t,
		record.Trial{Span: time.Second, Backends: map[string]*record.Backend{"b2": backend(1, 1, 90*ms), "b1": backend(2, 0, 10*ms, 10*ms)},
			Network: record.Network{Opened: 2, Reused: 5, Retrans: 1, RTT: 10 * ms, PerStream: 4e6, Congestion: "cubic"}},
		record.Trial{Span: time.Second, Backends: map[string]*record.Backend{"b1": backend(1, 0, 30*ms)},
			Network: record.Network{Opened: 1, RTT: 30 * ms, Congestion: "cubic"}}, // no stream moved: its rate is not known
	)
	if len(a.Backends) != 2 || a.Backends[0].Name != "b1" || a.Backends[0].Ops != 3 || a.Backends[0].Share != 0.75 || a.Backends[1].Failed != 1 {
		t.Errorf("backends %+v, want b1 with 3 of 4 ops and b2 with a failed one", a.Backends)
	}
	n := a.Network
	if n.Opened != 3 || n.Reused != 5 || n.Retrans != 1 || n.RTT != 20*ms || n.PerStream != 4e6 || n.Congestion != "cubic" {
		t.Errorf("network %+v, want sums of counts and medians of what is known", n)
	}
}

// TestWhatTheKernelSaw: medians and shares over trials of which some know
// nothing, and no row at all where none knows.
func TestWhatTheKernelSaw(t *testing.T) {
	ms := time.Millisecond
	a := armOf(t,
		record.Trial{Span: time.Second, Network: record.Network{RTT: 40 * ms, Busy: 2 * time.Second, RwndLimit: time.Second, Congestion: "bbr", Samples: 30, WindowFill: 0.9, SndbufBound: 0.5}},
		record.Trial{Span: time.Second, Network: record.Network{RTT: 40 * ms, Busy: 2 * time.Second, Samples: 10, WindowFill: 0.7, SndbufBound: 0.1}},
		record.Trial{Span: time.Second},
	)
	k, ok := a.Kernel()
	if !ok || k.RTT != 0.04 || k.Sending != 4 || k.ReceiverLimited != 0.25 || k.BufferLimited != 0 || k.Congestion != "bbr" {
		t.Errorf("%+v, want 25 %% of 4 s limited by the receiver under bbr", k)
	}
	if math.Abs(k.WindowFill-0.8) > 1e-9 || math.Abs(k.BufferBound-0.4) > 1e-9 {
		t.Errorf("window fill %v and share bound by the buffer %v, want 0.8 and (30 × 0.5 + 10 × 0.1) / 40", k.WindowFill, k.BufferBound)
	}
	if !math.IsNaN(k.MinRTT) || !math.IsNaN(k.Delivery) {
		t.Errorf("%+v: what no trial knows is not known", k)
	}
	if k, ok := armOf(t, record.Trial{Span: time.Second}).Kernel(); ok || !math.IsNaN(k.ReceiverLimited) || !math.IsNaN(k.BufferBound) {
		t.Errorf("a row of nothing: %+v", k)
	}
}
