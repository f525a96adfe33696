package verdict_test

import (
	"strings"
	"testing"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// TestASickReferenceProvesNobodyHealthy: a closed slot backs off after each
// failed op, so that a share of failures far below the margin can cost the
// reference far more than the margin. An open load has no such back-off.
func TestASickReferenceProvesNobodyHealthy(t *testing.T) {
	goodput := []scenarios.Criterion{synthetic.Relative(metric.Goodput, metric.Mean, 3)} // 4x
	for _, c := range []struct {
		name  string
		every int
		load  scenarios.Load
		want  verdict.Verdict
	}{
		{"every 3rd op fails", 3, scenarios.Load{}, verdict.Inconclusive},
		{"every 3rd op fails, open load", 3, scenarios.Load{Model: scenarios.Open}, verdict.Pass},
		{"every 50th op fails", 50, scenarios.Load{}, verdict.Pass},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{Seed: 5, Criteria: goodput, Load: c.load,
			Around: failing(fast(), c.every, probes.Status, 503), Through: fast(), Ledger: intact}), verdict.Options{})
		if d.Verdict != c.want {
			t.Errorf("%s: %s, want %s", c.name, d.Sentence, c.want)
		}
	}
}

// TestNothingReadBackIsNotNothingAcknowledged: the sentence says what is
// missing, so that a reader looks in the right place.
func TestNothingReadBackIsNotNothingAcknowledged(t *testing.T) {
	lost := []scenarios.Criterion{synthetic.Limit(metric.IntegrityLost, metric.StatCount, 0)}
	for want, ledger := range map[string]record.Integrity{
		"none of 400 acknowledged uploads could be read back": {Arm: "through", Cell: "all", Acknowledged: 400, Unverified: 400},
		"there was no acknowledged upload to judge by":        {Arm: "through", Cell: "all"},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{Seed: 5, Criteria: lost, Around: fast(), Through: fast(), Ledger: []record.Integrity{ledger}}), verdict.Options{})
		if d.Verdict != verdict.Inconclusive || !strings.Contains(d.Sentence, want) {
			t.Errorf("%q, want INCONCLUSIVE with %q", d.Sentence, want)
		}
	}
}

// TestTheGeneratorsOwnLimitsAreNotTheArms: an op for which this machine had no
// port left was not refused by anybody.
func TestTheGeneratorsOwnLimitsAreNotTheArms(t *testing.T) {
	for message, want := range map[string]verdict.Verdict{
		"connect 10.0.0.1:443: no local port is free: too many connections": verdict.Invalid,
		"connect 10.0.0.1:443: connection refused":                          verdict.Regressed,
	} {
		through := bent(fast(), func(n int, op *synthetic.Op) {
			if n%9 == 0 {
				op.Outcome, op.Message = probes.Refused, message
			}
		})
		d := verdict.Judge(synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: through, Ledger: intact}), verdict.Options{})
		if d.Verdict != want {
			t.Errorf("%s: %s, want %s", message, d.Sentence, want)
		}
	}
}
