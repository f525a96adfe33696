package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// part is the record as it stands after some blocks.
func part(run record.Run, blocks int) record.Run {
	run.End, run.Integrity = nil, nil
	run.Trials = slices.DeleteFunc(slices.Clone(run.Trials), func(t record.Trial) bool { return t.Block >= blocks })
	return run
}

func TestTheSameRecordGivesTheSameDecision(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 3, Criteria: usual, Around: fast(), Through: slower(1.04), Ledger: intact})
	if a, b := render(verdict.Judge(run, verdict.Options{})), render(verdict.Judge(run, verdict.Options{})); a != b {
		t.Errorf("two judgements of one record differ:\n%s\n%s", a, b)
	}
}

func TestClearHarmEndsTheRunAfterThreeBlocksAndNotBefore(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 3, Criteria: usual, Around: fast(), Through: slower(20)})
	for blocks, want := range []bool{false, false, false, true, true} {
		d, over := verdict.JudgeLook(part(run, blocks), verdict.Options{})
		if over != want {
			t.Errorf("after %d blocks: over is %v, want %v (%s)", blocks, over, want, d.Sentence)
		}
	}
}

func TestBetweenLooksNothingButClearHarmDecides(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 3, Blocks: 16, Looks: []int{10, 13, 16}, Criteria: usual, Around: fast(), Through: slower(1.4)})
	for blocks := range 16 {
		d, over := verdict.JudgeLook(part(run, blocks), verdict.Options{})
		if want := blocks == 10 || blocks == 13; over != want {
			t.Errorf("after %d blocks: over is %v, want %v (%s)", blocks, over, want, d.Sentence)
		}
	}
}

func TestALookLeavesOutWhatOnlyTheEndKnows(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 3, Blocks: 16, Looks: []int{10, 16}, Criteria: usual, Around: fast(), Through: fast()})
	d, over := verdict.JudgeLook(part(run, 10), verdict.Options{})
	if !over || d.Verdict != verdict.Pass {
		t.Errorf("the look gives %s, over %v; a healthy run should end here although the ledger is not made yet", d.Sentence, over)
	}
	if d := verdict.Judge(run, verdict.Options{}); d.Verdict != verdict.Inconclusive {
		t.Errorf("without a ledger the end gives %s; nothing is known of what was stored", d.Sentence)
	}
}

func TestABrokenLimitEndsTheRunOnlyWithEvidenceOfItsCause(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 3, Criteria: usual, Around: fast(), Through: failing(fast(), 9, probes.Status, 504)})
	for blocks := 1; blocks < 4; blocks++ {
		if _, over := verdict.JudgeLook(part(run, blocks), verdict.Options{}); over != (blocks == 3) {
			t.Errorf("after %d blocks: over is %v", blocks, over)
		}
	}
}

func TestAReferenceThatNeverWorksIsNotMeasuredToTheEnd(t *testing.T) {
	dead := failing(fast(), 1, probes.Refused, 0)
	run := synthetic.Record(synthetic.Design{Seed: 3, Criteria: usual, Around: dead, Through: dead})
	if _, over := verdict.JudgeLook(part(run, 3), verdict.Options{}); !over {
		t.Error("the run goes on after three blocks in which the reference never answered")
	}
}

// TestWorseNeverTurnsRegressedIntoPass scales the candidate's every duration
// further and further: the verdict may only get worse.
func TestWorseNeverTurnsRegressedIntoPass(t *testing.T) {
	rank := map[verdict.Verdict]int{verdict.Improved: 0, verdict.Pass: 1, verdict.Inconclusive: 2, verdict.Regressed: 3}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(1, 1e6).Draw(t, "seed")
		blocks := rapid.IntRange(3, 14).Draw(t, "blocks")
		noise := rapid.Float64Range(0.005, 0.1).Draw(t, "noise")
		last := -1
		for _, times := range []float64{0.5, 0.9, 1, 1.02, 1.06, 1.15, 1.5, 3, 40} {
			p := slower(times)
			p.Noise, p.MaxOps = noise, 8
			around := fast()
			around.Noise, around.MaxOps = noise, 8
			d := verdict.Judge(synthetic.Record(synthetic.Design{
				Seed: seed, Blocks: blocks, Around: around, Through: p,
				Criteria: []scenarios.Criterion{synthetic.Relative(metric.Goodput, metric.Mean, 0.05)},
			}), verdict.Options{})
			got := rank[d.Verdict]
			if got < last {
				t.Fatalf("%g times as slow reads %s after a smaller slowdown read worse", times, d.Sentence)
			}
			last = got
		}
	})
}

