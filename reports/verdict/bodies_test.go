package verdict_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// editions are two of one object, of the same length.
var published, older = bytes.Repeat([]byte("new."), 16<<10), bytes.Repeat([]byte("old."), 16<<10)

// serving answers every request with what the n-th is to get.
func serving(body func(n int64) []byte) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body(n.Add(1))))
	}
}

func always(body []byte) http.HandlerFunc { return serving(func(int64) []byte { return body }) }

// zipped is always, encoded.
func zipped(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(body)
		_ = z.Close()
	}
}

// damaged has a wrong byte in every seventh answer, each another one.
func damaged(n int64) []byte {
	if n%7 != 0 {
		return published
	}
	body := bytes.Clone(published)
	body[n*13%int64(len(body))] ^= 1
	return body
}

// existing is a run of downloads of an object of which only the length is
// given; without a reference only through is measured.
func existing(t *testing.T, around, through http.Handler, work string) record.Run {
	t.Helper()
	arms := ""
	for _, arm := range []struct {
		id, role string
		handler  http.Handler
	}{{"around", "reference", around}, {"through", "candidate", through}} {
		if arm.handler != nil {
			arms += fmt.Sprintf("  - {id: %s, role: %s, target: {url: %q}}\n", arm.id, arm.role, served(t, arm.handler))
		}
	}
	return ran(t, allTrials, `
name: test/existing
purpose: Is what is served through the balancer what is served around it?
arms:
%swork: {kind: http.transfer, direction: download, path: /release, fixture: existing, expect: {size: 64KiB}, answer_after: 1s, stall_after: 1s%s}
load: {model: closed, in_flight: 2, warmup: 0s, measure: 60ms, drain: 2s}
design: {blocks: 3, rest: 0s, seed: 5, max_duration: 1m}
criteria:
  - {metric: errors, stat: rate, max: 0%%}
`, arms, work)
}

func TestBodiesOfUnknownContentAreHeldAgainstTheReference(t *testing.T) {
	const whole, part, blind = "", ", range: 1000-9191", ", verify: none"
	for _, c := range []struct {
		name            string
		around, through http.Handler
		work            string
		want            verdict.Verdict
		says            string // in the sentence
		warns           string // in a warning; empty wants none
	}{
		{"the same", always(published), always(published), whole, verdict.Pass, "", ""},
		{"the same, one of them encoded", always(published), zipped(published), whole, verdict.Pass, "", "encoded otherwise"},
		{"the same part", always(published), always(published), part, verdict.Pass, "", ""},
		{"stale", always(published), always(older), whole, verdict.Regressed, "other bytes than `around` always serves, of the same length: an older version, as from a stale cache, or damaged", "work.expect names no sha256"},
		{"stale and encoded", always(published), zipped(older), whole, verdict.Regressed, "as from a stale cache", "work.expect names no sha256"},
		{"a stale part", always(published), always(older), part, verdict.Regressed, "as from a stale cache", "work.expect names no sha256"},
		{"stale on one of two servers", always(published), serving(func(n int64) []byte { return [][]byte{published, older}[n%2] }), whole, verdict.Regressed, "as from a stale cache", "work.expect names no sha256"},
		{"damaged now and then", always(published), serving(damaged), whole, verdict.Regressed, "damaged on the way", "work.expect names no sha256"},
		{"stale, and nobody wants to know", always(published), always(older), blind, verdict.Pass, "", ""},
		{"another with every answer", serving(fresh), serving(fresh), whole, verdict.Pass, "", "it changes, so nothing tells right bytes from wrong ones"},
		{"a reference that damages", serving(damaged), always(published), whole, verdict.Pass, "", "`around` served"},
		{"one arm, steady", nil, always(published), whole, verdict.Pass, "", ""},
		{"one arm, another now and then", nil, serving(damaged), whole, verdict.Pass, "", "differ among themselves"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := existing(t, c.around, c.through, c.work)
			d := verdict.Judge(run, verdict.Options{})
			if d.Verdict != c.want || !strings.Contains(d.Sentence, c.says) {
				t.Errorf("%s, want %s with %q", d.Sentence, c.want, c.says)
			}
			if all := strings.Join(d.Warnings, "\n"); (len(all) == 0) != (c.warns == "") || !strings.Contains(all, c.warns) {
				t.Errorf("warnings %q, want %q", all, c.warns)
			}
			if c.want != verdict.Regressed {
				return
			}
			if got := verdicts(d); got[metric.IntegrityCorrupt] != verdict.Regressed || got[metric.Errors] != verdict.Regressed {
				t.Errorf("findings %v, want errors and integrity.corrupt", got)
			}
			if a := attribution.Attribute(run, d); a.Arm != "through" || !strings.Contains(a.Where, "wrong bytes") {
				t.Errorf("attributed to %+v", a)
			}
			counted := verdict.Counted(run)
			if again := verdict.Counted(counted); !sameOps(counted, again) || sameOps(counted, run) {
				t.Error("wrong bodies are not counted once")
			}
		})
	}
}

