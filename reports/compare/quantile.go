package compare

import (
	"math"
	"math/rand/v2"
)

// MinExceedances is how many observations must lie beyond a quantile, in each
// arm and all blocks together, for the data to carry it: a p99 needs 1,000 ops
// per arm, a p50 needs 20.
const MinExceedances = 10

// Block is what one block recorded of a metric in both arms.
type Block struct {
	Ref, Cand Distribution
}

// Quantile names the statistic of a quantile criterion.
type Quantile struct {
	Q              float64 // as a share, 0 < Q < 1: 0.99 is the p99
	HigherIsBetter bool    // orientation of the metric
	Seed           uint64  // of the resampling: same blocks and seed, same figures
}

// OpsNeeded is how many ops an arm must have for quantile q to be carried.
func OpsNeeded(q float64) float64 {
	// The hair's breadth keeps 10/(1-0.99) from becoming 1,001.
	return math.Ceil(MinExceedances/math.Min(q, 1-q) - 1e-6)
}

// FromBlocks compares a quantile of two arms over merged histograms. Whole
// blocks, with both their arms, are resampled: ops inside a block share its
// conditions, and treating them as independent would make intervals too short.
//
// A cut op of the candidate is taken at its recorded value where it may prove
// harm, and as the worst there is (a time that never ended, a rate of zero)
// where health is to be shown; of the reference, the other way round. Ops that
// failed have no duration and belong to neither histogram; the errors metric
// counts them.
func FromBlocks(blocks []Block, q Quantile) Evidence {
	ref, cand := arms(blocks)
	e := Evidence{
		Pairs: len(blocks), LeastHarm: leastHarm(blocks, q),
		Withheld: withheld(ref, cand, q), Warnings: blockWarnings(blocks),
	}
	harm, health := merge(ref, cand, q).resample(q)
	e.Harm, e.Health, e.Spread = harm, health, health.spread()
	return e
}

func arms(blocks []Block) (ref, cand []Distribution) {
	for _, b := range blocks {
		ref, cand = append(ref, b.Ref), append(cand, b.Cand)
	}
	return ref, cand
}

// withheld checks the exceedances of both arms, pooled over the blocks.
func withheld(ref, cand []Distribution, q Quantile) Withheld {
	needed := OpsNeeded(q.Q)
	for _, arm := range []struct {
		name   string
		blocks []Distribution
	}{{"reference", ref}, {"candidate", cand}} {
		if ops := pooledOps(arm.blocks); ops < needed {
			return Withheld{Arm: arm.name, Quantile: q.Q, Ops: ops, OpsNeeded: needed}
		}
	}
	return Withheld{}
}

func pooledOps(blocks []Distribution) (n float64) {
	for _, d := range blocks {
		n += d.Ops()
	}
	return n
}

func blockWarnings(blocks []Block) []Warning {
	var out []Warning
	if len(blocks) < MinPairs(AlphaRegress) {
		out = append(out, Warning{Code: WarnFewPairs, N: len(blocks)})
	}
	cut := 0
	for _, b := range blocks {
		if len(b.Ref.cut)+len(b.Cand.cut) > 0 {
			cut++
		}
	}
	if cut > 0 {
		out = append(out, Warning{Code: WarnBounded, N: cut})
	}
	return out
}

// merged holds both arms at their best and at their worst; where nothing was
// cut the two are the same object.
type merged struct {
	blocks              int
	refBest, refWorst   *mergedArm
	candBest, candWorst *mergedArm
	empty               bool // some block recorded nothing in some arm
}

func merge(ref, cand []Distribution, q Quantile) merged {
	m := merged{blocks: len(ref)}
	m.refBest, m.refWorst = mergeBounds(ref, q)
	m.candBest, m.candWorst = mergeBounds(cand, q)
	for b := range ref {
		m.empty = m.empty || m.refWorst.ops[b] == 0 || m.candWorst.ops[b] == 0
	}
	return m
}

func mergeBounds(blocks []Distribution, q Quantile) (best, worst *mergedArm) {
	best = mergeArm(blocks, q.Q, cutAsRecorded)
	if !best.cut {
		return best, best
	}
	if q.HigherIsBetter {
		return best, mergeArm(blocks, q.Q, cutAsNothing)
	}
	return best, mergeArm(blocks, q.Q, cutAsEndless)
}

// bounded reports whether harm and health can differ in some resample.
func (m merged) bounded() bool {
	return m.empty || m.refBest != m.refWorst || m.candBest != m.candWorst
}

// pair is the quantile of both arms with block b taken weights[b] times,
// oriented so that larger is worse.
func (m merged) pair(q Quantile, weights []float64) Pair {
	var p Pair
	p.RefWorst = m.refWorst.quantile(weights)
	p.CandWorst = m.candWorst.quantile(weights)
	p.RefBest, p.CandBest = p.RefWorst, p.CandWorst
	if m.refBest != m.refWorst {
		p.RefBest = m.refBest.quantile(weights)
	}
	if m.candBest != m.candWorst {
		p.CandBest = m.candBest.quantile(weights)
	}
	if q.HigherIsBetter {
		p.RefBest, p.RefWorst = 1/p.RefBest, 1/p.RefWorst
		p.CandBest, p.CandWorst = 1/p.CandBest, 1/p.CandWorst
	}
	return p
}

// resampleStream tells this use of a seed from any other use of the same seed.
const resampleStream = 0x626c6f636b73

// resample draws blocks with replacement, Resamples times.
func (m merged) resample(q Quantile) (harm, health Resampled) {
	weights := make([]float64, m.blocks)
	for b := range weights {
		weights[b] = 1
	}
	all := m.pair(q, weights)
	if m.blocks == 0 {
		return Resampled{estimate: all.Harm()}, Resampled{estimate: all.Health()}
	}
	random := rand.New(rand.NewPCG(q.Seed, resampleStream))
	harms, healths := make([]float64, 0, Resamples), make([]float64, 0, Resamples)
	for range Resamples {
		clear(weights)
		for range m.blocks {
			weights[random.IntN(m.blocks)]++
		}
		p := m.pair(q, weights)
		harms = append(harms, p.Harm())
		if m.bounded() {
			healths = append(healths, p.Health())
		}
	}
	harm = newResampled(m.blocks, all.Harm(), harms)
	if !m.bounded() {
		return harm, harm
	}
	return harm, newResampled(m.blocks, all.Health(), healths)
}
