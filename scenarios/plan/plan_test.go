package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

type options struct {
	Kind      string     `key:"kind" required:"true"`
	Direction string     `key:"direction" enum:"upload,download" default:"upload"`
	Size      unit.Bytes `key:"size" default:"1MiB"`
	Keep      bool       `key:"keep" default:"false"`
}

type spec struct{ o options }

func (s spec) Kind() string     { return s.o.Kind }
func (s spec) Size() unit.Bytes { return s.o.Size }
func (s spec) Identity() []byte {
	return fmt.Appendf(nil, `{"size": %d, "direction": %q}`, int64(s.o.Size), s.o.Direction)
}
func (s spec) Metrics() []metric.ID { return metricIDs }

func (s spec) Effects(size unit.Bytes) plan.Effects {
	if s.o.Direction == "download" {
		return plan.Effects{Receives: size}
	}
	return plan.Effects{Sends: size, Stores: size, Creates: true, Deletes: !s.o.Keep, Reads: size}
}

// Fixtures are two for every cell of a download.
func (s spec) Fixtures(run string, _ plan.Cell) []string {
	if s.o.Direction == "download" {
		return []string{run + "-a", run + "-b"}
	}
	return nil
}

var metricIDs = []metric.ID{metric.Goodput, metric.TTLB, metric.Errors}

type kinds struct{}

func (kinds) Check(_ string, raw scenarios.Node) (plan.Spec, error) {
	var s spec
	if problems := raw.Decode(&s.o); len(problems) > 0 {
		return nil, problems
	}
	return s, nil
}

const base = `name: test/plan
arms:
  - {id: around, role: reference, target: {url: "http://127.0.0.1:8080"}}
  - {id: through, role: candidate, target: {url: "http://127.0.0.1:8081"}}
work: {kind: test}
criteria:
  - {metric: goodput, stat: mean, margin: 5%}
`

