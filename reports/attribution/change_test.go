package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

func TestOpsThatFailFromTheEventOn(t *testing.T) {
	const cause = "ops fail while the event runs or after it"
	for _, c := range []struct {
		name  string
		fails func(n int) bool
		want  bool
	}{
		{"a restart in mid-trial", func(n int) bool { return n >= 25 && n < 30 }, true},
		{"every 7th op, whatever happens", func(n int) bool { return n%7 == 0 }, false},
	} {
		sick := with(steps(down.path()), func(_ plan.Cell, n int, o *synthetic.Op) {
			if c.fails(n) {
				o.Outcome, o.Message = probes.Refused, "connect 10.0.0.1:443: connection refused"
			}
		})
		run, d := judged(synthetic.Design{Spec: download, Cells: tiny, Around: steps(down.path()), Through: sick})
		run.Header.Scenario.Event = &scenarios.Event{At: 0.4, Run: []string{"./change.sh"}}
		for i := range run.Trials {
			run.Trials[i].Event = &record.Event{At: 2 * time.Second}
		}
		if a := attribution.Attribute(run, d); strings.Contains(a.Where, cause) != c.want {
			t.Errorf("%s: %q, evidence %q", c.name, a.Where, a.Evidence)
		}
		run.Header.Scenario.Event = nil
		if a := attribution.Attribute(run, d); strings.Contains(a.Where, cause) {
			t.Errorf("%s, without an event: %q", c.name, a.Where)
		}
	}
}

// TestABurstOfFailuresAfterTheEvent: a few trials, of whose failures four are
// kept, are enough if each begins to fail soon after the event. Bursts that lie
// anywhere after it are not, nor failures over the whole trial, nor ops that
// were under way for so long that they could not have failed before.
func TestABurstOfFailuresAfterTheEvent(t *testing.T) {
	const cause = "ops fail while the event runs or after it"
	const at = 1200 * time.Millisecond // of about 4 s
	refused := func(o *synthetic.Op) { o.Outcome, o.Status = probes.Status, 503 }
	for _, c := range []struct {
		name string
		bend func(trial, n int, o *synthetic.Op)
		want bool
	}{
		{"a pause after the event", func(_, n int, o *synthetic.Op) {
			if n >= 15 && n < 22 {
				refused(o)
			}
		}, true},
		{"on and off from then on", func(_, n int, o *synthetic.Op) {
			if n >= 22 && n%3 == 0 {
				refused(o)
			}
		}, true},
		{"over the whole trial", func(_, n int, o *synthetic.Op) {
			if n%5 == 1 {
				refused(o)
			}
		}, false},
		{"a burst somewhere, after the event by chance", func(trial, n int, o *synthetic.Op) {
			if from := 14 + 9*trial; n >= from && n < from+7 {
				refused(o)
			}
		}, false},
		{"given up after a time longer than to the event", func(_, n int, o *synthetic.Op) {
			if n < 1 {
				o.Outcome, o.Phases.Wait = probes.Timeout, 1500*time.Millisecond
			}
		}, false},
	} {
		trial := -1
		sick := with(steps(down.path()), func(_ plan.Cell, n int, o *synthetic.Op) {
			if n == 0 {
				trial++
			}
			c.bend(trial, n, o)
		})
		run := synthetic.Record(synthetic.Design{Seed: 11, Criteria: criteria, Blocks: 3, Spec: download, Cells: tiny, Around: steps(down.path()), Through: sick})
		run.Header.Scenario.Event = &scenarios.Event{At: 0.3, Run: []string{"./change.sh"}}
		for i := range run.Trials {
			run.Trials[i].Event = &record.Event{At: at}
		}
		a := attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.want {
			t.Errorf("%s: %q, evidence %q", c.name, a.Where, a.Evidence)
		}
	}
}

// TestReadingWrongIsNotStoringWrong: a path that gives every reader the first
// object has stored nothing wrong.
func TestReadingWrongIsNotStoringWrong(t *testing.T) {
	for _, c := range []struct {
		ledger record.Integrity
		want   string
		not    string
	}{
		{record.Integrity{Acknowledged: 40, Intact: 40, Corrupt: 900}, "900 objects read back with wrong bytes through `through` that are intact", "stored with wrong"},
		{record.Integrity{Acknowledged: 40, Intact: 40, ReadWrong: 900}, "900 objects read back with wrong bytes through `through` that are intact", "stored with wrong"},
		{record.Integrity{Acknowledged: 40, Intact: 37, Corrupt: 3}, "3 of 40 acknowledged uploads", "intact through another path"},
		{record.Integrity{Acknowledged: 40, Intact: 30, Lost: 1, Corrupt: 9, Unverified: 4}, "5 of 40 acknowledged uploads", ""},
	} {
		c.ledger.Arm, c.ledger.Cell = "through", "all"
		a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: up.path(), Ledger: []record.Integrity{c.ledger}})
		all := a.Where + strings.Join(a.Evidence, "; ")
		if !strings.Contains(all, c.want) || c.not != "" && strings.Contains(all, c.not) {
			t.Errorf("%+v gives %q, want %q", c.ledger, all, c.want)
		}
	}
}
