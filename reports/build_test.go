package reports_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/attribution"
	"loadline/reports/rendertest"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// small is a run of two arms in one cell, one trial each.
func small() record.Run {
	return record.Run{
		Header: record.Header{
			Run: "r1", Started: start, Fingerprint: "0123456789abcdef",
			Scenario: scenarios.Scenario{Name: "edge/x", Purpose: "why?", Design: scenarios.Design{Seed: 42}},
			Arms: []scenarios.Arm{
				{ID: "around", Role: scenarios.Reference, Target: scenarios.Target{URL: "https://o", Connect: []string{"a:1", "b:2"}}},
				{ID: "through", Role: scenarios.Candidate, Target: scenarios.Target{URL: "https://f"}},
			},
			Cells:       []plan.Cell{{ID: "all"}},
			Environment: record.Environment{Host: "h", Cores: 2, Memory: unit.GiB},
		},
		Trials: []record.Trial{trial("around", 0), trial("through", 0)},
		End:    &record.End{At: start.Add(90 * time.Second), Status: "complete"},
	}
}

func trial(arm string, block int) record.Trial {
	return record.Trial{
		Block: block, Arm: arm, Cell: "all", At: time.Duration(block) * 10 * time.Second, Span: 2 * time.Second,
		Bytes: record.Bytes{Proven: 10e6, Moved: 14e6},
		Peers: []record.Peer{{Address: "10.0.0.1:443", Protocol: "HTTP/1.1", Ops: 3}},
	}
}

func view(run record.Run) reports.Report {
	return reports.Build(run, verdict.Decision{}, attribution.Attribution{}, reports.Source{Command: "loadline run x.yaml", Record: "runs/r1"})
}

func TestAReportIntroducesItsRun(t *testing.T) {
	run := small()
	run.Trials[1].Peers = append(run.Trials[1].Peers, record.Peer{Address: "10.0.0.2:443", Protocol: "HTTP/2.0", Ops: 9})
	again := trial("through", 1)
	run.Trials = append(run.Trials, again)
	r := view(run)
	if r.Run != "r1" || r.Scenario != "edge/x" || r.Took != 90*time.Second || r.Partial != "" {
		t.Errorf("run %q, scenario %q, took %v, partial %q", r.Run, r.Scenario, r.Took, r.Partial)
	}
	if got := r.Arms[0].Connect; got != "a:1, b:2" {
		t.Errorf("connect %q, want both addresses", got)
	}
	// Peers of all trials are one row each, the busiest first.
	peers := r.Arms[1].Peers
	if len(peers) != 2 || peers[0].Ops != 9 || peers[1].Ops != 6 {
		t.Errorf("peers %+v, want 9 ops to one and 6 to the other", peers)
	}
	want := []string{"loadline run x.yaml", "loadline report runs/r1", "seed 42, fingerprint 0123456789ab"}
	if !slices.Equal(r.Reproduce, want) {
		t.Errorf("reproduce %q, want %q", r.Reproduce, want)
	}
	if len(r.Health) != 3 {
		t.Errorf("%d rows of health, want one per trial", len(r.Health))
	}
}

func TestWhyARunIsNotWhole(t *testing.T) {
	for _, x := range []struct {
		name   string
		end    *record.End
		damage []string
		want   string
	}{
		{"complete", &record.End{Status: "complete"}, nil, ""},
		{"decided by a look", &record.End{Status: "decided", Why: "decided after 12 trials"}, nil, ""},
		{"killed", nil, nil, "the run was killed; this is what it had written"},
		{"aborted", &record.End{Status: "aborted", Why: "interrupted"}, nil, "aborted: interrupted"},
		{"at a limit", &record.End{Status: "limit", Why: "500 GiB sent"}, nil, "limit: 500 GiB sent"},
		{"damaged", &record.End{Status: "complete"}, []string{"line 3: torn", "line 9: torn"}, "line 3: torn; line 9: torn"},
		{"killed and damaged", nil, []string{"line 3: torn"}, "the run was killed; this is what it had written; line 3: torn"},
	} {
		run := small()
		run.End, run.Damage = x.end, x.damage
		if got := view(run).Partial; got != x.want {
			t.Errorf("%s: partial %q, want %q", x.name, got, x.want)
		}
	}
}

func TestAKilledRunTookAsLongAsItsTrials(t *testing.T) {
	run := small()
	run.Trials = append(run.Trials, trial("through", 4))
	run.End = nil
	if got := view(run).Took; got != 42*time.Second {
		t.Errorf("took %v, want 42s", got)
	}
}

func TestATrialThatWasAbortedIsNotSummedUp(t *testing.T) {
	run := small()
	run.Trials[1].Aborted = "interrupted"
	r := view(run)
	if len(r.Cells) != 1 || len(r.Cells[0].Arms) != 1 || r.Cells[0].Arms[0].Arm != "around" {
		t.Errorf("cells %+v, want the reference alone", r.Cells)
	}
	if len(r.Health) != 2 {
		t.Errorf("%d rows of health, want the aborted trial's too", len(r.Health))
	}
}

// TestAnArmKeepsItsNumberInEveryCell: a colour that changes its arm between
// two figures of a page is a lie.
func TestAnArmKeepsItsNumberInEveryCell(t *testing.T) {
	run := small()
	run.Header.Cells = append(run.Header.Cells, plan.Cell{ID: "other"})
	only := trial("through", 0)
	only.Cell = "other"
	run.Trials = append(run.Trials, only)
	r := view(run)
	if a := r.Cells[1].Arms[0]; a.Arm != "through" || a.Number != 1 {
		t.Errorf("%s has number %d in a cell of its own, want 1 as in the others", a.Arm, a.Number)
	}
}

func TestTheEnvironmentLeavesOutWhatIsNotKnown(t *testing.T) {
	names := func(r reports.Report) string {
		var all []string
		for _, f := range r.Environment {
			all = append(all, f.Name)
		}
		return strings.Join(all, ", ")
	}
	run := small()
	if got := names(view(run)); strings.Contains(got, "limit") || strings.Contains(got, "virtual") {
		t.Errorf("facts %q for a machine without limits", got)
	}
	run.Header.Environment.MemoryLimit, run.Header.Environment.CPULimit, run.Header.Environment.Virtual = unit.GiB, 1.5, "kvm"
	for _, want := range []string{"memory limit", "processor limit", "virtual machine"} {
		if got := names(view(run)); !strings.Contains(got, want) {
			t.Errorf("facts %q, want %s", got, want)
		}
	}
}

func TestTheLedgerIsInTheOrderOfCellsAndArms(t *testing.T) {
	run := small()
	run.Header.Cells = append(run.Header.Cells, plan.Cell{ID: "other"})
	for _, x := range [][2]string{{"through", "other"}, {"through", "all"}, {"around", "other"}, {"around", "all"}} {
		run.Integrity = append(run.Integrity, record.Integrity{Arm: x[0], Cell: x[1]})
	}
	got := ""
	for _, l := range view(run).Ledger {
		got += l.Cell + " " + l.Arm + ", "
	}
	if want := "all around, all through, other around, other through, "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if run.Integrity[0].Cell != "other" {
		t.Error("the record's own order was changed")
	}
}

// TestAReportIsBuiltTheSameTwice: maps of the record must not leak their order.
func TestAReportIsBuiltTheSameTwice(t *testing.T) {
	first := rendertest.Regressed()
	for range 5 {
		if diff := cmp.Diff(first, rendertest.Regressed(), cmpopts.EquateNaNs()); diff != "" {
			t.Fatal(diff)
		}
	}
}