// TestFailuresNeverHelp adds failed ops to a candidate: whatever was not PASS
// must not become PASS.
func TestFailuresNeverHelp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(1, 1e6).Draw(t, "seed")
		every := rapid.IntRange(1, 6).Draw(t, "every")
		times := rapid.SampledFrom([]float64{1, 1.04, 1.3, 5}).Draw(t, "times")
		outcome := rapid.SampledFrom([]probes.Outcome{probes.Reset, probes.Status, probes.Short, probes.Corrupt, probes.Timeout}).Draw(t, "outcome")
		well := slower(times)
		well.MaxOps = 24
		run := func(p synthetic.Path) verdict.Decision {
			return verdict.Judge(synthetic.Record(synthetic.Design{
				Seed: seed, Blocks: 8, Around: fast(), Through: p,
				Spec: `{"direction":"download","verify":"digest"}`,
				Criteria: []scenarios.Criterion{
					synthetic.Relative(metric.Goodput, metric.Mean, 0.05),
					synthetic.Relative(metric.Response, metric.P50, 0.10),
				},
			}), verdict.Options{})
		}
		before, after := run(download(well)), run(download(failing(well, every, outcome, 500)))
		passes := func(d verdict.Decision) bool { return d.Verdict.ExitCode() == 0 }
		if passes(after) && !passes(before) {
			t.Fatalf("with failures: %s\nwithout: %s", after.Sentence, before.Sentence)
		}
		if passes(after) && every <= 2 {
			t.Fatalf("passes although one op in %d failed: %s", every, after.Sentence)
		}
	})
}

// download turns a path's sending into receiving.
func download(p synthetic.Path) synthetic.Path {
	return bent(p, func(_ int, o *synthetic.Op) { o.Phases.Receive, o.Phases.Send = o.Phases.Send, 0 })
}

func TestPrecedenceOfVerdicts(t *testing.T) {
	slow, busy := slower(1.4), func(h *record.Health) { h.CPU = 0.95 }
	healthy := []record.Integrity{ledger("through", record.Integrity{Acknowledged: 50, Intact: 50})}
	lost := []record.Integrity{ledger("through", record.Integrity{Acknowledged: 50, Intact: 49, Lost: 1})}
	withBaseline := append(slices.Clone(usual), baselineCriterion())
	for _, x := range []struct {
		name     string
		criteria []scenarios.Criterion
		around   synthetic.Path
		through  synthetic.Path
		ledger   []record.Integrity
		want     verdict.Verdict
		exit     int
	}{
		{"regressed beats invalid", usual, unwell(fast(), busy), slow, healthy, verdict.Regressed, 10},
		{"lost beats invalid", usual, fast(), unwell(fast(), busy), lost, verdict.Regressed, 10},
		{"invalid beats no baseline", withBaseline, fast(), unwell(fast(), busy), healthy, verdict.Invalid, 12},
		{"no baseline beats inconclusive", withBaseline, fast(), fast(), nil, verdict.NoBaseline, 13},
		{"inconclusive beats pass", usual, fast(), fast(), nil, verdict.Inconclusive, 11},
		{"pass", usual, fast(), fast(), healthy, verdict.Pass, 0},
		{"improved", usual, slow, fast(), healthy, verdict.Improved, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			d := verdict.Judge(synthetic.Record(synthetic.Design{Seed: 5, Criteria: x.criteria, Around: x.around, Through: x.through, Ledger: x.ledger}), verdict.Options{})
			if d.Verdict != x.want || d.Verdict.ExitCode() != x.exit {
				t.Errorf("%s, exit %d; want %s, exit %d\n%s", d.Verdict, d.Verdict.ExitCode(), x.want, x.exit, render(d))
			}
		})
	}
}

