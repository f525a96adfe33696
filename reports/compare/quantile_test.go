package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// histogram records values (microseconds, say) at three digits up to an hour.
func histogram(values ...int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, 3_600_000_000, 3)
	for _, v := range values {
		if err := h.RecordValue(v); err != nil {
			panic(err)
		}
	}
	return h
}

func TestBucketsAreTheHistogramsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lowest := rapid.Int64Range(1, 5000).Draw(t, "lowest")
		digits := rapid.IntRange(1, 5).Draw(t, "digits")
		h := hdrhistogram.New(lowest, 10_000_000_000, digits)
		for range rapid.IntRange(0, 50).Draw(t, "n") {
			if err := h.RecordValue(rapid.Int64Range(0, 10_000_000_000).Draw(t, "value")); err != nil {
				t.Fatal(err)
			}
		}
		before := h.Export()
		var want []bucket
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				want = append(want, bucket{top: bar.To, count: float64(bar.Count)})
			}
		}
		if got := buckets(h); !slices.Equal(got, want) {
			t.Fatalf("buckets %v, want %v", got, want)
		}
		if !slices.Equal(before.Counts, h.Export().Counts) {
			t.Fatal("the histogram was changed")
		}
	})
}

// The weighted, laid-out form must give what merging histograms gives.
func TestMergedQuantileIsThatOfMergedHistograms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.IntRange(1, 9).Draw(t, "blocks")
		whole := histogram()
		weights := make([]float64, blocks)
		var ds []Distribution
		for b := range blocks {
			h := histogram(rapid.SliceOfN(rapid.Int64Range(0, 3_000_000_000), 0, 30).Draw(t, "values")...)
			ds = append(ds, NewDistribution(h, nil))
			times := rapid.IntRange(0, 3).Draw(t, "weight")
			weights[b] = float64(times)
			for range times {
				whole.Merge(h)
			}
		}
		q := rapid.Float64Range(0.001, 0.999).Draw(t, "q")
		got := mergeArm(ds, q, cutAsRecorded).quantile(weights)
		if whole.TotalCount() == 0 {
			if !math.IsNaN(got) {
				t.Fatalf("quantile of nothing is %v", got)
			}
			return
		}
		if want := float64(whole.ValueAtPercentile(100 * q)); got != want {
			t.Fatalf("q=%v: %v, merged histograms say %v", q, got, want)
		}
	})
}

// latencies draws a block of n log-normal latencies around `centre`
// microseconds with shape `sigma`.
func latencies(random *rand.Rand, n int, centre, sigma float64) *hdrhistogram.Histogram {
	h := histogram()
	for range n {
		if err := h.RecordValue(int64(centre * math.Exp(sigma*random.NormFloat64()))); err != nil {
			panic(err)
		}
	}
	return h
}

// quantileBlocks draws n blocks of `ops` ops per arm, each arm of each block
// shifted by normal noise of sd `interaction`, the candidate by ln(factor).
func quantileBlocks(random *rand.Rand, n, ops int, interaction, factor float64) []Block {
	blocks := make([]Block, n)
	for b := range blocks {
		shared := 5000 * math.Exp(0.1*random.NormFloat64())
		ref := shared * math.Exp(interaction*random.NormFloat64())
		cand := shared * factor * math.Exp(interaction*random.NormFloat64())
		blocks[b] = Block{
			Ref:  NewDistribution(latencies(random, ops, ref, 0.4), nil),
			Cand: NewDistribution(latencies(random, ops, cand, 0.4), nil),
		}
	}
	return blocks
}

func TestFromBlocksSeesAPlantedTail(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		factor float64
		want   Outcome
	}{{1, Pass}, {1.5, Regressed}, {1 / 1.5, Improved}} {
		blocks := quantileBlocks(random, 12, 1000, 0.03, c.factor)
		e := FromBlocks(blocks, Quantile{Q: 0.99, Seed: 1})
		if e.Withheld.Yes() {
			t.Fatal(e.Withheld)
		}
		r := Family([]Evidence{e}, []Rule{{Margin: 0.15, Looks: 1, Look: 1}})[0]
		if r.Outcome != c.want {
			t.Errorf("factor %v: %+v", c.factor, r)
		}
		if math.Abs(r.Harm-math.Log(c.factor)) > 0.1 {
			t.Errorf("factor %v: estimate %v", c.factor, math.Exp(r.Harm))
		}
	}
}

