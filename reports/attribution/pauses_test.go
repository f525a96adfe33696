package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// TestATransferThatStandsStillIsNoWindowAndNoLimit: the same extra time gives
// the rate of a window, or a round figure, and is told from them by how long
// no byte came; a window and a limit are told from it in return.
func TestATransferThatStandsStillIsNoWindowAndNoLimit(t *testing.T) {
	const cause = "a pause of about 150 ms within each transfer"
	near := link{rate: 500e6, rtt: 10 * time.Millisecond, protocol: "HTTP/1.1", down: true}
	mega := []plan.Cell{{ID: "all", Size: unit.MB, InFlight: 1}}
	several := []plan.Cell{{ID: "1MB", Size: unit.MB, InFlight: 1}, {ID: "8MB", Size: 8 * unit.MB, InFlight: 1}}
	// Each op receives for so much longer, and has that share of it in one pause.
	slower := func(extra time.Duration, share float64, every int) synthetic.Path {
		return with(near.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			o.Phases.Pause = time.Millisecond
			if n%every == 0 {
				o.Phases.Receive += extra
				o.Phases.Pause += time.Duration(share * float64(extra))
			}
		})
	}
	around := slower(0, 0, 1)
	for _, c := range []struct {
		name    string
		cells   []plan.Cell
		through synthetic.Path
		is      bool
		says    string
	}{
		{"held back once", mega, slower(150*time.Millisecond, 1, 1), true, "stands still once for 151 ms"},
		{"in every size", several, slower(150*time.Millisecond, 1, 1), true, "whatever its size"},
		{"as a window does", mega, slower(150*time.Millisecond, 0.07, 1), false, "64 kB window"},
		{"as a limit does", mega, slower(98*time.Millisecond, 0.1, 1), false, "constant 10 MB/s"},
		{"one in eight is held back", mega, slower(8*150*time.Millisecond, 1, 8), false, ""},
	} {
		a := attributed(t, synthetic.Design{Cells: c.cells, Around: around, Through: c.through, Spec: download})
		all := a.Where + "; " + strings.Join(a.Evidence, "; ")
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.is || !strings.Contains(all, c.says) {
			t.Errorf("%s: %+v", c.name, a)
		}
		if c.is && (strings.Contains(all, "window") || strings.Contains(all, "limit")) {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}
