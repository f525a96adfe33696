package storm_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// sampled does ops in two places until the time is over, and closes.
func sampled(t *testing.T, work string, target scenarios.Target, length time.Duration, changes ...func(*probes.On)) (seen *probetest.Samples, done []probes.Observation) {
	t.Helper()
	seen = new(probetest.Samples)
	b := probetest.Open(t, storm.Probe{}, work, target, append(changes, seen.From)...)
	for began := time.Now(); time.Since(began) < length; time.Sleep(time.Millisecond) {
		for slot := range 2 {
			o := b.Do(context.Background(), b.Op(slot))
			if o.Outcome != probes.OK {
				t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
			}
			done = append(done, o)
		}
	}
	for range 2 {
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return seen, done
}

// TestSamplesCoverTheConnections: the intervals of each connection follow each
// other, sum to what it carried, and end with the session.
func TestSamplesCoverTheConnections(t *testing.T) {
	for name, c := range map[string]struct {
		work   string
		change func(*httptest.Server)
		conns  int
	}{
		"HTTP/1.1": {getWork, func(*httptest.Server) {}, 2},
		"HTTP/2":   {getWork, withHTTP2, 2},
		"shared":   {getWork + "connections: shared\n", withHTTP2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, done := sampled(t, c.work, serve(t, c.change), 800*time.Millisecond)
			of := map[uint64][]probes.ConnSample{}
			for _, s := range seen.All() {
				of[s.Conn] = append(of[s.Conn], s)
			}
			carried := map[uint64]unit.Bytes{}
			for _, o := range done {
				carried[o.Socket.Conn] += o.Received
			}
			if len(of) != c.conns || len(carried) != c.conns {
				t.Fatalf("samples of %d connections, ops on %d, want %d", len(of), len(carried), c.conns)
			}
			for conn, series := range of {
				covers(t, series, carried[conn])
			}
		})
	}
}

// covers holds the samples of one connection to what its ops received.
func covers(t *testing.T, series []probes.ConnSample, received unit.Bytes) {
	t.Helper()
	var got, acked unit.Bytes
	for i, s := range series {
		if i > 0 {
			if gap := s.At.Add(-s.Span).Sub(series[i-1].At); gap != 0 {
				t.Errorf("sample %d begins %v after the end of the one before", i, gap)
			}
		}
		if s.Last != (i == len(series)-1) || s.RTT <= 0 || s.Cwnd <= 0 || s.Congestion == "" {
			t.Errorf("sample %d of %d: %+v", i, len(series), s)
		}
		got, acked = got+s.Received, acked+s.Acked
	}
	if len(series) < 2 || got < received || got > 2*received+64<<10 || acked == 0 {
		t.Errorf("%d samples of %v received and %v acknowledged, want 2 or more, and %v and heads", len(series), got, acked, received)
	}
}

// TestManyConnectionsAreCounted: those beyond the limit are left out, and told.
func TestManyConnectionsAreCounted(t *testing.T) {
	const conns = 600
	var seen probetest.Samples
	b := probetest.Open(t, storm.Probe{}, getWork+"connections: fresh\n", serve(t), seen.From)
	for range conns {
		if o := b.Do(context.Background(), b.Op(0)); o.Outcome != probes.OK {
			t.Fatal(o.Err)
		}
	}
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	followed := map[uint64]bool{}
	for _, s := range seen.All() {
		followed[s.Conn] = true
	}
	if n := uint64(len(followed)); n == 0 || n+seen.Sum().Unfollowed != conns {
		t.Errorf("%d connections followed and %d left out, want %d in all", n, seen.Sum().Unfollowed, conns)
	}
}

// TestSamplingCostsAnOpNothing: with somebody to tell, an op allocates as
// little as without.
func TestSamplingCostsAnOpNothing(t *testing.T) {
	var seen probetest.Samples
	bench := probetest.Open(t, storm.Probe{}, getWork, responder(t), seen.From)
	ctx, op := context.Background(), bench.Op(0)
	n := testing.AllocsPerRun(2000, func() {
		if o := bench.Do(ctx, op); o.Outcome != probes.OK {
			t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
		}
	})
	if n > 1 {
		t.Errorf("%v allocations per op", n)
	}
}
