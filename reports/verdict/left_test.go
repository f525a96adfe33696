package verdict_test

import (
	"strings"
	"testing"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
)

// TestObjectsThatStayAreToldOnce: the run's own warning says why and what to
// do; without one the count must not go untold.
func TestObjectsThatStayAreToldOnce(t *testing.T) {
	for _, own := range [][]string{nil, {"3 objects could not be removed from the target: 405 (hint: loadline clean r)"}} {
		run := synthetic.Record(synthetic.Design{Seed: 3, Criteria: usual, Around: fast(), Through: fast(), Ledger: intact})
		run.Warnings, run.End = own, &record.End{Status: "complete", LeftBehind: 3}
		said := 0
		for _, w := range verdict.Judge(run, verdict.Options{}).Warnings {
			said += strings.Count(w, "could not be removed")
		}
		if said != 1 {
			t.Errorf("with %q it is said %d times, want once", own, said)
		}
	}
}
