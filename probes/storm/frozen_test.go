package storm_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/probes/storm"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// freezer answers at once, except that it holds every request that comes, or
// is under way, in the second that begins a moment after the first of them.
type freezer struct {
	mu    sync.Mutex
	after time.Duration // from the first request
	first time.Time
}

func (f *freezer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	if f.first.IsZero() {
		f.first = time.Now()
	}
	thaw := f.first.Add(f.after + time.Second)
	f.mu.Unlock()
	if now := time.Now(); now.Before(thaw) && now.After(thaw.Add(-time.Second)) {
		time.Sleep(time.Until(thaw))
	}
	_, _ = w.Write(small)
}

// frozenP99 is the 99th percentile of the response times that the schedule and
// the freeze dictate: an op due in the frozen second ends when it is over, and
// those that wait for a place end right after it too, because a healthy op
// takes well under a millisecond.
func frozenP99(rate int, length, from time.Duration) time.Duration {
	var all []time.Duration
	for n := range int(length.Seconds() * float64(rate)) {
		due := time.Duration(n) * time.Second / time.Duration(rate)
		took := time.Duration(0)
		if due >= from && due < from+time.Second {
			took = from + time.Second - due
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all[(len(all)*99+99)/100-1]
}

// TestAFrozenServerCannotHide freezes a server for one second at 50 requests
// per second for four seconds: response times count from when each request was
// due, so the cap on what is in flight must not change what is reported.
// Service times, which do not count waiting for a place, would: with a cap of
// 1, one op of 200 is slow.
func TestAFrozenServerCannotHide(t *testing.T) {
	const rate, length, from = 50, 4 * time.Second, 1500 * time.Millisecond
	truth := frozenP99(rate, length, from)
	for _, limit := range []int{1, 4, 0} {
		t.Run(fmt.Sprintf("cap %d", limit), func(t *testing.T) {
			t.Parallel()
			// A machine that is busy elsewhere may be late once; what is wrong
			// in the probe or the engine is wrong every time.
			var off float64
			for range 3 {
				got, service := freeze(t, rate, length, from, limit)
				off = float64(got-truth) / float64(truth)
				t.Logf("response p99 %v, truth %v, service p99 %v", got, truth, service)
				if limit == 1 && service > truth/2 {
					t.Fatalf("service p99 is %v with one place: the freeze did not hold one op alone, so this test shows nothing", service)
				}
				if off > -0.05 && off < 0.05 {
					return
				}
			}
			t.Errorf("response p99 is off by %.1f %%", 100*off)
		})
	}
}

// freeze runs the storm against a server that freezes.
func freeze(t *testing.T, rate int, length, from time.Duration, limit int) (response, service time.Duration) {
	t.Helper()
	f := &freezer{after: from}
	run := offer(t, serveWith(t, f.ServeHTTP).URL, rate, length, limit)
	trial := run.Trials[0]
	if n := trial.Ops[probes.OK]; n != 200 || trial.Total() != 200 {
		t.Fatalf("ops %v, want 200 of 200", trial.Ops)
	}
	return p99(t, run, metric.Response), p99(t, run, metric.Service)
}

// TestAHealthyServerIsFast is the twin of the frozen one.
func TestAHealthyServerIsFast(t *testing.T) {
	run := offer(t, serve(t).URL, 50, time.Second, 1)
	if got := p99(t, run, metric.Response); got > 300*time.Millisecond {
		t.Errorf("response p99 of a healthy server is %v", got)
	}
}

// offer runs an open storm through the engine; a cap of 0 is none.
func offer(t *testing.T, url string, rate int, length time.Duration, limit int) record.Run {
	t.Helper()
	places := ""
	if limit > 0 {
		places = fmt.Sprintf("in_flight: %d, ", limit)
	}
	text := fmt.Sprintf(`name: test/frozen
arms:
  - {id: a, role: reference, target: {url: %q}}
  - {id: b, role: candidate, target: {url: %q}}
work: {kind: http.storm, path: /small}
load: {model: open, rate: %d/s, %swarmup: 0s, measure: %v, drain: 5s}
design: {blocks: 1, rest: 0s}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`, url, url, rate, places, length)
	p, err := plan.Read("test.yaml", []byte(text), scenarios.Options{}, probes.Table{storm.Probe{}})
	if err != nil {
		t.Fatal(err)
	}
	p.Trials = p.Trials[:1]
	run, err := engine.Run(context.Background(), p, engine.Options{Table: probes.Table{storm.Probe{}}, Header: record.Header{Run: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func p99(t *testing.T, run record.Run, m metric.ID) time.Duration {
	t.Helper()
	trial := run.Trials[0]
	values := run.Values(trial.Cell, trial.Arm, m, metric.P99)
	if len(values) != 1 || !values[0].Known() {
		t.Fatalf("%s p99: %v", m, values)
	}
	return time.Duration(values[0].Low * float64(time.Second))
}
