package verdict_test

import (
	"strings"
	"testing"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// TestWhatNobodyAskedForIsToldAllTheSame, and is no verdict.
func TestWhatNobodyAskedForIsToldAllTheSame(t *testing.T) {
	const others, less = "may not be the same answers", "no criterion is about that (hint: rate or goodput)"
	errors := []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)}
	answers := func(each unit.Bytes) synthetic.Path {
		p := fast()
		p.Trial = func(t *record.Trial) { t.Bytes.Received = each * unit.Bytes(t.Total()) }
		return p
	}
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		load            scenarios.Load
		criteria        []scenarios.Criterion
		says            string
	}{
		{"as long", answers(1000), answers(1000), scenarios.Load{}, errors, ""},
		{"a little longer", answers(1000), answers(1050), scenarios.Load{}, errors, ""},
		{"much shorter", answers(1000), answers(30), scenarios.Load{}, errors, others},
		{"empty", answers(1000), answers(0), scenarios.Load{}, errors, others},
		{"twice as slow", fast(), slower(2), scenarios.Load{}, errors, ""},
		{"ten times as slow", fast(), slower(10), scenarios.Load{}, errors, less},
		{"ten times as slow, open load", fast(), slower(10), scenarios.Load{Model: scenarios.Open}, errors, ""},
		{"ten times as slow, and asked for", fast(), slower(10), scenarios.Load{}, usual, ""},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Seed: 5, Blocks: 8, Around: c.around, Through: c.through, Load: c.load, Criteria: c.criteria, Spec: `{"direction":"download","verify":"digest"}`,
		}), verdict.Options{})
		all := strings.Join(d.Warnings, "\n")
		for _, w := range []string{others, less} {
			if strings.Contains(all, w) != (w == c.says) {
				t.Errorf("%s: warnings %q, want %q and nothing else", c.name, all, c.says)
			}
		}
	}
}