func read(t testing.TB, sets ...string) plan.Plan {
	t.Helper()
	p, err := plan.Read("test.yaml", []byte(base), scenarios.Options{Sets: sets}, kinds{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPlanBuiltTwiceIsTheSame(t *testing.T) {
	sets := []string{"cells.sizes=[1KiB, 1MiB]", "cells.in_flight=[1, 4]", "design.null_arm=true", "design.seed=7"}
	a, b := read(t, sets...), read(t, sets...)
	if !cmp.Equal(a.Trials, b.Trials) || a.Fingerprint != b.Fingerprint || !cmp.Equal(a.Cells, b.Cells) {
		t.Error("the same scenario gave two plans")
	}
	again, err := plan.Build(a.Scenario, kinds{})
	if err != nil || !cmp.Equal(a.Trials, again.Trials) {
		t.Errorf("Build and Read differ: %v", err)
	}
	if c := read(t, append(sets[:3:3], "design.seed=8")...); cmp.Equal(a.Trials, c.Trials) {
		t.Error("another seed gave the same trials")
	}
}

func TestTheOrderOfTrialsDoesNotChangeBetweenVersions(t *testing.T) {
	var got []string
	p := read(t, "design.seed=42")
	for _, trial := range p.Trials[:12] {
		got = append(got, p.Arms[trial.Arm].ID[:1])
	}
	if order := strings.Join(got, ""); order != "taatattataat" {
		t.Errorf("seed 42 now gives the order %s: records of earlier versions cannot be explained any more", order)
	}
}

func TestCells(t *testing.T) {
	ids := func(p plan.Plan) (out []string) {
		for _, c := range p.Cells {
			out = append(out, c.ID)
		}
		return out
	}
	one := read(t)
	if want := []plan.Cell{{ID: "all", Size: unit.MiB, InFlight: 1}}; !cmp.Equal(one.Cells, want) {
		t.Errorf("got %+v", one.Cells)
	}
	p := read(t, "cells.sizes=[100MiB, 1GB]", "cells.in_flight=[1, 4]", "cells.http=[1.1]", "design.blocks=20")
	if want := []string{"100MiB x1", "100MiB x4", "1GB x1", "1GB x4"}; !cmp.Equal(ids(p), want) {
		t.Errorf("got %v, want %v", ids(p), want)
	}
	for _, trial := range p.Trials {
		cell := p.Cells[trial.Cell]
		if p.ArmIn(trial).Target.HTTP != scenarios.HTTP1 || p.LoadIn(trial).InFlight != cell.InFlight {
			t.Fatalf("the cell %+v is not applied", cell)
		}
	}
	if p.Spec.Size() != 100*unit.MiB {
		t.Errorf("the work's size is %s, not the first of the cells'", p.Spec.Size())
	}
}

// Every cell of every block has each arm once, next to each other, and of any
// two arms each comes first as often as the other at any time.
func TestOrderIsCompleteAdjacentAndBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arms := rapid.IntRange(2, 5).Draw(t, "arms")
		blocks := rapid.IntRange(1, 40).Draw(t, "blocks")
		cells := rapid.IntRange(1, 4).Draw(t, "cells")
		s := scenarios.Scenario{Design: scenarios.Design{Blocks: blocks, Seed: rapid.Uint64().Draw(t, "seed")}}
		for i := range arms {
			s.Arms = append(s.Arms, scenarios.Arm{ID: fmt.Sprint(i)})
		}
		for i := range cells {
			s.Cells.InFlight = append(s.Cells.InFlight, i+1)
		}
		p, err := plan.Build(s, fixed{})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Trials) != blocks*cells*arms {
			t.Fatalf("%d trials, want %d", len(p.Trials), blocks*cells*arms)
		}
		first := map[[3]int]int{} // cell, arm before arm
		stood := map[[3]int]int{} // cell, arm, place
		seeds := map[uint64]bool{}
		for at := 0; at < len(p.Trials); at += arms {
			group := p.Trials[at : at+arms]
			for place, trial := range group {
				if trial.Index != at+place || trial.Block != at/(arms*cells) || trial.Slot != (at+place)%(arms*cells) || trial.Cell != group[0].Cell {
					t.Fatalf("trial %d is out of place: %+v", at+place, trial)
				}
				stood[[3]int{trial.Cell, trial.Arm, place}]++
				seeds[trial.Seed] = true
				for _, later := range group[place+1:] {
					a, b := trial.Arm, later.Arm
					first[[3]int{trial.Cell, a, b}]++
					if d := first[[3]int{trial.Cell, a, b}] - first[[3]int{trial.Cell, b, a}]; d < -1 || d > 1 {
						t.Fatalf("after block %d arm %d came before arm %d %+d times more often than after", trial.Block, a, b, d)
					}
				}
			}
		}
		if len(seeds) != len(p.Trials) {
			t.Fatalf("%d seeds for %d trials", len(seeds), len(p.Trials))
		}
		counts := slices.Collect(maps.Values(stood))
		if blocks%(2*arms) == 0 && slices.Min(counts) != slices.Max(counts) {
			t.Fatalf("places are not shared out evenly: %v", stood)
		}
	})
}

// fixed knows one work without options.
type fixed struct{}

func (fixed) Check(string, scenarios.Node) (plan.Spec, error) {
	return spec{options{Kind: "fixed", Size: 1}}, nil
}

func TestNullArm(t *testing.T) {
	p := read(t, "design.null_arm=true")
	if len(p.Arms) != 3 || p.Arms[2].ID != "around~null" || p.Arms[2].Role != scenarios.Null || p.Arms[2].Target.URL != p.Arms[0].Target.URL {
		t.Errorf("got %+v", p.Arms)
	}
}

// The judge and the plan must agree on what can be decided.
func TestLeastBlocksAreThoseOfTheJudge(t *testing.T) {
	for comparisons := 1; comparisons <= 200; comparisons++ {
		n := scenarios.LeastBlocks(comparisons)
		if need := compare.LeastBlocks(comparisons, len(plan.Looks(n))); need > n {
			t.Errorf("%d comparisons: the plan allows %d blocks, the judge needs %d", comparisons, n, need)
		}
		if need := compare.LeastBlocks(comparisons, len(plan.Looks(n-1))); n > 1 && need <= n-1 {
			t.Errorf("%d comparisons: the plan asks for %d blocks, the judge can do with %d", comparisons, n, n-1)
		}
	}
	for comparisons, want := range map[int]int{0: 1, 1: 7, 2: 8, 4: 9, 8: 10, 100: 15} {
		if got := scenarios.LeastBlocks(comparisons); got != want {
			t.Errorf("%d comparisons need %d blocks, want %d", comparisons, got, want)
		}
	}
}