func TestFromBlocksIsDeterministicAndSymmetric(t *testing.T) {
	blocks := quantileBlocks(rand.New(rand.NewPCG(5, 6)), 10, 400, 0.1, 1.05)
	swapped := make([]Block, len(blocks))
	for i, b := range blocks {
		swapped[i] = Block{Ref: b.Cand, Cand: b.Ref}
	}
	q := Quantile{Q: 0.9, Seed: 42}
	a, again, mirror := FromBlocks(blocks, q), FromBlocks(blocks, q), FromBlocks(swapped, q)
	for _, alpha := range []float64{0.002, 0.01, 0.05, 0.3} {
		low, high := a.Harm.Lower(alpha), a.Health.Upper(alpha)
		if low != again.Harm.Lower(alpha) || high != again.Health.Upper(alpha) {
			t.Errorf("alpha %v: same blocks and seed, other bounds", alpha)
		}
		if low != -mirror.Health.Upper(alpha) || high != -mirror.Harm.Lower(alpha) {
			t.Errorf("alpha %v: [%v, %v] mirrored is [%v, %v]", alpha, low, high,
				mirror.Harm.Lower(alpha), mirror.Health.Upper(alpha))
		}
		if p := a.Harm.P(); (p <= alpha) != (low > 0) {
			t.Errorf("p %v and bound %v disagree at %v", p, low, alpha)
		}
	}
	// A metric that is better when higher is the same comparison upside down.
	rate := FromBlocks(blocks, Quantile{Q: 0.9, Seed: 42, HigherIsBetter: true})
	if math.Abs(rate.Harm.Estimate()+a.Harm.Estimate()) > 1e-12 {
		t.Errorf("estimate %v as a rate, %v as a time", rate.Harm.Estimate(), a.Harm.Estimate())
	}
}

func TestQuantileIsWithheldWithoutExceedances(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		q      float64
		blocks int
		ops    int
		yes    bool
	}{
		{0.99, 12, 60, true}, {0.99, 12, 84, false}, {0.99, 1, 1000, false}, {0.99, 1, 999, true},
		{0.5, 10, 2, false}, {0.5, 10, 1, true}, {0.01, 10, 100, false}, {0.01, 9, 100, true},
	} {
		w := FromBlocks(quantileBlocks(random, c.blocks, c.ops, 0, 1), Quantile{Q: c.q}).Withheld
		if w.Yes() != c.yes {
			t.Errorf("p%v of %d x %d ops: withheld %v (%v)", 100*c.q, c.blocks, c.ops, w.Yes(), w)
		}
	}
	e := FromBlocks(quantileBlocks(random, 12, 5, 0, 1), Quantile{Q: 0.99})
	if got, want := e.Withheld.String(), "p99 needs 1000 ops per arm, the reference has 60"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	if r := Relative(e, Rule{Margin: 0.1, Looks: 1, Look: 1}, AlphaRegress); r.Outcome != Inconclusive || r.Reason != ReasonNotCarried {
		t.Errorf("%v, %v", r.Outcome, r.Reason)
	}
}

// Ops that were cut may show harm, never health.
func TestCutOpsShowHarmButNotHealth(t *testing.T) {
	const n = 8
	healthy, cut := make([]Block, n), make([]Block, n)
	for b := range n {
		ref := histogram(slices.Repeat([]int64{1000, 1100, 1200}, 5)...)
		healthy[b] = Block{Ref: NewDistribution(ref, nil), Cand: NewDistribution(ref, nil)}
		// Ten of 15 were cut at about the time the reference needs.
		cut[b] = Block{Ref: NewDistribution(ref, nil), Cand: NewDistribution(
			histogram(1000, 1000, 1100, 1100, 1100), histogram(slices.Repeat([]int64{1200}, 10)...))}
	}
	q := Quantile{Q: 0.5}
	rule := Rule{Margin: 0.1, Looks: 1, Look: 1}
	if r := Relative(FromBlocks(healthy, q), rule, AlphaRegress); r.Outcome != Pass {
		t.Errorf("healthy twin: %+v", r)
	}
	r := Relative(FromBlocks(cut, q), rule, AlphaRegress)
	if r.Outcome == Pass || r.Outcome == Improved || !math.IsInf(r.High, 1) {
		t.Errorf("cut ops passed: %+v", r)
	}
	for b := range cut { // cut only after they had lasted long
		cut[b].Cand = NewDistribution(histogram(1000, 1000), histogram(slices.Repeat([]int64{90_000}, 13)...))
	}
	if r := Relative(FromBlocks(cut, q), rule, AlphaRegress); r.Outcome != Regressed {
		t.Errorf("long cut ops were not refused: %+v", r)
	}
	for b := range cut { // the mirror: a sick reference does not improve the candidate's case
		cut[b].Ref, cut[b].Cand = cut[b].Cand, cut[b].Ref
	}
	if r := Relative(FromBlocks(cut, q), rule, AlphaRegress); r.Outcome == Regressed {
		t.Errorf("a sick reference refused the candidate: %+v", r)
	}
}

// A candidate that recorded ops in one block only must not pass on that block.
func TestEmptyBlocksDoNotPass(t *testing.T) {
	blocks := quantileBlocks(rand.New(rand.NewPCG(8, 8)), 8, 200, 0.01, 1)
	for b := 1; b < len(blocks); b++ {
		blocks[b].Cand = Distribution{}
	}
	r := Relative(FromBlocks(blocks, Quantile{Q: 0.5}), Rule{Margin: 0.2, Looks: 1, Look: 1}, AlphaRegress)
	if r.Outcome != Inconclusive {
		t.Errorf("%+v", r)
	}
}
