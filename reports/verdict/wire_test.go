package verdict_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/probes/transfer"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// store keeps what is PUT, in memory, and knows ranges.
type store struct{ objects sync.Map }

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err == nil {
			s.objects.Store(r.URL.Path, body)
		}
	case http.MethodDelete:
		s.objects.Delete(r.URL.Path)
	default:
		body, ok := s.objects.Load(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body.([]byte)))
	}
}

// served listens with a handler until the test ends.
func served(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// ran is the run of a scenario of transfers, as it stands or up to so many
// trials.
func ran(t *testing.T, trials int, scenario string, with ...any) record.Run {
	t.Helper()
	table := probes.Table{transfer.Probe{}}
	p, err := plan.Read("test.yaml", fmt.Appendf(nil, scenario, with...), scenarios.Options{}, table)
	if err != nil {
		t.Fatal(err)
	}
	p.Trials = p.Trials[:min(trials, len(p.Trials))]
	run, err := engine.Run(t.Context(), p, engine.Options{Table: table, Header: engine.NewHeader(p, "wire", record.Tool{}, record.Environment{}, time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// allTrials is more than any run here has.
const allTrials = math.MaxInt

// judgedOnTheWire measures a store directly and through a hop that bends
// requests for ranges, and judges what came of it.
func judgedOnTheWire(t *testing.T, hop func(origin http.Handler, w http.ResponseWriter, r *http.Request)) verdict.Decision {
	t.Helper()
	origin := &store{}
	through := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := r.Header.Get("Range"); r.Method != http.MethodGet || asked == "" || asked == "bytes=0-65535" { // that is how fixtures are looked for
			origin.ServeHTTP(w, r)
			return
		}
		hop(origin, w, r)
	})
	run := ran(t, 2, `
name: test/ranges
purpose: A hop that does not honour ranges is named for what it does.
arms:
  - {id: around, role: reference, target: {url: "%s"}}
  - {id: through, role: candidate, target: {url: "%s"}}
work: {kind: http.transfer, direction: download, size: 300KiB, range: 100000-104095, path: "/{name}"}
load: {model: closed, in_flight: 1, warmup: 100ms, measure: 200ms, drain: 2s}
design: {blocks: 7, rest: 0s, max_duration: 10m}
criteria:
  - {metric: errors, stat: rate, max: 0%%}
  - {metric: integrity.corrupt, stat: count, max: 0}
  - {metric: integrity.short, stat: count, max: 0}
`, served(t, origin), served(t, through))
	return verdict.Judge(run, verdict.Options{})
}

func verdicts(d verdict.Decision) map[metric.ID]verdict.Verdict {
	of := map[metric.ID]verdict.Verdict{}
	for _, f := range d.Findings {
		of[metric.ID(f.Metric)] = f.Verdict
	}
	return of
}

// TestAHopThatIgnoresRangesOnTheWire goes from the socket to the sentence:
// right data that were not asked for are errors and no corruption, wrong data
// are corruption, and a hop that honours ranges passes. Where no body of the
// range came, nothing is known of the bytes.
func TestAHopThatIgnoresRangesOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name            string
		hop             func(origin http.Handler, w http.ResponseWriter, r *http.Request)
		errors, corrupt verdict.Verdict
		says            []string
		never           string
	}{
		{name: "honours", errors: verdict.Pass, corrupt: verdict.Pass, hop: func(o http.Handler, w http.ResponseWriter, r *http.Request) { o.ServeHTTP(w, r) }},
		{name: "drops the header", errors: verdict.Regressed, corrupt: verdict.Inconclusive,
			hop: func(o http.Handler, w http.ResponseWriter, r *http.Request) {
				r.Header.Del("Range")
				o.ServeHTTP(w, r)
			},
			says: []string{"asked for bytes 100000-104095, was answered 200 with the whole object: the Range header was ignored or lost on the way"}},
		{name: "another object", errors: verdict.Regressed, corrupt: verdict.Regressed,
			hop: func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 300<<10))
			},
			says: []string{"had wrong bytes"}},
		{name: "redirects to a login", errors: verdict.Regressed, corrupt: verdict.Inconclusive,
			hop: func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://user:pw@id.example.org/login?ticket=canary#canary", http.StatusFound)
			},
			says: []string{"answered 302 Found to https://id.example.org/login?…; redirects are not followed unless asked"}, never: "canary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := judgedOnTheWire(t, c.hop)
			got := verdicts(d)
			if got[metric.Errors] != c.errors || got[metric.IntegrityCorrupt] != c.corrupt || got[metric.IntegrityShort] != verdict.Pass {
				t.Errorf("verdicts %v (%s)", got, d.Sentence)
			}
			for _, s := range c.says {
				if !strings.Contains(d.Sentence, s) {
					t.Errorf("sentence %q, want %q in it", d.Sentence, s)
				}
			}
			if all := fmt.Sprintf("%+v", d); c.never != "" && strings.Contains(all, c.never) {
				t.Errorf("%q in %s", c.never, all)
			}
		})
	}
}
