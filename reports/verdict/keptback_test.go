package verdict_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"loadline/reports/verdict"
	"loadline/scenarios/metric"
)

// keepsEach is a balancer that keeps every n-th upload to itself, and asks the
// origin for what it does not have.
func keepsEach(n int64) func(origin http.Handler) http.Handler {
	return func(origin http.Handler) http.Handler {
		own, uploads := &store{}, new(atomic.Int64)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, has := own.objects.Load(r.URL.Path)
			if has || r.Method == http.MethodPut && uploads.Add(1)%n == 0 {
				own.ServeHTTP(w, r)
				return
			}
			origin.ServeHTTP(w, r)
		})
	}
}

func uploaded(t *testing.T, balancer func(origin http.Handler) http.Handler, criterion string) verdict.Decision {
	t.Helper()
	origin := &store{}
	run := ran(t, allTrials, `
name: test/kept-back
purpose: Does what is uploaded through the balancer arrive where it belongs?
arms:
  - {id: around, role: reference, target: {url: "%s"}}
  - {id: through, role: candidate, target: {url: "%s"}}
work: {kind: http.transfer, direction: upload, size: 4KiB, path: "/{name}"}
load: {model: closed, in_flight: 1, warmup: 0s, measure: 30ms, drain: 1s}
design: {blocks: 1, rest: 0s, max_duration: 1m}
criteria:
  - %s
`, served(t, origin), served(t, balancer(origin)), criterion)
	return verdict.Judge(run, verdict.Options{})
}

// TestWhatABalancerKeepsToItselfIsNotStored: it has what it took, and says so;
// the origin has it not. Where each arm has a store of its own that is as it
// should be.
func TestWhatABalancerKeepsToItselfIsNotStored(t *testing.T) {
	const lost, errors = "{metric: integrity.lost, stat: count, max: 0}", "{metric: errors, stat: rate, max: 0%}"
	passing := func(origin http.Handler) http.Handler { return origin }
	ownStore := func(http.Handler) http.Handler { return &store{} }
	for _, c := range []struct {
		name      string
		balancer  func(http.Handler) http.Handler
		criterion string
		want      verdict.Verdict
	}{
		{"all kept back", keepsEach(1), lost, verdict.Inconclusive},
		{"some kept back", keepsEach(4), lost, verdict.Inconclusive},
		{"some kept back, and nobody asks", keepsEach(4), errors, verdict.Inconclusive},
		{"all passed on", passing, lost, verdict.Pass},
		{"a store each", ownStore, lost, verdict.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := uploaded(t, c.balancer, c.criterion)
			if d.Verdict != c.want {
				t.Fatalf("%s, want %s", d.Sentence, c.want)
			}
			got, held := verdicts(d)[metric.IntegrityLost]
			if c.want == verdict.Inconclusive && (got != verdict.Inconclusive || !strings.Contains(d.Sentence, "through `through` alone")) {
				t.Errorf("%s; findings %v", d.Sentence, verdicts(d))
			}
			if c.want == verdict.Pass && held && got != verdict.Pass {
				t.Errorf("integrity.lost is %s", got)
			}
		})
	}
}
