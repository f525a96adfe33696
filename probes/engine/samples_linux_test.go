package engine_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/internal/netpath"
	"loadline/probes/internal/netpath/linktest"
	"loadline/probes/record"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// These tests hold what a record says of its connections against links and
// sockets whose delay, window, buffer or loss is known; the reference is the
// healthy twin. They need root, see linktest.

// near is the shipped probe, with the ops of each arm done on the near side of
// that arm's link.
type near struct {
	transfer.Probe
	links map[string]*linktest.Link
}

func (n near) Open(ctx context.Context, s plan.Spec, on probes.On) (probes.Session, error) {
	inner, err := n.Probe.Open(ctx, s, on)
	return nearSession{inner, n.links[on.Arm.ID]}, err
}

type nearSession struct {
	probes.Session
	link *linktest.Link
}

func (s nearSession) Do(ctx context.Context, op probes.Op) (o probes.Observation) {
	s.link.Near(func() { o = s.Session.Do(ctx, op) })
	return o
}

// speech is how the arms speak.
type speech struct {
	name string
	tls  bool
	http scenarios.Protocol
}

var speeches = []speech{{"in clear", false, scenarios.HTTP1}, {"TLS", true, scenarios.HTTP1}, {"HTTP 2 over TLS", true, scenarios.HTTP2}}

// path is one arm: its link, and what is wrong with its ends.
type path struct {
	shape      linktest.Shape
	receive    int // SO_RCVBUF of the far side, 0 for the kernel's choice
	sendMemory int // the most the kernel gives a send buffer of the near side
}

