package selftest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"loadline/probes/all"
)

// most is what the self test may take on two cores that do other work as well;
// left alone it takes half of that.
const most = 80 * time.Second

func TestEveryFaultIsCaughtAndEveryTwinIsSilent(t *testing.T) {
	started := time.Now()
	outcomes, err := Run(t.Context(), Options{Table: all.Builtin(), Cases: Cases, Done: func(o Outcome) {
		t.Logf("%-20s %5.1fs  %s, twin %s", o.Case.Name, o.Took.Seconds(), o.Verdict, o.Twin)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if !o.OK() {
			t.Errorf("%s: missed: %q, alarm: %q", o.Case.Name, o.Missed, o.Alarm)
		}
	}
	if took := time.Since(started); took > most {
		t.Errorf("the self test took %v, more than %v", took, most)
	}
}

func TestOutcomesAreDrawnForPeopleAndPrograms(t *testing.T) {
	outcomes := []Outcome{
		{Case: Case{Name: "loss", Plants: "an upload is lost", At: Balancer, By: "integrity.lost"}, Verdict: "REGRESSED", Where: "uploads through `through`", Twin: "PASS", Took: time.Second},
		{Case: Case{Name: "swap", Plants: "another body comes", At: Backend, By: "integrity.corrupt"}, Verdict: "PASS", Twin: "REGRESSED", Missed: "the verdict is PASS", Alarm: "the healthy twin is REGRESSED"},
	}
	var text, doc strings.Builder
	if err := errors.Join(WriteText(&text, outcomes), WriteJSON(&doc, outcomes)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"an upload is lost", "✓", "✗ swap: the verdict is PASS", "1 of 2 planted faults caught, 1 of 2 healthy twins silent"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
	var back struct {
		Schema string
		OK     bool
		Cases  []struct {
			Name   string
			Caught bool
			Silent bool `json:"twin_silent"`
		}
	}
	if err := json.Unmarshal([]byte(doc.String()), &back); err != nil {
		t.Fatal(err)
	}
	if back.Schema != Schema || back.OK || len(back.Cases) != 2 || !back.Cases[0].Caught || back.Cases[1].Caught || back.Cases[1].Silent {
		t.Errorf("the document reads %+v", back)
	}
}
