package verdict_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// TestWhatCutARunShortLeadsTheSentence: the same cause has the same verdict,
// whether it came before the first trial was over or later.
func TestWhatCutARunShortLeadsTheSentence(t *testing.T) {
	for _, x := range []struct {
		name   string
		end    *record.End
		blocks int
		want   string
	}{
		{"killed before", nil, 0, "the run was killed before the first trial was over"},
		{"killed later", nil, 1, "the run was killed in block 2 of 12, before 4 of 4 findings"},
		{"interrupted before", &record.End{Status: "aborted"}, 0, "the run was interrupted before the first trial was over"},
		{"interrupted later", &record.End{Status: "aborted", Why: "the run was interrupted"}, 7, "the run was interrupted in block 8 of 12, before "},
		{"bytes before", &record.End{Status: "limit", Why: "limits.bytes: the next op would pass 41943040 bytes"}, 0, "the limit of 40MiB (limits.bytes) was reached before the first trial was over"},
		{"bytes later", &record.End{Status: "limit", Why: "limits.bytes: the next op would pass 41943040 bytes"}, 1, "the limit of 40MiB (limits.bytes) was reached in block 2 of 12, before "},
		{"requests", &record.End{Status: "limit", Why: "limits.requests: 30 requests were made"}, 1, "the limit of 30 requests (limits.requests) was reached in block 2 of 12, before "},
		{"rate", &record.End{Status: "limit", Why: "limits.rate: too fast"}, 1, "the limit of 200 MB/s (limits.rate) was reached in block 2 of 12, before "},
		{"time", &record.End{Status: "limit", Why: "design.max_duration of 10m0s is over"}, 1, "the limit of 10m0s (design.max_duration) was reached in block 2 of 12, before "},
		{"failed", &record.End{Status: "failed", Why: "the change did"}, 1, "the run failed in block 2 of 12 (the change did), before "},
	} {
		run := part(synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: fast()}), x.blocks)
		run.Header.Scenario.Limits = scenarios.Limits{Bytes: 40 * unit.MiB, Requests: 30, Rate: 200e6}
		run.Header.Scenario.Design.MaxDuration = 10 * time.Minute
		run.End = x.end
		d := verdict.Judge(run, verdict.Options{})
		if d.Verdict != verdict.Inconclusive || d.Unreachable != "" || !strings.HasPrefix(d.Sentence, "INCONCLUSIVE: "+x.want) {
			t.Errorf("%s: %q, want it to begin with %q", x.name, d.Sentence, x.want)
		}
	}
}

// TestHarmThatWasSeenOutlivesTheCut: a run that was cut short may still refuse.
func TestHarmThatWasSeenOutlivesTheCut(t *testing.T) {
	run := part(synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: slower(9)}), 8)
	run.End = &record.End{Status: "limit", Why: "limits.requests: 30 requests were made"}
	if d := verdict.Judge(run, verdict.Options{}); d.Verdict != verdict.Regressed || !strings.HasPrefix(d.Sentence, "REGRESSED: uploads") {
		t.Errorf("%s", d.Sentence)
	}
}

// TestWithoutATrialARunCouldNotRun unless it was told to end.
func TestWithoutATrialARunCouldNotRun(t *testing.T) {
	run := part(synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: fast()}), 0)
	for _, end := range []record.End{
		{Status: "failed", Why: "connection refused"},
		{Status: "limit", Why: "design.max_duration of 4s is over"},
	} {
		run.End = &end
		if d := verdict.Judge(run, verdict.Options{}); d.Verdict != verdict.Invalid || !strings.Contains(d.Unreachable, end.Why) {
			t.Errorf("%s: %s, unreachable: %q", end.Why, d.Sentence, d.Unreachable)
		}
	}
}

// TestLimitsAloneCompareNothing: that a run keeps its own limits says nothing
// of another run, however unlike the two are.
func TestLimitsAloneCompareNothing(t *testing.T) {
	limits := []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)}
	old := synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: fast(), Ledger: intact})
	cand := synthetic.Record(synthetic.Design{Seed: 6, Criteria: limits, Around: fast(), Through: fast(), Ledger: intact})
	unlike := old
	unlike.Header.Fingerprint = "beef"
	for _, x := range []struct {
		name string
		base record.Run
		says string
	}{
		{"of the same work", old, "limits only"},
		{"of other work", unlike, "not comparable"},
	} {
		if d := verdict.Compare([]record.Run{x.base}, cand, "old"); d.Verdict != verdict.NoBaseline || !strings.Contains(d.Sentence, x.says) {
			t.Errorf("%s: %s", x.name, d.Sentence)
		}
	}
	cand.Trials[1].Ops["status"] += 9 // its own limit, broken, is a finding all the same
	if d := verdict.Compare([]record.Run{unlike}, cand, "old"); d.Verdict != verdict.Regressed {
		t.Errorf("a broken limit: %s", d.Sentence)
	}
}
