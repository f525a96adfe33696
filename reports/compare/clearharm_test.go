package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// transfers is n blocks of a few large transfers per arm, in milliseconds.
func transfers(n int, ref, cand Distribution) []Block {
	return slices.Repeat([]Block{{Ref: ref, Cand: cand}}, n)
}

// Four transfers a block carry no quantile, but a complete separation of the
// arms is clear harm by any of them: the slow path is refused after 3 blocks.
func TestClearHarmOfFewLargeTransfers(t *testing.T) {
	ref := NewDistribution(histogram(20_000, 21_000, 22_000, 25_000), nil)
	for _, c := range []struct {
		name   string
		blocks []Block
		higher bool
		clear  bool
	}{
		{"180 times slower", transfers(3, ref, NewDistribution(histogram(3_600_000, 3_700_000), nil)), false, true},
		{"cut after three times as long", transfers(3, ref, NewDistribution(nil, histogram(75_000, 75_000, 76_000))), false, true},
		{"cut early", transfers(3, ref, NewDistribution(nil, histogram(15_000, 75_000, 76_000))), false, false},
		{"two blocks", transfers(2, ref, NewDistribution(histogram(3_600_000), nil)), false, false},
		{"healthy twin", transfers(3, ref, ref), false, false},
		{"one fast transfer among slow ones", transfers(3, ref, NewDistribution(histogram(24_000, 3_700_000, 3_700_000), nil)), false, false},
		{"one block is well", append(transfers(3, ref, NewDistribution(histogram(3_600_000), nil)), transfers(1, ref, ref)...), false, false},
		{"reference cut as well", transfers(3, NewDistribution(histogram(20_000), histogram(21_000)), NewDistribution(histogram(3_600_000), nil)), false, false},
		{"candidate recorded nothing", transfers(3, ref, Distribution{}), false, false},
		{"rates, a tenth", transfers(3, ref, NewDistribution(histogram(2_000, 2_100), nil)), true, true},
		{"rates, ten times", transfers(3, ref, NewDistribution(histogram(200_000, 210_000), nil)), true, false},
		{"rates, the reference cut", transfers(3, NewDistribution(histogram(20_000), histogram(20_000)), NewDistribution(histogram(2_000), nil)), true, false},
	} {
		e := FromBlocks(c.blocks, Quantile{Q: 0.95, HigherIsBetter: c.higher})
		r := Relative(e, Rule{Margin: 0.1, Looks: 1}, AlphaRegress)
		if got := r.Reason == ReasonClearHarm; got != c.clear {
			t.Errorf("%s: clear harm %v, want %v (least %v)", c.name, got, c.clear, math.Exp(e.LeastHarm))
		}
		if !c.clear && r.Outcome != Inconclusive {
			t.Errorf("%s: %s", c.name, r.Outcome)
		}
	}
}

func TestClearHarmFactor(t *testing.T) {
	for margin, want := range map[float64]float64{0: 2, 0.05: 2, 0.4: 2, 0.5: 2.25, 1: 4} {
		if got := ClearHarmFactor(margin); math.Abs(got-want) > 1e-12 {
			t.Errorf("ClearHarmFactor(%v) = %v, want %v", margin, got, want)
		}
	}
}

// A cut op of a rate counts as nothing where health is to be shown.
func TestCutRatesDoNotPass(t *testing.T) {
	ref := histogram(slices.Repeat([]int64{9_900, 10_000, 10_100}, 10)...)
	well := transfers(8, NewDistribution(ref, nil), NewDistribution(ref, nil))
	cut := transfers(8, NewDistribution(ref, nil), NewDistribution(
		histogram(slices.Repeat([]int64{10_000}, 12)...), histogram(slices.Repeat([]int64{10_000}, 18)...)))
	q := Quantile{Q: 0.5, HigherIsBetter: true}
	rule := Rule{Margin: 0.1, Looks: 1, Look: 1}
	if r := Relative(FromBlocks(well, q), rule, AlphaRegress); r.Outcome != Pass {
		t.Errorf("healthy twin: %+v", r)
	}
	r := Relative(FromBlocks(cut, q), rule, AlphaRegress)
	if r.Outcome != Inconclusive || r.Reason != ReasonKnownTooWidely {
		t.Errorf("rates of cut ops passed: %+v", r)
	}
}

// The bounds of the bootstrap: ordered, nested, in agreement with the p-value,
// and turned over with the data.
func TestResampledProperties(t *testing.T) {
	alphas := []float64{1e-9, 1e-4, 0.01 / 30, 0.01 / 3, 0.01, 0.025, 0.05, 0.2, 0.49, 0.5, 0.9}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "blocks")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		shift := rapid.Float64Range(-2, 2).Draw(t, "shift")
		steps := rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "steps") // coarse figures tie
		infinite := rapid.SampledFrom([]float64{0, 0, 0.001, 0.2, 1}).Draw(t, "infinite")
		draws := make([]float64, 400)
		for i := range draws {
			x := 0.3*random.NormFloat64() + shift
			if steps > 0 {
				x = steps * math.Round(x/steps)
			}
			if random.Float64() < infinite {
				x = math.Inf(1)
			}
			draws[i] = x
		}
		negated := make([]float64, len(draws))
		for i := range draws {
			negated[i] = -draws[i]
		}
		r, m := newResampled(n, shift, draws), newResampled(n, -shift, negated)
		lastLow, lastHigh := math.Inf(-1), math.Inf(1)
		for _, alpha := range alphas {
			low, high := r.Lower(alpha), r.Upper(alpha)
			if math.IsNaN(low) || math.IsNaN(high) || low > high && alpha < 0.5 {
				t.Fatalf("alpha %v: [%v, %v]", alpha, low, high)
			}
			if low < lastLow || high > lastHigh {
				t.Fatalf("alpha %v: [%v, %v] after [%v, %v]", alpha, low, high, lastLow, lastHigh)
			}
			lastLow, lastHigh = low, high
			if m.Lower(alpha) != -high || m.Upper(alpha) != -low {
				t.Fatalf("alpha %v: not symmetric", alpha)
			}
			if n < MinPairs(alpha) && !math.IsInf(low, -1) {
				t.Fatalf("%d blocks give a bound at %v", n, alpha)
			}
			if p := r.P(); alpha < 0.5 && (p <= alpha) != (low > 0) {
				t.Fatalf("alpha %v: p %v, bound %v", alpha, p, low)
			}
		}
	})
}