// TestFewSickTrialsOnlyWarn: one sick trial of twelve is noise, three are not.
func TestFewSickTrialsOnlyWarn(t *testing.T) {
	for sick, want := range map[int]verdict.Verdict{0: verdict.Pass, 1: verdict.Pass, 3: verdict.Invalid} {
		run := synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: fast(), Ledger: intact})
		left := sick
		for i := range run.Trials {
			if run.Trials[i].Arm == "through" && left > 0 {
				run.Trials[i].Health.CPU = 0.9
				left--
			}
		}
		if d := verdict.Judge(run, verdict.Options{}); d.Verdict != want {
			t.Errorf("%d sick trials of 12: %s, want %s", sick, d.Sentence, want)
		}
	}
}

// TestTheReferenceFailingDoesNotRefuse: the reference's own failures are
// warned of and refuse nobody.
func TestTheReferenceFailingDoesNotRefuse(t *testing.T) {
	for _, o := range []probes.Outcome{probes.Reset, probes.Corrupt, probes.Timeout} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: failing(fast(), 3, o, 0), Through: fast(), Ledger: intact}), verdict.Options{})
		if d.Verdict == verdict.Regressed {
			t.Errorf("%s on the reference: %s", o, d.Sentence)
		}
		if !slices.ContainsFunc(d.Warnings, func(w string) bool { return len(w) > 14 && w[:14] == "reference sick" }) {
			t.Errorf("%s on the reference is not warned of: %q", o, d.Warnings)
		}
	}
}

// TestNoOtherArmIsBlamed: with two candidates, the sick one alone is refused.
func TestNoOtherArmIsBlamed(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual[:1], Around: fast(), Through: slower(3)})
	for i, tr := range run.Trials { // a second candidate that is the reference over again
		if tr.Arm == "around" {
			tr.Arm, tr.Role = "other", scenarios.Candidate
			tr.Index = len(run.Trials) + i
			run.Trials = append(run.Trials, tr)
		}
	}
	run.Header.Arms = append(run.Header.Arms, scenarios.Arm{ID: "other", Role: scenarios.Candidate})
	d := verdict.Judge(run, verdict.Options{})
	for _, f := range d.Findings {
		if want := map[string]verdict.Verdict{"through": verdict.Regressed, "other": verdict.Pass}[f.Arm]; f.Verdict != want {
			t.Errorf("%s of %s is %s, want %s", f.Metric, f.Arm, f.Verdict, want)
		}
	}
}

// TestTargetFalseAlarmsOfTheWholeGate is target T1 on imagined runs: with
// nothing changed, at most 1 % of whole decisions, over three relative criteria
// in two cells and three looks, may refuse.
func TestTargetFalseAlarmsOfTheWholeGate(t *testing.T) {
	runs := 120
	if os.Getenv("LOADLINE_SLOW") != "" {
		runs = 2000
	}
	criteria := []scenarios.Criterion{
		synthetic.Relative(metric.Goodput, metric.Mean, 0.05),
		synthetic.Relative(metric.Service, metric.Mean, 0.05),
		synthetic.Relative(metric.Response, metric.P50, 0.05),
	}
	counts, began := map[verdict.Verdict]int{}, time.Now()
	for seed := range runs {
		path := fast()
		path.Noise, path.MaxOps = 0.08, 12
		run := synthetic.Record(synthetic.Design{
			Seed: uint64(seed + 1), Blocks: 24, Looks: scenarios.Looks(24), Criteria: criteria, Around: wild(path, uint64(seed)), Through: wild(path, uint64(seed)+1e6),
		})
		counts[decideByLooks(run).Verdict]++
	}
	t.Logf("%d runs without a change in %v: %v", runs, time.Since(began).Round(time.Millisecond), counts)
	if alarms := counts[verdict.Regressed]; compare.RateLower(alarms, runs, 0.01) > 0.01 || (runs >= 2000 && alarms > 20) {
		t.Errorf("%d false alarms in %d unchanged runs, more than 1 %%", alarms, runs)
	}
}