// fresh is another body with every answer.
func fresh(n int64) []byte {
	return append(fmt.Appendf(nil, "%08d", n), published[8:]...)
}

func sameOps(a, b record.Run) bool {
	for i := range a.Trials {
		if fmt.Sprint(a.Trials[i].Ops) != fmt.Sprint(b.Trials[i].Ops) {
			return false
		}
	}
	return true
}

// TestAnObjectThatChangesOnceIsNotHeldAgainstTheCandidate takes a change that
// only the candidate can have seen, because it was measured last, or first, for
// what it is, and a cache that stays behind for what that is.
func TestAnObjectThatChangesOnceIsNotHeldAgainstTheCandidate(t *testing.T) {
	at := func(second int, arm string, bodies ...record.Body) record.Trial {
		var ops uint64
		for i := range bodies {
			bodies[i].Op = "op"
			ops += bodies[i].Ops
		}
		return record.Trial{Arm: arm, Cell: "all", At: time.Duration(second) * time.Second, Span: time.Second, Bodies: bodies,
			Ops: map[probes.Outcome]uint64{probes.OK: ops}, Block: second / 2}
	}
	// of is a body seen from one to the other tenth of the trial's second.
	of := func(sum string, from, to int) record.Body {
		return record.Body{SHA256: sum, Ops: 10, FirstEnd: time.Duration(from+1) * time.Second / 10, LastStart: time.Duration(to-1) * time.Second / 10}
	}
	for name, c := range map[string]struct {
		trials []record.Trial
		wrong  uint64
	}{
		"changed at the end":        {[]record.Trial{at(0, "around", of("a", 0, 10)), at(1, "through", of("a", 0, 5), of("b", 5, 10))}, 0},
		"changed before the end":    {[]record.Trial{at(0, "around", of("a", 0, 10)), at(1, "through", of("a", 0, 10)), at(2, "around", of("a", 0, 10)), at(3, "through", of("b", 0, 10))}, 0},
		"changed at the start":      {[]record.Trial{at(0, "through", of("b", 0, 10)), at(1, "around", of("a", 0, 10)), at(2, "around", of("a", 0, 10)), at(3, "through", of("a", 0, 10))}, 0},
		"back again":                {[]record.Trial{at(0, "around", of("a", 0, 10)), at(1, "through", of("a", 0, 10), of("b", 3, 5))}, 10},
		"between two of the others": {[]record.Trial{at(0, "around", of("a", 0, 10)), at(1, "through", of("b", 0, 10)), at(2, "around", of("a", 0, 10)), at(3, "through", of("a", 0, 10))}, 10},
		"never right":               {[]record.Trial{at(0, "around", of("a", 0, 10)), at(1, "through", of("b", 0, 10))}, 10},
		"two wrong ones at the end": {[]record.Trial{at(0, "around", of("a", 0, 10)), at(1, "through", of("a", 0, 5), of("b", 5, 10), of("c", 5, 10))}, 20},
	} {
		run := record.Run{Trials: c.trials, Header: record.Header{Cells: []plan.Cell{{ID: "all"}},
			Arms: []scenarios.Arm{{ID: "around", Role: scenarios.Reference}, {ID: "through", Role: scenarios.Candidate}}}}
		var wrong uint64
		for _, t := range verdict.Counted(run).Trials {
			wrong += t.Ops[probes.Corrupt]
		}
		if wrong != c.wrong {
			t.Errorf("%s: %d wrong bodies, want %d", name, wrong, c.wrong)
		}
		var told bool
		for _, w := range verdict.Judge(run, verdict.Options{}).Warnings {
			told = told || strings.Contains(w, "seems to have changed")
		}
		if told != (c.wrong == 0) {
			t.Errorf("%s: told as a change: %v", name, told)
		}
	}
}
