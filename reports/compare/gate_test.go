package compare

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"loadline/scenarios"
)

// slow reports whether the operating targets are to be measured in full, as
// gates research §2.7 asks, instead of on a sample that fits `go test`.
func slow() bool { return os.Getenv("LOADLINE_SLOW") == "1" }

// replays is how often to play a scene.
func replays(quick, full int) int {
	if slow() {
		return full
	}
	return quick
}

// gate plays the judging of a run that adds blocks until it is decided.
type gate struct {
	cap     int
	margins []float64 // one per criterion
}

// play judges by the rule: at every planned look in full, and after every
// block from the third on for clear harm. evidence(n) is what n blocks say.
func (g gate) play(evidence func(n int) []Evidence) (Outcome, int) {
	looks := scenarios.Looks(g.cap)
	rules := make([]Rule, len(g.margins))
	for n := ClearHarmPairs; n <= g.cap; n++ {
		look := slices.Index(looks, n) + 1
		if look == 0 && n > ClearHarmPairs {
			continue // clear harm after three pairs or never: see ClearHarmFactor
		}
		for i, m := range g.margins {
			rules[i] = Rule{Margin: m, Looks: len(looks), Look: look}
		}
		if outcome := gateOutcome(Family(evidence(n), rules)); outcome != Inconclusive {
			return outcome, n
		}
	}
	return Inconclusive, g.cap
}

// gateOutcome is the worst of the family; PASS needs all of it.
func gateOutcome(results []Result) Outcome {
	outcome := Improved
	for _, r := range results {
		switch {
		case r.Outcome == Regressed:
			return Regressed
		case r.Outcome == Inconclusive:
			outcome = Inconclusive
		case r.Outcome == Pass && outcome == Improved:
			outcome = Pass
		}
	}
	return outcome
}

// pairwise is the evidence of the first n entries of each criterion's pairs.
func pairwise(pairs ...[]Pair) func(n int) []Evidence {
	return func(n int) []Evidence {
		out := make([]Evidence, len(pairs))
		for i, ps := range pairs {
			out[i] = FromPairs(ps[:n])
		}
		return out
	}
}

// blockwise is the evidence of the first n blocks for several quantiles.
func blockwise(blocks []Block, qs ...Quantile) func(n int) []Evidence {
	return func(n int) []Evidence {
		out := make([]Evidence, len(qs))
		for i, q := range qs {
			out[i] = FromBlocks(blocks[:n], q)
		}
		return out
	}
}

// tally counts outcomes and the blocks they took.
type tally struct {
	runs, blocks int
	of           map[Outcome]int
}

func (c *tally) add(o Outcome, n int) {
	if c.of == nil {
		c.of = map[Outcome]int{}
	}
	c.runs, c.blocks = c.runs+1, c.blocks+n
	c.of[o]++
}

// passed counts PASS and IMPROVED, which both let a change through.
func (c *tally) passed() int { return c.of[Pass] + c.of[Improved] }

func (c *tally) share(n int) float64 { return 100 * float64(n) / float64(c.runs) }

func (c *tally) String() string {
	return fmt.Sprintf("%5d runs: REGRESSED %5.2f %%, PASS %6.2f %%, INCONCLUSIVE %6.2f %%, mean blocks %4.1f",
		c.runs, c.share(c.of[Regressed]), c.share(c.passed()), c.share(c.of[Inconclusive]),
		float64(c.blocks)/float64(c.runs))
}

// atMost fails when a count is above what a true rate of `share` (0 … 1) would
// give but one time in 10,000, so that the quick version does not flake and
// still fails where the target is clearly missed. The full version holds the
// count itself to the share.
func (c *tally) atMost(t *testing.T, what string, count int, share float64) {
	t.Helper()
	if slow() {
		if float64(count) > share*float64(c.runs) {
			t.Errorf("%s: %d of %d, target at most %g %%", what, count, c.runs, 100*share)
		}
		return
	}
	if RateLower(count, c.runs, 1e-4) > share {
		t.Errorf("%s: %d of %d, target at most %g %%", what, count, c.runs, 100*share)
	}
}

