package compare

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is a made-up system: what one trial after another measures, in
// logarithms, of an unchanged arm.
type noise struct {
	pair     float64 // sd of the log ratio of a clean pair
	carry    float64 // autocorrelation from trial to trial of the half of the variance that is not white
	drift    float64 // log change across the whole window, shared by both arms
	outliers float64 // share of pairs with four times the noise
	modes    float64 // log distance of two modes a block may be in, half the blocks each, per trial
}

// pairs draws n pairs of trials in random order, the candidate worse by
// `factor`.
func (z noise) pairs(random *rand.Rand, n int, factor float64) []Pair {
	// Two neighbouring trials share part of the autocorrelated half; what is
	// left of it and the white half must add up to z.pair.
	sd := z.pair / math.Sqrt(2*(0.5+0.5*(1-z.carry)))
	carried := random.NormFloat64()
	trial := func(k int, swell float64) float64 {
		carried = z.carry*carried + math.Sqrt(1-z.carry*z.carry)*random.NormFloat64()
		y := sd * swell * math.Sqrt(0.5) * (carried + random.NormFloat64())
		if random.IntN(2) == 1 {
			y += z.modes
		}
		return y + z.drift*float64(k)/float64(2*n)
	}
	out := make([]Pair, n)
	for b := range out {
		swell := 1.0
		if random.Float64() < z.outliers {
			swell = 4
		}
		first, second := trial(2*b, swell), trial(2*b+1, swell)
		if random.IntN(2) == 1 {
			first, second = second, first
		}
		out[b] = Exact(math.Exp(first), factor*math.Exp(second))
	}
	return out
}

// T3: a 5 % slowdown is detected in at least 95 % of runs with at most 40
// pairs at a pair noise of 5 %, 80 at 8 %. T1 and T2 on the same noise.
func TestT3SyntheticSlowdownsAreDetected(t *testing.T) {
	for _, c := range []struct {
		name   string
		blocks int
		noise  noise
	}{
		{"s 2 %, outliers", 24, noise{pair: 0.02, outliers: 0.05}},
		{"s 5 %, outliers", 40, noise{pair: 0.05, outliers: 0.05}},
		{"s 5 %, outliers, AR 0.3, drift", 40, noise{pair: 0.05, outliers: 0.05, carry: 0.3, drift: 0.1}},
		{"s 5 %, outliers, AR 0.6, drift", 40, noise{pair: 0.05, outliers: 0.05, carry: 0.6, drift: 0.1}},
		{"s 8 %, outliers", 80, noise{pair: 0.08, outliers: 0.05}},
		{"s 8 %, outliers, AR 0.6, drift", 80, noise{pair: 0.08, outliers: 0.05, carry: 0.6, drift: 0.1}},
	} {
		random := rand.New(rand.NewPCG(3, uint64(c.blocks)))
		g := gate{cap: c.blocks, margins: []float64{0.05}}
		var same, worse, twice tally
		for range replays(300, 5000) {
			same.add(g.play(pairwise(c.noise.pairs(random, c.blocks, 1))))
			worse.add(g.play(pairwise(c.noise.pairs(random, c.blocks, 1.05))))
			twice.add(g.play(pairwise(c.noise.pairs(random, c.blocks, 1.10))))
		}
		t.Logf("%-32s cap %d, unchanged: %v", c.name, c.blocks, &same)
		t.Logf("%-32s cap %d, +5 %%:      %v", c.name, c.blocks, &worse)
		t.Logf("%-32s cap %d, +10 %%:     %v", c.name, c.blocks, &twice)
		same.atMost(t, c.name+": false alarms", same.of[Regressed], 0.01)
		same.atMost(t, c.name+": unchanged and undecided", same.of[Inconclusive], 0.05)
		worse.atLeast(t, c.name+": +5 % detected", worse.of[Regressed], 0.95)
		worse.atMost(t, c.name+": +5 % let through", worse.passed(), 0.05)
		twice.atMost(t, c.name+": +10 % let through", twice.passed(), 0.001)
	}
}
