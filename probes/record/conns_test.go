package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/scenarios/unit"
)

const quarter = 250 * time.Millisecond

func sample(conn uint64) probes.ConnSample {
	return probes.ConnSample{
		Conn: conn, Span: quarter, Acked: 1000, Received: 10, Retrans: 1, RTT: 40 * time.Millisecond, MinRTT: 39 * time.Millisecond,
		Delivery: 5e6, Cwnd: 20, Busy: 200 * time.Millisecond, RwndLimit: 100 * time.Millisecond, SndbufLimit: 50 * time.Millisecond,
		WindowFill: 0.95, Congestion: "cubic",
	}
}

// TestSeriesLoseNothingWhenTheyAreJoined: whatever the number of connections
// and samples, what is kept stays small, and sums of kept series are those of
// their samples.
func TestSeriesLoseNothingWhenTheyAreJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		conns, each := rapid.IntRange(1, 80).Draw(t, "connections"), rapid.IntRange(1, 700).Draw(t, "samples")
		c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
		for i := range each {
			for conn := range conns {
				c.Sample(time.Duration(i+1)*quarter, sample(uint64(conn+1)))
			}
		}
		got := c.Finish(Health{}, time.Minute)
		if n := len(got.Conns); n != min(conns, maxConns) || got.ConnsLeftOut != uint64(conns-n) {
			t.Fatalf("%d series kept and %d left out of %d", n, got.ConnsLeftOut, conns)
		}
		points, last := 0, uint64(0)
		for _, s := range got.Conns {
			points += len(s.Points)
			if len(s.Points) > maxConnPoints || s.Conn <= last {
				t.Fatalf("connection %d after %d has %d points", s.Conn, last, len(s.Points))
			}
			last = s.Conn
			var acked unit.Bytes
			var retrans uint64
			var span time.Duration
			for _, p := range s.Points {
				acked, retrans, span = acked+p.Acked, retrans+p.Retrans, span+p.Span
				if p.At != span || p.RTT != 40*time.Millisecond || p.WindowFill < 0.94 || p.WindowFill > 0.96 {
					t.Fatalf("after %v: %+v", span, p)
				}
			}
			if acked != unit.Bytes(1000*each) || retrans != uint64(each) || span != time.Duration(each)*quarter {
				t.Fatalf("connection %d: %v acknowledged, %d retransmits in %v of %d samples", s.Conn, acked, retrans, span, each)
			}
		}
		if points > allConnsPoints {
			t.Fatalf("%d points in all", points)
		}
		if got.Network.Samples != uint64(conns*each) || got.Network.WindowFill != 0.95 || got.Network.SndbufBound != 0 {
			t.Fatalf("network: %+v", got.Network)
		}
	})
}

// TestManyShortConnectionsAreThinnedEvenly: connections that come and go are
// counted, and those kept are spread over the trial.
func TestManyShortConnectionsAreThinnedEvenly(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
	const all = 10_000
	for i := range uint64(all) {
		s := sample(i + 1)
		s.Last, s.Span = true, time.Millisecond
		c.Sample(time.Duration(i+1)*time.Millisecond, s)
	}
	if n := len(c.conns.others); n > 2*maxConns {
		t.Errorf("%d closed connections are still remembered", n)
	}
	got := c.Finish(Health{}, 10*time.Second)
	if len(got.Conns) != maxConns || got.ConnsLeftOut != all-maxConns {
		t.Fatalf("%d series kept, %d left out of %d", len(got.Conns), got.ConnsLeftOut, all)
	}
	if first, last := got.Conns[0].Conn, got.Conns[maxConns-1].Conn; first > all/8 || last < all-all/3 {
		t.Errorf("kept connections reach from %d to %d of %d", first, last, all)
	}
}

// TestSamplesOutsideTheTrialAreDropped: those that began before it, those that
// come after it, and those in which nothing happened.
func TestSamplesOutsideTheTrialAreDropped(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
	c.Sample(quarter-1, sample(1))
	c.Sample(quarter, probes.ConnSample{Conn: 2, Span: quarter, RTT: time.Millisecond})
	within := sample(3)
	within.Unfollowed, within.SendBufferBound = 5, true
	c.Sample(quarter, within)
	got := c.Finish(Health{}, time.Second)
	c.Sample(2*quarter, sample(4))
	if len(got.Conns) != 1 || got.Conns[0].Conn != 3 || len(got.Conns[0].Points) != 1 || got.ConnsLeftOut != 5 {
		t.Errorf("kept %+v, left out %d, want the one sample of connection 3 and 5 left out", got.Conns, got.ConnsLeftOut)
	}
	if n := got.Network; n.Samples != 1 || n.SndbufBound != 1 {
		t.Errorf("network: %+v", n)
	}
}

func TestSeriesSurviveJSON(t *testing.T) {
	want := ConnSeries{Conn: 7, Congestion: "bbr"}
	for i := range 3 {
		s := sample(7)
		s.Retrans, s.SendBufferBound = 0, i == 1
		want.Points = append(want.Points, pointOf(time.Duration(i+1)*quarter, &s))
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "retrans") {
		t.Errorf("a column of zeros is written: %s", text)
	}
	var got ConnSeries
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`{"conn":1,"at_us":[1,2],"rtt_us":[1]}`, `{"conn":1,"at_us":[],"cwnd":[1]}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil || !strings.Contains(err.Error(), "connection 1: a column of 1 values beside") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestAFullTrialOfSeriesIsSmall keeps the promise of allConnsPoints.
func TestAFullTrialOfSeriesIsSmall(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
	for i := range 240 {
		for conn := range uint64(40) {
			s := sample(conn + 1)
			s.RTT += time.Duration(i*1234567 + int(conn)*987)
			s.Acked, s.Busy, s.WindowFill = 12_345_678, 249_876_543, 0.123+float64(i)/1000
			c.Sample(time.Duration(i+1)*quarter+time.Duration(conn), s)
		}
	}
	trial := c.Finish(Health{}, time.Minute)
	text, err := json.Marshal(trial.Conns)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 120_000 {
		t.Errorf("%s of JSON", fmt.Sprint(unit.Bytes(len(text))))
	}
	t.Logf("%v of JSON for %d series", unit.Bytes(len(text)), len(trial.Conns))
}