// serve takes uploads at the far end of the path and gives the URL.
func (p path) serve(t *testing.T, sp speech) (*linktest.Link, string) {
	t.Helper()
	l := linktest.Line(t, p.shape)
	if p.sendMemory > 0 {
		var err error
		l.Near(func() {
			err = os.WriteFile("/proc/sys/net/ipv4/tcp_wmem", fmt.Appendf(nil, "4096 16384 %d", p.sendMemory), 0)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ln := l.Listen(t, linktest.ReceiveBuffer(p.receive))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	_ = s.Listener.Close()
	s.Listener, s.EnableHTTP2 = ln, true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 8 << 20, MaxReceiveBufferPerConnection: 16 << 20}
	if sp.tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return l, s.URL
}

// measured runs one trial around (healthy) and one through (sick).
func measured(t *testing.T, sp speech, congestion string, healthy, sick path) (around, through record.Trial) {
	t.Helper()
	links, urls := map[string]*linktest.Link{}, map[string]string{}
	links["around"], urls["around"] = healthy.serve(t, sp)
	links["through"], urls["through"] = sick.serve(t, sp)
	table := probes.Table{near{links: links}}
	trust := ""
	if sp.tls {
		trust = ", tls: {insecure: true}"
	}
	p, err := plan.Read("test.yaml", []byte(fmt.Sprintf(`
name: test/kernel
purpose: What limits a sender is in the record.
arms:
  - {id: around, role: reference, target: {url: "%s", http: "%s"%s}}
  - {id: through, role: candidate, target: {url: "%s", http: "%s"%s}}
work: {kind: http.transfer, direction: upload, size: 16MiB, path: "/{name}", verify: none, delete: off, congestion: {around: %s, through: %s}}
load: {model: closed, in_flight: 1, warmup: 200ms, measure: 1500ms, drain: 1s}
design: {blocks: 7, rest: 0s, max_duration: 10m}
criteria: [{metric: goodput, stat: mean, margin: 10%%}]
`, urls["around"], sp.http, trust, urls["through"], sp.http, trust, congestion, congestion)), scenarios.Options{}, table)
	if err != nil {
		t.Fatal(err)
	}
	p.Trials = p.Trials[:2]
	run, err := engine.Run(t.Context(), p, engine.Options{Table: table, Header: engine.NewHeader(p, "kernel", record.Tool{}, record.Environment{}, time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Trials) != 2 {
		t.Fatalf("%d trials: %+v", len(run.Trials), run.End)
	}
	for _, trial := range run.Trials {
		if trial.Arm == "around" {
			around = trial
		} else {
			through = trial
		}
	}
	return around, through
}

// told is what a trial says of its connections, for messages.
func told(x record.Trial) string {
	points := 0
	for _, s := range x.Conns {
		points += len(s.Points)
	}
	n := x.Network
	return fmt.Sprintf("%s: %v ok, %d series of %d points, %d samples, busy %v, rwnd %v, sndbuf %v, window fill %.2f, bound %.2f, retrans %d, rtt %v, %s",
		x.Arm, x.Ops, len(x.Conns), points, n.Samples, n.Busy, n.RwndLimit, n.SndbufLimt, n.WindowFill, n.SndbufBound, n.Retrans, n.RTT, n.Congestion)
}

// holds tries up to six times: a machine that stands still for a moment spoils
// one measurement, a wrong figure spoils all.
func holds(t *testing.T, measure func() (around, through record.Trial), right func(around, through record.Trial) bool) {
	t.Helper()
	var seen []string
	for range 6 {
		around, through := measure()
		if right(around, through) {
			t.Log(told(around), told(through))
			return
		}
		seen = append(seen, told(around), told(through))
	}
	t.Errorf("not once in six tries as it must be:\n%s", strings.Join(seen, "\n"))
}

// points counts the intervals in which something holds.
func points(x record.Trial, holds func(record.ConnPoint) bool) (those, all int) {
	for _, s := range x.Conns {
		for _, p := range s.Points {
			all++
			if holds(p) {
				those++
			}
		}
	}
	return those, all
}

// eachSpeech runs f in every way of speaking, with the congestion controls in
// turn, or with both where time does not matter.
func eachSpeech(t *testing.T, f func(t *testing.T, sp speech, congestion string)) {
	for i, sp := range speeches {
		for j, congestion := range []string{"cubic", "bbr"} {
			if i%2 != j && os.Getenv("LOADLINE_SLOW") == "" {
				continue
			}
			t.Run(sp.name+" "+congestion, func(t *testing.T) {
				if list, err := netpath.CongestionControls(); err != nil || !slices.Contains(list, congestion) {
					t.Skipf("this kernel does not offer %s (%v, %v)", congestion, list, err)
				}
				f(t, sp, congestion)
			})
		}
	}
}

// A receive buffer of 64 KiB on a round trip of 40 ms.
func TestRecordShowsAReceiverThatLimits(t *testing.T) {
	line := linktest.Shape{Delay: 20 * time.Millisecond}
	slow := line
	slow.Rate, slow.Queue = 8_000_000, 1<<20 // spares the machine; no window is too small for it
	eachSpeech(t, func(t *testing.T, sp speech, congestion string) {
		full := func(p record.ConnPoint) bool { return p.WindowFill > 0.7 || p.RwndLimit > p.Busy/10*7 }
		holds(t, func() (a, b record.Trial) {
			return measured(t, sp, congestion, path{shape: slow}, path{shape: line, receive: 32 << 10})
		}, func(around, through record.Trial) bool {
			limited, all := points(through, full)
			healthy, others := points(around, full)
			return all >= 4 && limited*4 >= all*3 && through.Network.WindowFill > 0.7 && through.Network.SndbufBound < 0.3 &&
				others >= 3 && healthy*3 <= others && around.Network.WindowFill < 0.65
		})
	})
}

// A send buffer of 64 KiB on a round trip of 40 ms.
func TestRecordShowsASendBufferThatLimits(t *testing.T) {
	line := linktest.Shape{Delay: 20 * time.Millisecond}
	slow := linktest.Shape{Delay: 20 * time.Millisecond, Rate: 1_000_000} // no buffer is too small for it
	eachSpeech(t, func(t *testing.T, sp speech, congestion string) {
		holds(t, func() (a, b record.Trial) {
			return measured(t, sp, congestion, path{shape: slow}, path{shape: line, sendMemory: 64 << 10})
		}, func(around, through record.Trial) bool {
			n := through.Network
			return n.SndbufBound >= 0.6 && n.WindowFill < 0.65 && around.Network.SndbufBound <= n.SndbufBound/2 && around.Network.Samples >= 3
		})
	})
}

// One packet in 50 is lost.
func TestRecordShowsALossyPath(t *testing.T) {
	line := linktest.Shape{Delay: 5 * time.Millisecond, Rate: 4_000_000, Queue: 1 << 20, Seed: 1}
	lossy := line
	lossy.Loss = 0.02
	eachSpeech(t, func(t *testing.T, sp speech, congestion string) {
		holds(t, func() (a, b record.Trial) {
			return measured(t, sp, congestion, path{shape: line, sendMemory: 256 << 10}, path{shape: lossy, sendMemory: 256 << 10})
		}, func(around, through record.Trial) bool {
			again, _ := points(through, func(p record.ConnPoint) bool { return p.Retrans > 0 })
			still, _ := points(around, func(p record.ConnPoint) bool { return p.Retrans > 0 })
			return again >= 3 && still <= 1
		})
	})
}
