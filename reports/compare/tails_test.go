package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// service is a made-up service seen op by op: log-normal latencies with a tail
// of slow ops, all ops of a trial sharing the trial's luck.
type service struct {
	ops   int     // per trial
	luck  float64 // sd of the log factor that all ops of one trial share
	slow  float64 // share of ops that take five times as long
	after func(random *rand.Rand, op int, latency float64) float64
}

// trial draws one trial's latencies, in microseconds around 5 ms times factor.
func (s service) trial(random *rand.Rand, h *hdrhistogram.Histogram, factor float64) Distribution {
	h.Reset()
	centre := 5000 * factor * math.Exp(s.luck*random.NormFloat64())
	for op := range s.ops {
		latency := centre * math.Exp(0.3*random.NormFloat64())
		if random.Float64() < s.slow {
			latency *= 5
		}
		if s.after != nil {
			latency = s.after(random, op, latency)
		}
		if err := h.RecordValue(int64(latency)); err != nil {
			panic(err)
		}
	}
	return NewDistribution(h, nil)
}

// blocks draws n blocks of two services, the candidate worse by factor.
func blocksOf(random *rand.Rand, n int, ref, cand service, factor float64) []Block {
	h := hdrhistogram.New(1, 100_000_000, 3)
	out := make([]Block, n)
	for b := range out {
		shared := math.Exp(0.05 * random.NormFloat64())
		out[b] = Block{Ref: ref.trial(random, h, shared), Cand: cand.trial(random, h, shared*factor)}
	}
	return out
}

// T1 for quantile criteria: the gate of p50, p95 and p99 over merged
// histograms refuses an unchanged service in at most 1 %, and T2: lets one
// worse by the margin pass in at most 5 %.
func TestT1T2QuantileGate(t *testing.T) {
	for _, c := range []struct{ blocks, ops int }{{8, 1000}, {12, 300}, {24, 300}} {
		for _, luck := range []float64{0.03, 0.12} {
			if !slow() && (c.blocks != 12 || luck != 0.03) {
				continue
			}
			s := service{ops: c.ops, luck: luck, slow: 0.02}
			random := rand.New(rand.NewPCG(12, uint64(c.blocks)))
			g := gate{cap: c.blocks, margins: []float64{0.05, 0.10, 0.15}}
			var same tally
			worse := make([]tally, len(g.margins))
			for i := range replays(60, 2000) {
				qs := []Quantile{{Q: 0.5, Seed: uint64(i)}, {Q: 0.95, Seed: uint64(i)}, {Q: 0.99, Seed: uint64(i)}}
				same.add(g.play(blockwise(blocksOf(random, c.blocks, s, s, 1), qs...)))
				for k, margin := range g.margins {
					alone := gate{cap: c.blocks, margins: []float64{margin}}
					worse[k].add(alone.play(blockwise(blocksOf(random, c.blocks, s, s, 1+margin), qs[k])))
				}
			}
			t.Logf("%2d blocks of %d ops, luck %2.0f %%, unchanged: %v", c.blocks, c.ops, 100*luck, &same)
			same.atMost(t, "false alarms", same.of[Regressed], 0.01)
			for k, name := range []string{"p50", "p95", "p99"} {
				t.Logf("%2d blocks of %d ops, luck %2.0f %%, %s +%2.0f %%: %v", c.blocks, c.ops, 100*luck, name, 100*g.margins[k], &worse[k])
				worse[k].notAbove(t, name+" worse by the margin let through", worse[k].passed(), 0.05)
			}
		}
	}
}

// T5: 95 % intervals of quantile ratios cover the truth in 93 to 97 % of runs,
// for 5 to 15 % of block interaction and 12 to 40 blocks.
func TestT5IntervalsCover(t *testing.T) {
	qs := []float64{0.5, 0.95, 0.99}
	for _, n := range []int{12, 24, 40} {
		for _, interaction := range []float64{0.05, 0.10, 0.15} {
			if !slow() && (n != 12 || interaction != 0.10) {
				continue
			}
			s := service{ops: 1000, luck: interaction} // of each arm by itself
			random := rand.New(rand.NewPCG(5, uint64(n)))
			covered := make([]int, len(qs))
			paired := 0 // the same of per-block p50 by signed ranks
			runs := replays(150, 5000)
			for i := range runs {
				truth := math.Log(1.1)
				blocks := blocksOf(random, n, s, s, 1.1)
				for k, q := range qs {
					e := FromBlocks(blocks, Quantile{Q: q, Seed: uint64(i)})
					if e.Harm.Lower(0.025) <= truth && truth <= e.Health.Upper(0.025) {
						covered[k]++
					}
				}
				if e := FromPairs(medians(blocks)); e.Harm.Lower(0.025) <= truth && truth <= e.Health.Upper(0.025) {
					paired++
				}
			}
			t.Logf("%d blocks, interaction %2.0f %%, %d runs: p50 %.1f %%, p95 %.1f %%, p99 %.1f %%; signed ranks %.1f %%",
				n, 100*interaction, runs, percent(covered[0], runs), percent(covered[1], runs), percent(covered[2], runs), percent(paired, runs))
			for k, q := range qs {
				checkCoverage(t, q, covered[k], runs)
			}
			checkCoverage(t, 0, paired, runs)
		}
	}
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

// checkCoverage holds the full run to 93 … 97 % give or take the simulation's
// own standard error, the quick one to what cannot be chance.
func checkCoverage(t *testing.T, q float64, covered, runs int) {
	t.Helper()
	if slow() {
		share := float64(covered) / float64(runs)
		if e := 2 * math.Sqrt(0.05*0.95/float64(runs)); share < 0.93-e || share > 0.97+e {
			t.Errorf("p%v: covered %d of %d", 100*q, covered, runs)
		}
		return
	}
	if RateUpper(covered, runs, 1e-4) < 0.93 || RateLower(covered, runs, 1e-4) > 0.97 {
		t.Errorf("p%v: covered %d of %d", 100*q, covered, runs)
	}
}

// medians is the p50 of every trial.
func medians(blocks []Block) []Pair {
	out := make([]Pair, len(blocks))
	for i, b := range blocks {
		out[i] = merge([]Distribution{b.Ref}, []Distribution{b.Cand}, Quantile{Q: 0.5}).pair(Quantile{}, []float64{1})
	}
	return out
}
