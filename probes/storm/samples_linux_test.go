package storm_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/internal/netpath/linktest"
	"loadline/probes/probetest"
	"loadline/probes/record"
	"loadline/probes/storm"
	"loadline/scenarios"
)

// far is a server beyond a link of known shape that takes bodies, after a pause
// for every 8 KiB, and answers with 1 KiB. It needs root, see linktest.
func far(t *testing.T, shape linktest.Shape, listen *net.ListenConfig, pause time.Duration) (*linktest.Link, scenarios.Target) {
	t.Helper()
	link := linktest.Line(t, shape)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.CopyN(io.Discard, r.Body, 8<<10); err != nil {
				break
			}
			time.Sleep(pause)
		}
		_, _ = w.Write(small)
	}))
	_ = s.Listener.Close()
	s.Listener = link.Listen(t, listen)
	s.Start()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return link, scenarios.Target{URL: s.URL}
}

// over does ops over a link for a while, and sums up what was sampled.
func over(t *testing.T, link *linktest.Link, work string, target scenarios.Target) probes.ConnSample {
	t.Helper()
	var seen probetest.Samples
	b := probetest.Open(t, storm.Probe{}, work, target, seen.From)
	for began := time.Now(); time.Since(began) < 700*time.Millisecond; {
		var o probes.Observation
		link.Near(func() { o = b.Do(context.Background(), b.Op(0)) })
		if o.Outcome != probes.OK {
			t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
		}
	}
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return seen.Sum()
}

// TestThePathIsInTheSamples: a delay is in the round-trip time, a loss in the
// segments sent again, a slow reader in the time that its window held the
// sender back; and none of them is where the path has none.
func TestThePathIsInTheSamples(t *testing.T) {
	const delay = 20 * time.Millisecond // one way
	post := fmt.Sprintf("kind: http.storm\ntargets: [{method: POST, path: /in, body: %q}]\n", strings.Repeat("0123456789abcdef", 8<<10))
	// A rate that spares the machine, and a queue that no window fills.
	line := linktest.Shape{Rate: 4_000_000, Queue: 8 << 20}
	held := func(s probes.ConnSample) float64 { return float64(s.RwndLimit) / float64(max(s.Busy, 1)) }
	for name, c := range map[string]struct {
		work   string
		shape  linktest.Shape
		listen *net.ListenConfig
		pause  time.Duration
		right  func(probes.ConnSample) bool
	}{
		"near":        {getWork, linktest.Shape{}, nil, 0, func(s probes.ConnSample) bool { return s.RTT < delay && s.Retrans == 0 && s.Received > 0 }},
		"far":         {getWork, linktest.Shape{Delay: delay}, nil, 0, func(s probes.ConnSample) bool { return s.RTT >= 2*delay && s.Retrans == 0 }},
		"lossy":       {getWork, linktest.Shape{Loss: 0.1, Seed: 1}, nil, 0, func(s probes.ConnSample) bool { return s.RTT < delay && s.Retrans > 0 }},
		"reader":      {post, line, nil, 0, func(s probes.ConnSample) bool { return s.Busy > 0 && held(s) < 0.2 && s.Retrans == 0 }},
		"slow reader": {post, line, linktest.ReceiveBuffer(16 << 10), 5 * time.Millisecond, func(s probes.ConnSample) bool { return held(s) > 0.5 }},
	} {
		t.Run(name, func(t *testing.T) {
			link, target := far(t, c.shape, c.listen, c.pause)
			probetest.Holds(t, func() probes.ConnSample { return over(t, link, c.work, target) }, c.right)
		})
	}
}

// TestARecordShowsTheConnections: what is sampled reaches the record of the
// arm that was measured, which attribution reads.
func TestARecordShowsTheConnections(t *testing.T) {
	p := plan16(t, serve(t).URL, 800*time.Millisecond)
	run, err := engine.Run(context.Background(), p, engine.Options{Table: probes.Table{storm.Probe{}}, Header: record.Header{Run: "conns", Arms: p.Arms, Cells: p.Cells}})
	if err != nil {
		t.Fatal(err)
	}
	trial := run.Trials[0]
	if len(trial.Conns) != 16 || trial.Network.Samples < 16 || trial.Conns[0].Points[0].Received == 0 || trial.Conns[0].Points[0].RTT <= 0 {
		t.Errorf("%d connections, %d samples, %+v", len(trial.Conns), trial.Network.Samples, trial.Conns)
	}
}
