package compare

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// docket is T7's work: 100 criteria of 80 pairs, to be judged in under 2 s on
// one core.
type docket struct {
	pairs       []Pair
	refs, cands []*hdrhistogram.Histogram
	evidence    []Evidence
	rules       []Rule
}

func newDocket() docket {
	const criteria, pairs, ops = 100, 80, 1000
	d := docket{evidence: make([]Evidence, criteria), rules: make([]Rule, criteria)}
	for i := range d.rules {
		d.rules[i] = Rule{Margin: 0.05, Looks: 3, Look: 3}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range pairs {
		d.pairs = append(d.pairs, Exact(1+random.Float64(), 1+random.Float64()))
		d.refs = append(d.refs, latencies(random, ops, 5000, 0.4))
		d.cands = append(d.cands, latencies(random, ops, 5000, 0.4))
	}
	return d
}

func (d docket) judgePairs() []Result {
	for i := range d.evidence {
		d.evidence[i] = FromPairs(d.pairs)
	}
	return Family(d.evidence, d.rules)
}

// judgeQuantiles reads the histograms for every criterion anew, as if no two
// of them shared a series.
func (d docket) judgeQuantiles() []Result {
	for i := range d.evidence {
		blocks := make([]Block, len(d.refs))
		for k := range blocks {
			blocks[k] = Block{Ref: NewDistribution(d.refs[k], nil), Cand: NewDistribution(d.cands[k], nil)}
		}
		d.evidence[i] = FromBlocks(blocks, Quantile{Q: []float64{0.5, 0.95, 0.99}[i%3], Seed: uint64(i)})
	}
	return Family(d.evidence, d.rules)
}

func BenchmarkJudge(b *testing.B) {
	d := newDocket()
	b.Run("pairs", func(b *testing.B) {
		for b.Loop() {
			d.judgePairs()
		}
	})
	b.Run("quantiles", func(b *testing.B) {
		for b.Loop() {
			d.judgeQuantiles()
		}
	})
}

// T7: the worst case, all 100 criteria quantiles, within 2 s on one core. The
// best of three, because other work may share the machine.
func TestT7JudgesWithinTwoSeconds(t *testing.T) {
	if !slow() {
		t.Skip("times the judge; set LOADLINE_SLOW=1")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	d, best := newDocket(), time.Hour
	for range 3 {
		start := time.Now()
		d.judgeQuantiles()
		best = min(best, time.Since(start))
	}
	t.Logf("100 quantile criteria of 80 pairs: %v", best)
	if best > 2*time.Second {
		t.Errorf("judging took %v, target 2 s", best)
	}
}
