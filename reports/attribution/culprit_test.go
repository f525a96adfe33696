package attribution_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
)

// behind is a path over three backends in turn, that say their names.
func behind(p synthetic.Path, bend func(n, backend int, o *synthetic.Op)) synthetic.Path {
	return with(p, func(_ plan.Cell, n int, o *synthetic.Op) {
		o.Backend = fmt.Sprintf("o%d", n%3+1)
		bend(n, n%3+1, o)
	})
}

// TestTheBackendWithTheOnlyFaultIsNamed, however few of its ops show it, and
// not where others show it too, where it is not said which backend answered,
// or where it may be chance.
func TestTheBackendWithTheOnlyFaultIsNamed(t *testing.T) {
	corrupt := func(o *synthetic.Op) {
		o.Outcome, o.Status, o.Message = probes.Corrupt, 200, "corrupt: first wrong byte at 4194304"
	}
	truncated := func(o *synthetic.Op) {
		o.Outcome, o.Status, o.Message = probes.Short, 200, "short: 3 of 10 bytes, and the answer ended as if that were all (announced: 3)"
	}
	reset := func(o *synthetic.Op) { o.Outcome, o.Message = probes.Reset, "the peer reset the connection" }
	for _, c := range []struct {
		name   string
		bend   func(n, backend int, o *synthetic.Op)
		blocks int
		want   string
		not    string
	}{
		{"few wrong bytes, all by one", func(n, _ int, o *synthetic.Op) {
			if n == 5 {
				corrupt(o)
			}
		}, 12, "bodies delivered with wrong bytes, all by backend `o3`", "sick"},
		{"truncated, all by one", func(n, _ int, o *synthetic.Op) {
			if n == 5 {
				truncated(o)
			}
		}, 12, "bodies truncated under status 200, all by backend `o3`", "sick"},
		{"few resets, all by one", func(n, _ int, o *synthetic.Op) {
			if n == 5 {
				reset(o)
			}
		}, 12, "one sick backend (o3)", ""},
		{"resets by one, wrong bytes by all", func(n, _ int, o *synthetic.Op) {
			if n == 5 {
				reset(o)
			} else if n >= 20 && n < 23 {
				corrupt(o)
			}
		}, 12, "bodies delivered with wrong bytes; one sick backend (o3)", "all by"},
		{"wrong bytes by all", func(n, _ int, o *synthetic.Op) {
			if n >= 5 && n < 8 {
				corrupt(o)
			}
		}, 12, "bodies delivered with wrong bytes", "backend"},
		{"by one, but so few that it may be chance", func(n, _ int, o *synthetic.Op) {
			if n == 5 {
				corrupt(o)
			}
		}, 4, "bodies delivered with wrong bytes", "backend"},
		{"a failure that names no backend", func(n, _ int, o *synthetic.Op) {
			if n == 5 {
				reset(o)
			} else if n == 8 {
				reset(o)
				o.Backend = ""
			}
		}, 12, "", "backend"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := attributed(t, synthetic.Design{Spec: download, Cells: one, Blocks: c.blocks, Around: down.path(), Through: behind(down.path(), c.bend)})
			if a.Arm == "" || !strings.Contains(a.Where, c.want) || c.not != "" && strings.Contains(a.Where, c.not) {
				t.Errorf("%q, for %q", a.Where, a.Evidence)
			}
		})
	}
}

// TestABackendThatIsALittleSlowerIsNamed where it is what regressed, and not
// where the whole path has.
func TestABackendThatIsALittleSlowerIsNamed(t *testing.T) {
	taking := func(ms ...int) synthetic.Path {
		return behind(down.path(), func(_, backend int, o *synthetic.Op) {
			o.Phases.Wait = o.Phases.Wait - down.rtt + time.Duration(ms[backend-1])*time.Millisecond
		})
	}
	for _, c := range []struct {
		name    string
		through synthetic.Path
		want    bool
	}{
		{"one of three", taking(20, 20, 27), true},
		{"all of them", taking(27, 27, 27), false},
		{"all, and one a little more", taking(27, 27, 32), false},
		{"two of three", taking(20, 27, 27), false},
	} {
		a := attributed(t, synthetic.Design{Spec: download, Cells: tiny, Around: taking(20, 20, 20), Through: c.through})
		if a.Arm == "" || strings.Contains(a.Where, "one sick backend (o3)") != c.want || !c.want && strings.Contains(a.Where, "sick") {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
}
