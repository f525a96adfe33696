package verdict_test

import (
	"strings"
	"testing"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/unit"
)

// TestAReferenceThatServesNothingWasNotMeasured although a socket buffer before
// it may have taken bytes; one that is slow, or serves wrong bytes, was.
func TestAReferenceThatServesNothingWasNotMeasured(t *testing.T) {
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		unreachable     bool
	}{
		{"both are broken off", failing(fast(), 1, probes.Reset, 0), failing(fast(), 1, probes.Reset, 0), true},
		{"both answer 413", failing(fast(), 1, probes.Status, 413), failing(fast(), 1, probes.Status, 413), true},
		{"only the reference is", failing(fast(), 1, probes.Reset, 0), fast(), true},
		{"one op in two", failing(fast(), 2, probes.Reset, 0), failing(fast(), 2, probes.Reset, 0), false},
		{"both stall", failing(fast(), 1, probes.Stalled, 0), failing(fast(), 1, probes.Stalled, 0), false},
		{"both serve wrong bytes", failing(fast(), 1, probes.Corrupt, 0), failing(fast(), 1, probes.Corrupt, 0), false},
		{"only the candidate is", fast(), failing(fast(), 1, probes.Reset, 0), false},
	} {
		run := synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: c.around, Through: c.through})
		for i := range run.Trials { // what socket buffers took
			run.Trials[i].Bytes.Moved = max(run.Trials[i].Bytes.Moved, 256*unit.KiB)
		}
		d := verdict.Judge(run, verdict.Options{})
		if says := strings.Contains(d.Unreachable, "`around` could not be measured"); says != c.unreachable {
			t.Errorf("%s: unreachable %q, %s", c.name, d.Unreachable, d.Sentence)
		}
	}
}

// TestAReferenceThatLosesTooIsTold beside the candidate's losses; one that does
// not is not.
func TestAReferenceThatLosesTooIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		around record.Integrity
		beside string
	}{
		{"intact", record.Integrity{Acknowledged: 900, Intact: 900}, ""},
		{"loses", record.Integrity{Acknowledged: 900, Intact: 895, Lost: 5}, ", and 5 of 900 through `around`"},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Seed: 5, Criteria: usual, Around: fast(), Through: fast(),
			Ledger: []record.Integrity{ledger("around", c.around), ledger("through", record.Integrity{Acknowledged: 900, Intact: 896, Lost: 4})},
		}), verdict.Options{})
		warned := strings.Contains(strings.Join(d.Warnings, "\n"), "reference sick: of 900 acknowledged uploads through `around` 5 were lost")
		if d.Verdict != verdict.Regressed || !strings.Contains(d.Sentence, c.beside) || strings.Contains(d.Sentence, "through `around`") != (c.beside != "") || warned != (c.beside != "") {
			t.Errorf("%s: %s, warnings %q", c.name, d.Sentence, d.Warnings)
		}
	}
}
