package selftest

import (
	"os"
	"testing"
	"time"

	"loadline/probes/all"
)

func TestEveryFaultIsCaughtAndEveryTwinIsSilent(t *testing.T) {
	started := time.Now()
	outcomes, err := Run(t.Context(), Options{Table: all.Builtin(), Cases: Cases, Done: func(o Outcome) {
		t.Logf("%-20s %6.2fs %s %s", o.Case.Name, o.Took.Seconds(), o.Verdict, o.Twin)
	}})
	if err != nil {
		t.Fatal(err)
	}
	WriteText(os.Stdout, outcomes)
	t.Logf("took %v", time.Since(started))
	if missed, alarms := Failed(outcomes); missed+alarms > 0 {
		t.Errorf("%d missed, %d false alarms", missed, alarms)
	}
}
