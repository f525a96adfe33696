package compare

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPairBounds(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name         string
		pair         Pair
		harm, health float64
	}{
		{"twice as slow", Exact(1, 2), math.Ln2, math.Ln2},
		{"equal", Exact(3, 3), 0, 0},
		{"no error in either", Exact(0, 0), 0, 0},
		{"errors where there were none", Exact(0, 0.1), inf, inf},
		{"candidate moved nothing", Exact(1, inf), inf, inf},
		{"reference moved nothing", Exact(inf, 1), math.Inf(-1), math.Inf(-1)},
		{"neither moved anything", Exact(inf, inf), 0, inf},
		{"candidate acknowledged nothing, moved some", Pair{1, 1, 4, inf}, math.Log(4), inf},
		{"both cut", Pair{1, 2, 4, 16}, math.Ln2, math.Log(16)},
		{"reference cut", Pair{1, inf, 4, 4}, math.Inf(-1), math.Log(4)},
		{"candidate not known", Exact(1, nan), math.Inf(-1), inf},
		{"reference not known", Exact(nan, 1), math.Inf(-1), inf},
		{"nothing known", Exact(nan, nan), math.Inf(-1), inf},
	} {
		if h := c.pair.Harm(); math.Abs(h-c.harm) > 1e-12 {
			t.Errorf("%s: harm %v, want %v", c.name, h, c.harm)
		}
		if h := c.pair.Health(); math.Abs(h-c.health) > 1e-12 {
			t.Errorf("%s: health %v, want %v", c.name, h, c.health)
		}
	}
}

func figure() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(1e-9, 1e9),
		rapid.SampledFrom([]float64{0, 1, 1, math.Inf(1), math.NaN()}))
}

// Whatever the bounds, harm is never above health: nothing can be shown to be
// worse and not worse at once.
func TestHarmIsNeverAboveHealth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := figure().Draw(t, "a"), figure().Draw(t, "b"), figure().Draw(t, "c"), figure().Draw(t, "d")
		p := Pair{RefBest: math.Min(a, b), RefWorst: math.Max(a, b), CandBest: math.Min(c, d), CandWorst: math.Max(c, d)}
		harm, health := p.Harm(), p.Health()
		if math.IsNaN(harm) || math.IsNaN(health) || harm > health {
			t.Fatalf("%+v: harm %v, health %v", p, harm, health)
		}
	})
}

func TestFromPairsWarnings(t *testing.T) {
	inf := math.Inf(1)
	pairs := []Pair{
		Exact(inf, inf), Exact(inf, 1), Exact(1, inf), Exact(1, math.NaN()),
		{RefBest: 1, RefWorst: 2, CandBest: 1, CandWorst: 1},
	}
	before := slices.Clone(pairs)
	got := FromPairs(pairs).Warnings
	want := []Warning{
		{WarnFewPairs, 5}, {WarnBothDead, 1}, {WarnReferenceDead, 1},
		{WarnCandidateDead, 1}, {WarnUnknown, 1}, {WarnBounded, 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings %v, want %v", got, want)
	}
	for i := range pairs {
		if !same(pairs[i].CandBest, before[i].CandBest) || pairs[i].RefWorst != before[i].RefWorst {
			t.Errorf("pair %d was changed", i)
		}
	}
	clean := FromPairs(slices.Repeat([]Pair{Exact(1, 1.1)}, 8)).Warnings
	if len(clean) != 0 {
		t.Errorf("warnings without cause: %v", clean)
	}
}