// notAbove is atMost for a rate that the rule holds exactly at its target where
// there is one look: the full version, too, fails only when the count is above
// it by more than two standard errors of the simulation.
func (c *tally) notAbove(t *testing.T, what string, count int, share float64) {
	t.Helper()
	c.atMost(t, what, count, share+2*math.Sqrt(share*(1-share)/float64(c.runs)))
}

// atLeast is atMost for the runs that are not among count.
func (c *tally) atLeast(t *testing.T, what string, count int, share float64) {
	t.Helper()
	c.atMost(t, "all but "+what, c.runs-count, 1-share+1e-12)
}

func TestLooks(t *testing.T) {
	for _, c := range []struct {
		blocks int
		want   []int
	}{
		{0, nil}, {1, []int{1}}, {8, []int{8}}, {10, []int{10}}, {12, []int{8, 12}},
		{16, []int{10, 13, 16}}, {24, []int{10, 15, 24}}, {40, []int{10, 20, 40}}, {80, []int{20, 40, 80}},
	} {
		if got := scenarios.Looks(c.blocks); !slices.Equal(got, c.want) {
			t.Errorf("Looks(%d) = %v, want %v", c.blocks, got, c.want)
		}
	}
	for blocks := 11; blocks <= 200; blocks++ {
		looks := scenarios.Looks(blocks)
		if looks[len(looks)-1] != blocks || !slices.IsSorted(looks) {
			t.Errorf("Looks(%d) = %v", blocks, looks)
		}
		if SignedRankOrder(looks[0], AlphaRegress/float64(len(looks))) < 1 {
			t.Errorf("Looks(%d) = %v: nothing to conclude at the first", blocks, looks)
		}
	}
}

func TestLeastBlocks(t *testing.T) {
	for _, c := range []struct{ relative, looks, want int }{
		{0, 1, 1}, {1, 1, 7}, {1, 0, 7}, {2, 1, 8}, {4, 1, 9}, {5, 1, 9}, {6, 1, 10}, {1, 2, 8}, {1, 3, 9}, {2, 3, 10}, {100, 3, 15},
	} {
		got := LeastBlocks(c.relative, c.looks)
		if got != c.want {
			t.Errorf("LeastBlocks(%d, %d) = %d, want %d", c.relative, c.looks, got, c.want)
		}
		if c.relative == 0 {
			continue
		}
		// At that many blocks a single regression is decided; at one less it is not.
		for n, want := range map[int]bool{got: true, got - 1: false} {
			evidence, rules := make([]Evidence, c.relative), make([]Rule, c.relative)
			for i := range evidence {
				evidence[i] = FromPairs(slices.Repeat([]Pair{Exact(1, 1)}, n))
				rules[i] = Rule{Margin: 0.05, Looks: c.looks, Look: 1}
			}
			evidence[0] = FromPairs(slices.Repeat([]Pair{Exact(1, 1.2)}, n))
			if got := Family(evidence, rules)[0].Outcome == Regressed; got != want {
				t.Errorf("%d criteria, %d looks, %d blocks: regressed %v, want %v", c.relative, c.looks, n, got, want)
			}
		}
	}
}

func TestBlocksFor(t *testing.T) {
	// Gates research §2.3 by hand: m = 5 %, s = 5 %, one look, power 90 %:
	// ((1.645+1.282)*0.05/0.04879)^2/0.955 = 9.4.
	if got := BlocksFor(0.05, 0.05, 0.9, 1, 1); got.ToPass != 10 {
		t.Errorf("to pass %d, want 10", got.ToPass)
	}
	if got := BlocksFor(0.05, 0.0001, 0.9, 1, 1); got.ToPass != 7 || got.ToRegress != 7 {
		t.Errorf("%+v, want the least number of blocks", got)
	}
	if got := BlocksFor(0, 0.05, 0.9, 1, 1); got.ToPass != math.MaxInt {
		t.Errorf("a margin of nothing can be passed with %d blocks", got.ToPass)
	}
}