func TestFingerprintIsOfTheWorkAndNotOfThePlace(t *testing.T) {
	of := func(sets ...string) plan.Fingerprint { return read(t, sets...).Fingerprint }
	same := of()
	for _, set := range []string{
		"name=other", "purpose=x", "arms.through.target.url=http://other.example.org:9", "arms.through.target.connect=10.0.0.1:80",
		"design.seed=99", "design.blocks=20", "design.null_arm=true", "design.max_duration=1h", "limits.bytes=5GiB", "limits.rate=1MB/s",
		"criteria[0].margin=50%", "arms.through.id=renamed",
	} {
		if of(set) != same {
			t.Errorf("%s changed the fingerprint, and does not change the measured work", set)
		}
	}
	for _, set := range []string{
		"work.size=2MiB", "work.direction=download", "load.in_flight=4", "load.warmup=1s", "load.measure=11s", "cells.sizes=[2MiB]",
		"arms.through.target.http=1.1", "arms.through.target.congestion=bbr", "arms.through.target.resolve=each", "design.rest=5s",
		`event={run: ["true"]}`, "arms.through.target.auth={bearer: {env: T}}", "arms.through.target.url=https://127.0.0.1:8081",
	} {
		if of(set) == same {
			t.Errorf("%s did not change the fingerprint, and changes the measured work", set)
		}
	}
	if of("work.size=1MiB") != same {
		t.Error("a default that is written out changed the fingerprint")
	}
}

func TestEstimate(t *testing.T) {
	closed := read(t).Estimate()
	if closed.Trials != 24 || closed.Arms[0].Trials != 12 || closed.Shortest != 24*13*time.Second || closed.Longest != 10*time.Minute {
		t.Errorf("got %+v", closed)
	}
	if got := closed.Arms[1]; got.Ops.Known || got.Sends.Bytes() != "no bound" || got.Where != "127.0.0.1:8081" {
		t.Errorf("a closed load without limits is bounded: %+v", got)
	}
	capped := read(t, "limits.bytes=5GiB", "limits.requests=100").Estimate().Arms[1]
	if capped.Sends.Bytes() != "100MiB" || capped.Ops.Count() != "100" || capped.Creates.Count() != "100" || capped.Receives.Bytes() != "0B" {
		t.Errorf("limits do not bound it: %+v", capped)
	}
	if bytes := read(t, "limits.bytes=5GiB").Estimate().Arms[1]; bytes.Sends.Bytes() != "5GiB" || bytes.Ops.Known {
		t.Errorf("a limit on bytes does not bound them, or bounds ops: %+v", bytes)
	}
	// 10/s for 2 s of warm-up and 10 s, 12 trials of 1 MiB.
	open := read(t, "load.model=open", "load.rate=10/s", "arms.through.target.connect=10.0.0.12:80").Estimate().Arms[1]
	if open.Ops.N != 12*120 || open.Stores.N != 12*120*float64(unit.MiB) || open.Reads != open.Stores || open.Deletes.N != 12*120 {
		t.Errorf("got %+v", open)
	}
	if open.Where != "127.0.0.1:8081 at 10.0.0.12:80" {
		t.Errorf("where is %q", open.Where)
	}
	// At most 10 MB/s over 2.5 s of warm-up, 10 s, 30 s of drain and a second at
	// once is 414.9 ops of 1 MiB per trial, and one that is in flight.
	bounded := read(t, "limits.rate=10MB/s").Estimate().Arms[1]
	if !bounded.Ops.Known || bounded.Ops.N != 12*416 {
		t.Errorf("got %+v", bounded)
	}
	if uncapped := read(t, "load.model=open", "load.rate=10/s", "limits.rate=1kB/s").Estimate().Arms[1]; uncapped.Ops.N != 12*120 {
		t.Errorf("a burst of starts that nothing caps is bounded by a rate: %+v", uncapped)
	}
	if _, err := json.Marshal(closed); err != nil {
		t.Error(err)
	}
}

