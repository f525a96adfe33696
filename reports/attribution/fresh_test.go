package attribution_test

import (
	"strings"
	"testing"

	"loadline/probes"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
)

// TestFewFreshConnectionsTellNothing: where six in ten ops fail, three that do
// not are no wonder, and twelve are.
func TestFewFreshConnectionsTellNothing(t *testing.T) {
	const cause = "ops on a connection that was used before fail"
	for _, c := range []struct {
		fresh int // first ops of each trial
		share int // of ten ops on a used connection fail
		want  bool
	}{
		{1, 6, false}, {4, 6, true},
		{1, 10, true},
		{4, 0, false},
	} {
		through := with(down.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			o.Socket.Conn, o.Socket.Reused = uint64(min(n, c.fresh-1)+1), n >= c.fresh
			if o.Socket.Reused && n%10 < c.share {
				o.Outcome, o.Status = probes.Status, 502
			}
		})
		run := synthetic.Record(synthetic.Design{Seed: 11, Criteria: criteria, Blocks: 3, Spec: download, Cells: tiny, Around: down.path(), Through: through})
		a := attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
		if all := a.Where + strings.Join(a.Evidence, "; "); strings.Contains(all, cause) != c.want {
			t.Errorf("%d fresh per trial, %d of 10 failing: %q", c.fresh, c.share, all)
		}
	}
}
