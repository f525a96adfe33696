package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// These tests use real sockets, the real clock and the shipped probe.

// bucket stores what is PUT, and can be bent per request.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	keeps   func(name string, n int) bool // of the n-th PUT
	puts    int
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		b.mu.Lock()
		b.puts++
		if b.keeps == nil || b.keeps(r.URL.Path, b.puts) {
			b.objects[r.URL.Path] = body
		}
		b.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	case http.MethodDelete:
		b.mu.Lock()
		delete(b.objects, r.URL.Path)
		b.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		b.mu.Lock()
		body, ok := b.objects[r.URL.Path]
		b.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func read(t *testing.T, text string) plan.Plan {
	t.Helper()
	p, err := plan.Read("test.yaml", []byte(text), scenarios.Options{}, probes.Table{transfer.Probe{}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func runOnWire(t *testing.T, p plan.Plan) (record.Run, error) {
	t.Helper()
	return engine.Run(t.Context(), p, engine.Options{
		Table: probes.Table{transfer.Probe{}}, Raw: true,
		Header: engine.NewHeader(p, "wire", record.Tool{}, record.Environment{}, time.Now()),
	})
}

// TestFrozenServerOnTheWire: 50/s for 4 s, and the server stops for 1 s. The
// truth is the server's: when it answered, against when the op was due.
func TestFrozenServerOnTheWire(t *testing.T) {
	for _, most := range []int{1, 4, 0} {
		t.Run(fmt.Sprintf("cap %d", most), func(t *testing.T) {
			t.Parallel()
			var frozen sync.RWMutex
			var mu sync.Mutex
			var answered []time.Time
			b := &bucket{objects: map[string][]byte{}}
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				frozen.RLock()
				defer frozen.RUnlock()
				b.ServeHTTP(w, r)
				mu.Lock()
				defer mu.Unlock()
				answered = append(answered, time.Now())
			}))
			p := read(t, fmt.Sprintf(`
name: test/freeze
purpose: A frozen server cannot hide behind the cap.
arms: [{id: r, role: reference, target: {url: "%s"}}, {id: c, role: candidate, target: {url: "%s"}}]
work: {kind: http.transfer, direction: download, size: 1KiB, path: "/files/{name}"}
load: {model: open, rate: 50/s, in_flight: %d, warmup: 200ms, measure: 4s, drain: 10s}
design: {blocks: 7, max_duration: 10m}
criteria: [{metric: response, stat: p50, margin: 100%%}]
`, url, url, max(most, 1)))
			p.Scenario.Load.InFlight, p.Cells[0].InFlight = most, most
			p.Trials = p.Trials[:1]
			var once sync.Once
			began := time.Now()
			run, err := engine.Run(t.Context(), p, engine.Options{
				Table: probes.Table{transfer.Probe{}}, Raw: true, Header: record.Header{Run: "freeze", Started: began},
				Watch: func(e engine.Event) {
					if e.Kind == engine.TrialTick {
						once.Do(func() { frozen.Lock(); time.AfterFunc(time.Second, frozen.Unlock) })
					}
				},
			})
			trial := one(t, run, err)
			if trial.Ops[probes.OK] != 200 {
				t.Fatalf("ops %v, want 200 that ended well", trial.Ops)
			}
			want := truth(answered, began.Add(trial.At))
			got := p99(trial, metric.Response)
			t.Logf("p99 %v (truth %v), late p99 %v, queued %d", got, want, trial.Health.LateP99, trial.Health.Queued)
			// The answer takes a moment from the server to us: as long as our own
			// starts were late by, on a machine that has no core to spare.
			slack := 50*time.Millisecond + 2*trial.Health.LateP99
			if got < want*95/100 || got > want*105/100+slack {
				t.Errorf("response p99 = %v, the truth is %v", got, want)
			}
			if want < 900*time.Millisecond {
				t.Errorf("the freeze did not show: the truth is %v", want)
			}
		})
	}
}

// truth is the 99th percentile, by nearest rank, of the times from when 200
// ops at 50/s were due to when the server answered them. What it answered
// before the epoch was preparation.
func truth(answered []time.Time, epoch time.Time) time.Duration {
	slices.SortFunc(answered, time.Time.Compare)
	answered = slices.DeleteFunc(answered, func(at time.Time) bool { return at.Before(epoch) })
	var waits []time.Duration
	for n, at := range answered[:200] {
		waits = append(waits, at.Sub(epoch)-time.Duration(n)*20*time.Millisecond)
	}
	slices.Sort(waits)
	return waits[197]
}