// Limits count the load alone, so what comes on top must be said.
func TestTotalsNameWhatLimitsDoNotCount(t *testing.T) {
	total := read(t, "limits.requests=100", "limits.bytes=5GiB").Estimate().Total
	if total.Ops.Count() != "100" || total.ReadBacks.Count() != "100" || total.Removals.Count() != "100" || total.Bytes.Bytes() != "100MiB" || total.ReadBackBytes.Bytes() != "100MiB" {
		t.Errorf("got %+v", total)
	}
	if few := read(t, "limits.requests=100000", "limits.bytes=5GiB").Estimate().Total; few.Bytes.Bytes() != "5GiB" || few.ReadBackBytes.Bytes() != "5GiB" {
		t.Errorf("the nearer of two limits does not count: %+v", few)
	}
	words := strings.Join(total.Words(), "\n")
	for _, want := range []string{"the load over all arms is at most 100 ops and 100MiB", "; limits count this and nothing else", "read back (100 objects, 100MiB)", "removed (100 objects)"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in %s", want, words)
		}
	}
	if strings.Contains(words, "fixtures") {
		t.Errorf("fixtures where there are none: %s", words)
	}
	down := read(t, "work.direction=download").Estimate().Total
	if words := strings.Join(down.Words(), "\n"); down.Ops.Known || !strings.Contains(words, "4 fixtures at most") || !strings.Contains(words, "(4MiB)") ||
		!strings.Contains(words, "is as much as the targets take: about ") || strings.Contains(words, "read back") || strings.Contains(words, "is removed") {
		t.Errorf("got %+v: %s", down, words)
	}
}

func TestStartsIsTheIntegralOfTheRate(t *testing.T) {
	s := time.Second
	for name, test := range map[string]struct {
		load scenarios.Load
		want float64
	}{
		"constant": {scenarios.Load{Rate: 50, Measure: 10 * s, Warmup: 2 * s}, 600},
		"linear":   {scenarios.Load{Rate: 10, To: 30, Shape: scenarios.Linear, Measure: 10 * s}, 200},
		"stages":   {scenarios.Load{Stages: []scenarios.Stage{{Rate: 10, Duration: 10 * s}, {Rate: 30, Duration: 10 * s}}, Warmup: s}, 310},
		"from 0":   {scenarios.Load{To: 20, Shape: scenarios.Linear, Measure: 10 * s, Warmup: s}, 110},
	} {
		if got := plan.Starts(test.load); got != test.want {
			t.Errorf("%s: %v ops, want %v", name, got, test.want)
		}
	}
}

func TestDoubtsAreNamed(t *testing.T) {
	has := func(word string, sets ...string) {
		t.Helper()
		if got := strings.Join(read(t, sets...).Warnings, "\n"); !strings.Contains(got, word) {
			t.Errorf("%v: no warning with %q in %q", sets, word, got)
		}
	}
	none := func(sets ...string) {
		t.Helper()
		if got := read(t, sets...).Warnings; len(got) > 0 {
			t.Errorf("%v: warned %q", sets, got)
		}
	}
	none()
	has("stays on the target", "work.keep=true")
	none("work.direction=download", "work.keep=true")
	// 5/s for 1 s over 12 blocks is 60 ops, of which 0.6 lie beyond the p99.
	p99 := "criteria[0]={metric: ttlb, stat: p99, margin: 10%}"
	has("about 60 ops over 12 blocks leave 0.6 beyond it", p99, "load.model=open", "load.rate=5/s", "load.measure=1s")
	none(p99, "load.model=open", "load.rate=100/s")
	none(p99)
	has("at most", p99, "work.size=1TiB", "limits.rate=1GB/s")
	has("nothing bounds it", "work.size=8GiB", "load.in_flight=4")
	none("work.size=8GiB", "load.in_flight=4", "limits.bytes=500GiB")
	has("max_duration 4m0s ends the run before its 12 blocks", "design.max_duration=4m")
}

func TestTheProblemsOfTheKindAreAmongAll(t *testing.T) {
	_, err := plan.Read("test.yaml", []byte(strings.Replace(base, "kind: test", "kind: test, size: big", 1)+"zzz: 1\n"), scenarios.Options{}, kinds{})
	var problems scenarios.Problems
	if !errors.As(err, &problems) || len(problems) != 2 || problems[0].Path != "work.size" || problems[1].Path != "zzz" {
		t.Errorf("got %v", err)
	}
}

// A fingerprint is kept in records and compared years later: it may only
// change when what is measured does.
func TestTheFingerprintDoesNotChangeBetweenVersions(t *testing.T) {
	const want = "55d21e23e94b55b934bf77b1c70c87cd9e2cdeac408c545ac0fcc40be29ec315"
	if got := read(t).Fingerprint; got != want {
		t.Errorf("the fingerprint of the same work is now %s: pinned baselines are lost", got)
	}
}
