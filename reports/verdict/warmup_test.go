package verdict_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// warmedUp gives every trial a warm-up of 20 ops of 50 ms, of which so many end
// otherwise, and so many hang for 1.5 s until they are cut.
func warmedUp(p synthetic.Path, bad int, how probes.Outcome, hung int, trials int, kept bool) synthetic.Path {
	done := 0
	p.Trial = func(t *record.Trial) {
		c := record.NewCollector(record.TrialHead{}, record.CollectorOptions{})
		for i := range 20 {
			o := probes.Observation{Outcome: probes.OK, Start: probes.MarkAt(0), End: probes.MarkAt(50 * time.Millisecond)}
			if done < trials && i < bad {
				o.Outcome = how
				o.Socket = probes.Socket{Conn: 1, Reused: kept}
			}
			if done < trials && i >= bad && i < bad+hung {
				o.Outcome, o.End = probes.Cut, probes.MarkAt(1500*time.Millisecond)
			}
			c.Add(0, o)
		}
		done++
		t.WarmUp = record.NewWarmUp(c.Finish(record.Health{}, time.Second))
	}
	return p
}

// TestFailuresOfTheWarmUpAreErrors: its times do not count, but a connection
// that is made there and kept fails there or nowhere.
func TestFailuresOfTheWarmUpAreErrors(t *testing.T) {
	errors := []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)}
	few := []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0.01)}
	bytes := []scenarios.Criterion{synthetic.Limit(metric.IntegrityCorrupt, metric.StatCount, 0)}
	lengths := []scenarios.Criterion{synthetic.Limit(metric.IntegrityShort, metric.StatCount, 0)}
	healthy := warmedUp(fast(), 0, probes.OK, 0, 8, false)
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		criteria        []scenarios.Criterion
		want            verdict.Verdict
		says, warns     string
	}{
		{"healthy", healthy, healthy, errors, verdict.Pass, "", ""},
		{"resets", healthy, warmedUp(fast(), 1, probes.Reset, 0, 8, false), errors, verdict.Regressed, "failed (in the warm-up, before anything is timed: the connection broke", ""},
		{"hangs", healthy, warmedUp(fast(), 0, "", 1, 8, false), errors, verdict.Regressed, "cut without an end after up to 1.5 s", ""},
		{"hangs, and nobody asked", healthy, warmedUp(fast(), 0, "", 1, 8, false), bytes, verdict.Regressed, "hang: in the warm-up", ""},
		{"resets, and nobody asked", healthy, warmedUp(fast(), 1, probes.Reset, 0, 8, false), bytes, verdict.Pass, "", "8 of 160 ops through `through` failed or hung in the warm-up"},
		{"wrong bytes", healthy, warmedUp(fast(), 1, probes.Corrupt, 0, 8, false), bytes, verdict.Regressed, "had wrong bytes (in the warm-up", "failed or hung in the warm-up"},
		{"wrong bytes, and nobody asked", healthy, warmedUp(fast(), 1, probes.Swapped, 0, 8, false), lengths, verdict.Regressed, "had wrong bytes (in the warm-up", "failed or hung in the warm-up"},
		{"short bodies", healthy, warmedUp(fast(), 1, probes.Short, 0, 8, false), lengths, verdict.Regressed, "8 of", "failed or hung in the warm-up"},
		{"and so many are allowed", healthy, warmedUp(fast(), 1, probes.Reset, 0, 8, false), few, verdict.Pass, "", ""},
		{"one reset in all", healthy, warmedUp(fast(), 1, probes.Reset, 0, 1, false), errors, verdict.Regressed, "1 of", ""},
		{"one reset, on a kept connection", healthy, warmedUp(fast(), 1, probes.Reset, 0, 1, true), errors, verdict.Pass, "", "1 of 160 ops through `through` failed or hung in the warm-up"},
		{"two resets on kept connections", healthy, warmedUp(fast(), 1, probes.Reset, 0, 2, true), errors, verdict.Regressed, "2 of", ""},
		{"one hangs in all", healthy, warmedUp(fast(), 0, "", 1, 1, false), errors, verdict.Inconclusive, "it may have hung", "1 of 160 ops"},
		{"both, and nobody asked", warmedUp(fast(), 0, "", 1, 8, false), warmedUp(fast(), 0, "", 1, 8, false), bytes, verdict.Pass, "", "failed or hung in the warm-up"},
		{"cut in its first second", healthy, warmedUp(fast(), 0, "", 0, 8, false), errors, verdict.Pass, "", ""},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Seed: 5, Blocks: 8, Around: c.around, Through: c.through, Spec: `{"direction":"download","verify":"digest"}`, Criteria: c.criteria,
		}), verdict.Options{})
		if d.Verdict != c.want || !strings.Contains(d.Sentence, c.says) {
			t.Errorf("%s: %s", c.name, d.Sentence)
		}
		if all := strings.Join(d.Warnings, "\n"); !strings.Contains(all, c.warns) || c.warns == "" && strings.Contains(all, "warm-up") {
			t.Errorf("%s: warnings %q, want %q", c.name, all, c.warns)
		}
	}
}
