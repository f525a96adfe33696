package attribution_test

import (
	"strings"
	"testing"

	"loadline/probes/record"
	"loadline/reports/verdict/synthetic"
)

// TestUploadsThatOnlyTheirOwnPathFinds: backends that do not share a store lose
// some, as both questions meet the other one, and keep back the rest of theirs.
func TestUploadsThatOnlyTheirOwnPathFinds(t *testing.T) {
	kept := func(arm string, lost, own uint64) record.Integrity {
		return record.Integrity{Arm: arm, Cell: "all", Acknowledged: 40, Intact: 40 - lost, Lost: lost, OwnPathOnly: own}
	}
	for _, c := range []struct {
		name            string
		around, through record.Integrity
		is              bool
	}{
		{"backends without a common store", kept("around", 0, 0), kept("through", 4, 16), true},
		{"lost and nowhere", kept("around", 0, 0), kept("through", 4, 0), false},
		{"a store for each arm", kept("around", 0, 40), kept("through", 4, 36), false},
	} {
		a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: up.path(), Ledger: []record.Integrity{c.around, c.through}})
		if is := strings.Contains(a.Where, "uploads kept where no other path finds them"); a.Arm != "through" || is != c.is {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
}
