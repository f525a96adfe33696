package attribution_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// TestABackendThatNeverGivesItsNameIsTold by the turn in which ops fail beside
// backends that work, and failures that are rare, come at random, go by the
// request or by the connection, or name their backend are not put down to one.
func TestABackendThatNeverGivesItsNameIsTold(t *testing.T) {
	const cause = "names no backend: likely one backend of"
	header := scenarios.Target{Backend: "X-Backend"}
	// In each trial the turn is another backend's first; names are o1 to oN.
	turns := func(of, names int, fails func(block, n, turn int) bool, bend func(o *synthetic.Op)) synthetic.Path {
		block := -1
		p := with(down.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			if n == 0 {
				block++
			}
			turn := (n + block) % of
			o.Phases.Wait = 2 * time.Millisecond
			o.Backend = fmt.Sprintf("o%d", turn%names+1)
			if fails(block, n, turn) {
				o.Backend, o.Outcome, o.Status, o.Message = "", probes.Status, 400, "answered 400 Bad Request"
				bend(o)
			}
		})
		p.Target, p.MaxOps = header, 60
		return p
	}
	third := func(_, _, turn int) bool { return turn == 2 }
	as := func(*synthetic.Op) {}
	for _, c := range []struct {
		name    string
		through synthetic.Path
		says    string
	}{
		{"the third of three", turns(3, 2, third, as), "likely one backend of 3,"},
		{"the third of three, of one name", turns(3, 1, third, as), "likely one backend of 3,"},
		{"after a timeout", turns(3, 2, third, func(o *synthetic.Op) { o.Phases.Wait = 3 * time.Second }), "(given up after about 3"},
		{"rare", turns(3, 2, func(_, n, _ int) bool { return n%20 == 7 }, as), ""},
		{"a third, at random", turns(3, 2, func(block, n, _ int) bool { return (n*n*7+block*11+n*3)%31 < 10 }, as), ""},
		{"by the request", turns(3, 2, func(_, n, _ int) bool { return n%3 == 2 }, as), ""},
		{"more names than turns", turns(3, 3, func(_, n, turn int) bool { return (n+turn)%2 == 0 }, as), ""},
		{"named", turns(3, 2, third, func(o *synthetic.Op) { o.Backend = "o3" }), ""},
	} {
		a := attributed(t, synthetic.Design{Spec: download, Cells: tiny, Around: down.path(), Through: c.through})
		if strings.Contains(a.Where, cause) != (c.says != "") || !strings.Contains(a.Where, c.says) {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
	unread := turns(3, 2, third, as)
	unread.Target = scenarios.Target{}
	// Every third op on each connection fails, and the connections take turns.
	third3 := turns(1, 1, func(block, n, _ int) bool { return (n+block)%3 == 2 }, as)
	block := -1
	counted := with(third3, func(_ plan.Cell, n int, o *synthetic.Op) {
		if n == 0 {
			block++
		}
		o.Socket.Conn = uint64((n+block)/3 + 1)
		o.Socket.Reused = (n+block)%3 > 0
	})
	for name, d := range map[string]synthetic.Design{
		"no header is read":            {Through: unread},
		"by the connection":            {Through: counted},
		"ops come at a rate, one name": {Through: turns(3, 1, third, as), Load: scenarios.Load{Model: scenarios.Open}},
	} {
		d.Spec, d.Cells, d.Around = download, tiny, down.path()
		if a := attributed(t, d); strings.Contains(a.Where, cause) {
			t.Errorf("%s: %q, for %q", name, a.Where, a.Evidence)
		}
	}
}
