//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// The frozen server: 50 requests per second for 4 s, of which the server
// answers nothing for one second. The freeze begins between two requests, so
// that it is no matter of microseconds which of them is the first to wait.
const (
	freezeRate   = 50
	freezeLength = 4 * time.Second
	freezeAfter  = 1010 * time.Millisecond
	freezeFor    = time.Second
)

// freezer answers 1 KiB at once, but for a second, a while after the first request.
type freezer struct {
	sync.Mutex
	first, from, until time.Time
}

func (f *freezer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	f.Lock()
	now := time.Now()
	if f.first.IsZero() {
		f.first, f.from = now, now.Add(freezeAfter)
		f.until = f.from.Add(freezeFor)
	}
	wait := f.until.Sub(now)
	if now.Before(f.from) {
		wait = 0
	}
	f.Unlock()
	time.Sleep(wait)
	_, _ = w.Write(make([]byte, 1<<10))
}

// truth is the 99th percentile, by nearest rank, of what the requests had to
// wait if each had been sent when it was due, the first at zero: those due in
// the freeze until its end, the others not at all.
func truth() time.Duration {
	var waits []time.Duration
	for n := range int(freezeRate * freezeLength / time.Second) {
		due := time.Duration(n) * time.Second / freezeRate
		wait := time.Duration(0)
		if due >= freezeAfter && due < freezeAfter+freezeFor {
			wait = freezeAfter + freezeFor - due
		}
		waits = append(waits, wait)
	}
	slices.Sort(waits)
	return waits[(len(waits)*99+99)/100-1]
}

// TestFrozenServer: what is said of it must not depend on how many requests a
// client has in flight.
func TestFrozenServer(t *testing.T) {
	wanted(t)
	vegeta := build(t, "github.com/tsenart/vegeta/v12")
	want := truth()
	for _, most := range []int{1, 4, 0} {
		held := fmt.Sprintf("cap of %d", most)
		if most == 0 {
			held = "no cap"
		}
		t.Run(held, func(t *testing.T) {
			theirs := vegetaP99(t, vegeta, most)
			for _, work := range []string{
				"kind: http.storm, targets: [{path: /small}], expect: {size: 1KiB}",
				"kind: http.transfer, direction: download, path: /small, fixture: existing, expect: {size: 1KiB}",
			} {
				var kind string
				var said []float64
				for range 3 { // a stall of this machine may fall into one of them
					p := frozenPlan(t, work, most)
					kind, said = p.Spec.Kind(), append(said, float64(frozenP99(t, p)))
				}
				got := time.Duration(median(said))
				off := float64(got)/float64(want) - 1
				report(t, figure{
					what: fmt.Sprintf("frozen server, response p99, %s, %s", kind, held),
					ours: fmt.Sprintf("%d ms", got.Milliseconds()), peers: fmt.Sprintf("truth %d ms; vegeta says %d ms", want.Milliseconds(), theirs.Milliseconds()),
					ratio: fmt.Sprintf("%+.1f %%", 100*off), target: "± 5 %", reached: off >= -0.05 && off <= 0.05,
				})
			}
		})
	}
}

func frozenPlan(t *testing.T, work string, most int) plan.Plan {
	t.Helper()
	s := httptest.NewServer(new(freezer))
	t.Cleanup(s.Close)
	limit := ""
	if most > 0 {
		limit = fmt.Sprintf(", in_flight: %d", most)
	}
	p, err := plan.Read("bench.yaml", fmt.Appendf(nil, `name: bench/frozen
arms:
  - {id: a, role: reference, target: {url: %[1]q}}
  - {id: b, role: candidate, target: {url: %[1]q}}
work: {%[2]s}
load: {model: open, rate: %[3]d/s%[4]s, warmup: 0s, measure: %[5]v, drain: 5s}
design: {blocks: 1, rest: 0s}
criteria: [{metric: response, stat: p99, max: 10s}]
`, s.URL, work, freezeRate, limit, freezeLength), scenarios.Options{}, all.Builtin())
	must(t, err)
	p.Trials = p.Trials[:1]
	return p
}

func frozenP99(t *testing.T, p plan.Plan) time.Duration {
	t.Helper()
	run, err := engine.Run(t.Context(), p, engine.Options{Table: all.Builtin(), Header: record.Header{Run: "frozen"}})
	must(t, err)
	trial := run.Trials[0]
	if want := uint64(freezeRate * freezeLength / time.Second); trial.Ops[probes.OK] != want {
		t.Fatalf("ops %v, want %d that ended well", trial.Ops, want)
	}
	return time.Duration(trial.Latency[metric.Response].Done.HDR().ValueAtQuantile(99))
}

// vegetaP99 is what vegeta's own report says of the same server.
func vegetaP99(t *testing.T, vegeta string, most int) time.Duration {
	t.Helper()
	s := httptest.NewServer(new(freezer))
	defer s.Close()
	dir := t.TempDir()
	targets, results := filepath.Join(dir, "targets"), filepath.Join(dir, "results")
	must(t, os.WriteFile(targets, []byte("GET "+s.URL+"/small\n"), 0o644))
	args := []string{"attack", "-rate", fmt.Sprintf("%d/1s", freezeRate), "-duration", freezeLength.String(), "-targets", targets, "-output", results}
	if most > 0 {
		args = append(args, "-workers", fmt.Sprint(most), "-max-workers", fmt.Sprint(most))
	}
	program(t, vegeta, args...)
	text, _ := program(t, vegeta, "report", "-type", "json", results)
	var said struct {
		Latencies struct {
			P99 time.Duration `json:"99th"`
		} `json:"latencies"`
	}
	must(t, json.Unmarshal(text, &said))
	return said.Latencies.P99
}