// wild is a path of whose trials one in twenty is four times noisier.
func wild(p synthetic.Path, seed uint64) synthetic.Path {
	r := rand.New(rand.NewPCG(seed, 4))
	op, calls, factor := p.Op, 0, 1.0
	p.Op = func(c plan.Cell, n int, random *rand.Rand) synthetic.Op {
		if n == 0 {
			calls++
			factor = 1
			if r.Float64() < 0.05 {
				factor = 1 + 0.32*r.Float64()
			}
		}
		o := op(c, n, random)
		o.Phases.Send = time.Duration(float64(o.Phases.Send) * factor)
		return o
	}
	return p
}

// decideByLooks judges a run as it would have been, ending as soon as a look
// decides. Between looks only clear harm does, and what is not clear after
// three blocks never is: it has to show in every one.
func decideByLooks(run record.Run) verdict.Decision {
	looks := run.Header.Looks
	for _, blocks := range append([]int{compare.ClearHarmPairs}, looks[:len(looks)-1]...) {
		if d, over := verdict.JudgeLook(part(run, blocks), verdict.Options{}); over {
			return d
		}
	}
	return verdict.Judge(run, verdict.Options{})
}

func TestCompareTakesEveryRelativeCriterionAgainstTheOtherRun(t *testing.T) {
	old := synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: fast(), Ledger: intact})
	same := synthetic.Record(synthetic.Design{Seed: 6, Criteria: usual, Around: fast(), Through: fast(), Ledger: intact})
	slow := synthetic.Record(synthetic.Design{Seed: 7, Criteria: usual, Around: fast(), Through: slower(1.4), Ledger: intact})
	for _, x := range []struct {
		name string
		run  record.Run
		want verdict.Verdict
	}{{"same", same, verdict.Pass}, {"slow", slow, verdict.Regressed}} {
		d := verdict.Compare([]record.Run{old}, x.run, "last-week")
		if d.Verdict != x.want {
			t.Errorf("%s: %s", x.name, render(d))
		}
		for _, f := range d.Findings {
			if f.Reference != "" && f.Reference != "last-week" {
				t.Errorf("%s: a finding is against %q", x.name, f.Reference)
			}
		}
	}
	other := old
	other.Header.Fingerprint = "beef"
	if d := verdict.Compare([]record.Run{other}, same, ""); d.Verdict != verdict.NoBaseline {
		t.Errorf("a run of other work: %s", d.Sentence)
	}
}

func TestJudgingChangesNothingInTheRecord(t *testing.T) {
	d := synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: slower(1.2), Ledger: intact}
	run, again := synthetic.Record(d), synthetic.Record(d)
	verdict.Judge(run, verdict.Options{Baseline: []record.Run{again}})
	verdict.Compare([]record.Run{again}, run, "")
	if !reflect.DeepEqual(run.Header, again.Header) || fmt.Sprint(run.Integrity) != fmt.Sprint(again.Integrity) {
		t.Error("the record's header or ledger changed by being judged")
	}
}

func TestTheHealthOfTrialsThatAreLeftOutCountsForNothing(t *testing.T) {
	run := synthetic.Record(synthetic.Design{Seed: 5, Criteria: usual, Around: fast(), Through: fast(), Ledger: intact})
	for range 5 {
		cut := run.Trials[0]
		cut.Aborted, cut.Health = "limits.bytes", record.Health{CPU: 1, SchedLag: time.Minute}
		run.Trials = append(run.Trials, cut)
	}
	if d := verdict.Judge(run, verdict.Options{}); d.Verdict == verdict.Invalid || len(d.Health.Problems) > 0 {
		t.Errorf("%s (%v)", d.Sentence, d.Health.Problems)
	}
}
