package compare

import (
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// T7: 100 criteria of 80 pairs in under 2 s on one core. The quantile case
// includes reading the histograms, as if no two criteria shared a series.
func BenchmarkJudge(b *testing.B) {
	const criteria, pairs, ops = 100, 80, 1000
	rules := make([]Rule, criteria)
	for i := range rules {
		rules[i] = Rule{Margin: 0.05, Looks: 3, Look: 3}
	}
	random := rand.New(rand.NewPCG(1, 1))
	b.Run("pairs", func(b *testing.B) {
		data := make([]Pair, pairs)
		for i := range data {
			data[i] = Exact(1+random.Float64(), 1+random.Float64())
		}
		evidence := make([]Evidence, criteria)
		for b.Loop() {
			for i := range evidence {
				evidence[i] = FromPairs(data)
			}
			Family(evidence, rules)
		}
	})
	b.Run("quantiles", func(b *testing.B) {
		var refs, cands []*hdrhistogram.Histogram
		for range pairs {
			refs = append(refs, latencies(random, ops, 5000, 0.4))
			cands = append(cands, latencies(random, ops, 5000, 0.4))
		}
		evidence := make([]Evidence, criteria)
		for b.Loop() {
			for i := range evidence {
				blocks := make([]Block, pairs)
				for k := range blocks {
					blocks[k] = Block{Ref: NewDistribution(refs[k], nil), Cand: NewDistribution(cands[k], nil)}
				}
				evidence[i] = FromBlocks(blocks, Quantile{Q: []float64{0.5, 0.95, 0.99}[i%3], Seed: uint64(i)})
			}
			Family(evidence, rules)
		}
	})
}