// TestLostUploadIsFoundOnTheWire: of the uploads through the candidate, one is
// acknowledged and thrown away.
func TestLostUploadIsFoundOnTheWire(t *testing.T) {
	for _, lose := range []int{0, 1} {
		b := &bucket{objects: map[string][]byte{}}
		lost := 0
		b.keeps = func(string, int) bool { return true }
		through := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && lost < lose {
				lost++
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusCreated)
				return
			}
			b.ServeHTTP(w, r)
		}))
		p := read(t, fmt.Sprintf(`
name: test/lost
purpose: An acknowledged upload that is not stored is found.
arms: [{id: around, role: reference, target: {url: "%s"}}, {id: through, role: candidate, target: {url: "%s"}}]
work: {kind: http.transfer, direction: upload, size: 64KiB, path: "/files/{name}", verify: readback}
load: {model: closed, in_flight: 1, warmup: 0s, measure: 200ms, drain: 2s}
design: {blocks: 6, max_duration: 1m}
criteria: [{metric: integrity.lost, stat: count, max: 0}]
`, serve(t, b), through))
		p.Trials = p.Trials[:2]
		run, err := runOnWire(t, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range run.Integrity {
			want := uint64(0)
			if row.Arm == "through" {
				want = uint64(lose)
			}
			if row.Lost != want || row.Acknowledged == 0 || row.Intact+want != row.Acknowledged {
				t.Errorf("ledger %+v, want %d lost and the rest intact", row, want)
			}
		}
		if len(b.objects) != 0 || run.End.LeftBehind != 0 {
			t.Errorf("%d objects left, said %d", len(b.objects), run.End.LeftBehind)
		}
		if !run.Trials[0].Health.LocalTarget {
			t.Error("a target on this machine was not noticed")
		}
	}
}

// listen accepts connections and hands them to f.
func listen(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() { l.Close(); open.Wait() })
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				go func() { <-done; c.Close() }()
				f(c)
				c.Close()
			})
		}
	}()
	return "http://" + l.Addr().String()
}

// TestNothingHangsOnTheWire: the candidate is a black hole, a tarpit, or
// nothing at all; the run ends in time and keeps the reference's figures.
func TestNothingHangsOnTheWire(t *testing.T) {
	drip := func(c net.Conn) {
		for one := make([]byte, 1); ; time.Sleep(100 * time.Millisecond) {
			if _, err := c.Read(one); err != nil {
				return
			}
		}
	}
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	for name, f := range map[string]func(net.Conn){"tarpit": drip, "black hole": silent, "refusing": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := "http://127.0.0.1:1"
			if f != nil {
				target = listen(t, f)
			}
			p := read(t, fmt.Sprintf(`
name: test/hangs
purpose: A run ends whatever the target does.
arms: [{id: around, role: reference, target: {url: "%s"}}, {id: through, role: candidate, target: {url: "%s"}}]
work: {kind: http.transfer, direction: upload, size: 8MiB, path: "/files/{name}", verify: readback, readback: {budget: 2s}}
load: {model: closed, in_flight: 2, warmup: 0s, measure: 500ms, drain: 1s}
design: {blocks: 6, max_duration: 1m}
criteria: [{metric: integrity.lost, stat: count, max: 0}]
`, serve(t, &bucket{objects: map[string][]byte{}}), target))
			p.Scenario.Design.MaxDuration = 4 * time.Second
			began := time.Now()
			run, err := runOnWire(t, p)
			if took := time.Since(began); took > 16*time.Second {
				t.Errorf("took %v of at most 16 s", took)
			}
			if err != nil {
				t.Fatal(err)
			}
			good := uint64(0)
			for _, trial := range run.Trials {
				if trial.Arm == "around" {
					good += trial.Ops[probes.OK]
				} else if n := trial.Ops[probes.OK]; n > 0 {
					t.Errorf("%d uploads into nowhere ended well", n)
				}
			}
			if good == 0 {
				t.Error("nothing of the reference was kept")
			}
			for _, row := range run.Integrity {
				if row.Lost > 0 {
					t.Errorf("ledger %+v: a path that does not answer is no evidence of loss", row)
				}
			}
			t.Logf("%v, end %+v", time.Since(began), *run.End)
		})
	}
}
