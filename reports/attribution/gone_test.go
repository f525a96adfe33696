package attribution_test

import (
	"strings"
	"testing"

	"loadline/probes"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// ending is a path whose ops end in a way where its trials and ops are chosen.
func ending(p synthetic.Path, in func(block, n int) bool, o probes.Outcome, status int, message string) synthetic.Path {
	block := -1
	return with(p, func(_ plan.Cell, n int, op *synthetic.Op) {
		if n == 0 {
			block++
		}
		if in(block, n) {
			op.Outcome, op.Status, op.Message = o, status, message
		}
	})
}

const refusedByHost = "connect 10.0.0.1:443: connection refused: nothing listens there; check port and service"

// TestAPortThatClosesForGoodIsNamed with the block from which on it is closed,
// and not one that comes back, was never open, is silent, or closed around too.
func TestAPortThatClosesForGoodIsNamed(t *testing.T) {
	from := func(first int) func(block, n int) bool { return func(block, _ int) bool { return block >= first } }
	closed := func(in func(block, n int) bool) synthetic.Path {
		return ending(down.path(), in, probes.Refused, 0, refusedByHost)
	}
	for _, c := range []struct {
		name            string
		around, through func() synthetic.Path
		want            string
	}{
		{"between two blocks", down.path, func() synthetic.Path { return closed(from(3)) }, "nobody listens any more from block 4 on"},
		{"in the midst of one", down.path, func() synthetic.Path {
			return closed(func(block, n int) bool { return block > 3 || block == 3 && n > 20 })
		}, "nobody listens any more from block 5 on"},
		{"it comes back", down.path, func() synthetic.Path { return closed(func(block, _ int) bool { return block == 3 }) }, ""},
		{"never open", down.path, func() synthetic.Path { return closed(from(0)) }, ""},
		{"one op of each trial", down.path, func() synthetic.Path { return closed(func(_, n int) bool { return n == 7 }) }, ""},
		{"no answer at all", down.path, func() synthetic.Path {
			return ending(down.path(), from(3), probes.Refused, 0, "connect 10.0.0.1:443: no answer within 5s")
		}, ""},
		{"around as well", func() synthetic.Path { return closed(from(3)) }, func() synthetic.Path { return closed(from(3)) }, ""},
	} {
		a := attributed(t, synthetic.Design{Spec: download, Cells: tiny, Blocks: 6, Around: c.around(), Through: c.through()})
		if got := strings.Contains(a.Where, "nobody listens"); got != (c.want != "") || !strings.Contains(a.Where, c.want) {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
}

// TestFewFailuresAtTheSameTimeLieBehindBoth: an origin that dies fails both
// arms in the same block, in each its own way. One path alone is still accused,
// and so is one that fails more often or in other blocks.
func TestFewFailuresAtTheSameTimeLieBehindBoth(t *testing.T) {
	const cause = "so what is behind both is likelier than this path"
	some := func(block, ops int) func(b, n int) bool {
		return func(b, n int) bool { return b == block && n >= 100 && n < 100+ops }
	}
	never := func(_, _ int) bool { return false }
	for _, c := range []struct {
		name            string
		around, through func(block, n int) bool
		want            bool
	}{
		{"at the same time", some(3, 4), some(3, 4), true},
		{"at the same time, around more often", some(3, 6), some(3, 3), true},
		{"through alone", never, some(3, 4), false},
		{"around only once", some(3, 1), some(3, 50), false},
		{"around far less", some(3, 4), some(3, 50), false},
		{"in other blocks", some(7, 4), some(3, 4), false},
		{"both in every block", func(_, n int) bool { return n == 50 }, func(_, n int) bool { return n == 50 }, false},
	} {
		d := synthetic.Design{Seed: 11, Spec: download, Cells: tiny, Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)}}
		d.Around = ending(down.path(), c.around, probes.Reset, 0, "the peer closed the connection before the answer was whole")
		d.Through = ending(down.path(), c.through, probes.Status, 503, "answered 503 Service Unavailable")
		d.Around.MaxOps, d.Through.MaxOps = 200, 200
		run := synthetic.Record(d)
		a := attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.want {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
		if all := strings.Join(a.Evidence, "; "); c.want && !strings.Contains(all, "both in the same 1 of 12 blocks, `through` with status 503 and `around` with reset") {
			t.Errorf("%s: %q", c.name, a.Evidence)
		}
	}
}
