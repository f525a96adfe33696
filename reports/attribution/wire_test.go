package attribution_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/probes/transfer"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// uploads takes uploads on a real socket, with a pause after every 256 KiB.
func uploads(t *testing.T, pause time.Duration) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.CopyN(io.Discard, r.Body, 256<<10); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}))
	s.StartTLS()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// TestASlowReaderIsFoundOnTheWire goes the whole way, from real sockets under
// TLS to the sentence: an arm that reads slowly is held back by its window, and
// its healthy twin is not attributed.
func TestASlowReaderIsFoundOnTheWire(t *testing.T) {
	measure := func(candidate string) attribution.Attribution {
		table := probes.Table{transfer.Probe{}}
		p, err := plan.Read("test.yaml", fmt.Appendf(nil, `
name: test/reader
purpose: A slow reader is named.
arms:
  - {id: around, role: reference, target: {url: "%s", http: "1.1", tls: {insecure: true}}}
  - {id: through, role: candidate, target: {url: "%s", http: "1.1", tls: {insecure: true}}}
work: {kind: http.transfer, direction: upload, size: 16MiB, path: "/{name}", verify: none, delete: off, congestion: {around: cubic, through: cubic}}
load: {model: closed, in_flight: 1, warmup: 100ms, measure: 600ms, drain: 3s}
design: {blocks: 7, rest: 0s, max_duration: 10m}
criteria: [{metric: goodput, stat: mean, margin: 100%%}]
`, uploads(t, 0), candidate), scenarios.Options{}, table)
		if err != nil {
			t.Fatal(err)
		}
		p.Trials = p.Trials[:6] // three blocks: enough for clear harm
		run, err := engine.Run(t.Context(), p, engine.Options{Table: table, Header: engine.NewHeader(p, "reader", record.Tool{}, record.Environment{}, time.Now())})
		if err != nil {
			t.Fatal(err)
		}
		return attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
	}
	// The kernel counts in ticks of some milliseconds, and a machine that others
	// use spoils single measurements: "not known" is honest then, so the cause
	// must be found in one of a few tries.
	found := false
	for try := 0; try < 5 && !found; try++ {
		a := measure(uploads(t, 15*time.Millisecond))
		found = strings.Contains(a.Where, "held back by the receiver's window") && strings.Contains(strings.Join(a.Evidence, "\n"), "the receiver's window was full")
		if !found {
			t.Logf("try %d: a slow reader is attributed to %q, for %q", try+1, a.Where, a.Evidence)
		}
	}
	if !found {
		t.Error("a slow reader is never found")
	}
	if a := measure(uploads(t, 0)); a.Where != "" || len(a.Evidence) > 0 {
		t.Errorf("its healthy twin is attributed to %q, for %q", a.Where, a.Evidence)
	}
}
