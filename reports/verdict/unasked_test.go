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
	const others, less = "not the same answers (hint: work.expect says what is right)", "no criterion is about that (hint: rate or goodput)"
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

// TestTimesOfOtherAnswersProveNothing: quick answers that nobody looked into
// are no PASS; those of transfers are verified, and harm is harm.
func TestTimesOfOtherAnswersProveNothing(t *testing.T) {
	response := []scenarios.Criterion{synthetic.Relative(metric.Service, metric.P50, 1)}
	bring := func(p synthetic.Path, each unit.Bytes) synthetic.Path {
		p.Trial = func(t *record.Trial) { t.Bytes.Received = each * unit.Bytes(t.Total()) }
		return p
	}
	for _, c := range []struct {
		name    string
		spec    string
		through synthetic.Path
		want    verdict.Verdict
	}{
		{"the same", `{"targets":[]}`, bring(fast(), 1000), verdict.Pass},
		{"a page that says sorry", `{"targets":[]}`, bring(fast(), 35), verdict.Inconclusive},
		{"verified, encoded otherwise", `{"direction":"download","verify":"digest"}`, bring(fast(), 350), verdict.Pass},
		{"others, and slower", `{"targets":[]}`, bring(slower(9), 35), verdict.Regressed},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Seed: 5, Blocks: 8, Around: bring(fast(), 1000), Through: c.through, Criteria: response, Spec: c.spec,
		}), verdict.Options{})
		if d.Verdict != c.want || (c.want == verdict.Inconclusive) != strings.Contains(d.Sentence, "nothing was asked of their bodies") {
			t.Errorf("%s: %s", c.name, d.Sentence)
		}
	}
}

// TestASinglePairThatStoodStillIsTold where the median hides it.
func TestASinglePairThatStoodStillIsTold(t *testing.T) {
	stopped := func(trials int) synthetic.Path {
		p, begun := fast(), 0
		p.Trial = func(t *record.Trial) {
			if begun < trials {
				t.Span *= 20
			}
			begun++
		}
		return p
	}
	dead := fast()
	begun := 0
	dead.Trial = func(t *record.Trial) {
		if begun == 0 {
			t.Bytes.Proven, t.Bytes.Moved = 0, 0
		}
		begun++
	}
	d := verdict.Judge(synthetic.Record(synthetic.Design{
		Seed: 5, Blocks: 12, Around: fast(), Through: dead, Criteria: []scenarios.Criterion{synthetic.Relative(metric.Goodput, metric.Mean, 1)},
	}), verdict.Options{})
	if all := strings.Join(d.Warnings, "\n"); !strings.Contains(all, "in 1 of 12 pairs nothing got done, unlike through `around`") {
		t.Errorf("nothing in one trial: %s, warnings %q", d.Sentence, all)
	}
	for trials, says := range map[int]bool{0: false, 1: true} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Seed: 5, Blocks: 12, Around: fast(), Through: stopped(trials), Criteria: []scenarios.Criterion{synthetic.Relative(metric.Goodput, metric.Mean, 1)},
		}), verdict.Options{})
		if all := strings.Join(d.Warnings, "\n"); d.Verdict != verdict.Pass || strings.Contains(all, "in 1 of 12 pairs it was up to 2") != says {
			t.Errorf("%d trials: %s, warnings %q", trials, d.Sentence, all)
		}
	}
}
