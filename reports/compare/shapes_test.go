package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// T9: shapes of trouble that are not a plain slowdown get the right class.
// Each is planted on recorded runs where their figures allow, and op by op
// where they do not; each has its healthy twin.

// quiet is the recorded workloads whose pair noise in criterion c is at most
// most, so that a run of 24 blocks can be expected to decide.
func quiet(pairs [][]neighbours, c int, most float64) (out [][]neighbours) {
	for _, ps := range pairs {
		var d []float64
		for _, p := range ps {
			d = append(d, LogRatio(p[1].figures[c], p[0].figures[c]))
		}
		if plainSD(d) <= most {
			out = append(out, ps)
		}
	}
	return out
}

// A tail 20 % longer and nothing else: the tail criterion refuses, throughput
// does not.
func TestT9TailOnly(t *testing.T) {
	const throughput, tail = 0, 3
	_, all := recorded(t)
	pairs := quiet(all, tail, 0.08)
	if len(pairs) < 2 {
		t.Fatalf("only %d recorded workloads have a quiet tail", len(pairs))
	}
	random := rand.New(rand.NewPCG(9, 1))
	var longer, healthy, through tally
	for i := range replays(200, 3000) {
		from := pairs[i%len(pairs)]
		g := gate{cap: 24, margins: []float64{0.10}}
		data := replay(random, from, 24, [4]float64{1.002, 1, 1, 1.2})
		longer.add(g.play(pairwise(data[tail])))
		through.add(gate{cap: 24, margins: []float64{0.05}}.play(pairwise(data[throughput])))
		healthy.add(g.play(pairwise(replay(random, from, 24, unchanged)[tail])))
	}
	t.Logf("recorded (%d workloads), p99.9 +20 %%: %v", len(pairs), &longer)
	t.Logf("recorded, throughput of the same:    %v", &through)
	t.Logf("recorded, healthy twin:              %v", &healthy)
	longer.atLeast(t, "longer tails refused", longer.of[Regressed], 0.95)
	longer.atMost(t, "longer tails let through", longer.passed(), 0.001)
	through.atMost(t, "throughput refused", through.of[Regressed], 0.01)
	healthy.atMost(t, "healthy tails refused", healthy.of[Regressed], 0.01)
}

// The same op by op, over merged histograms: the worst 1 % of the candidate's
// ops take 20 % longer.
func TestT9TailOnlyOpByOp(t *testing.T) {
	s := service{ops: 4000, luck: 0.02}
	tailed := s
	slowest := 5000 * math.Exp(0.3*2.326) // about the 99 % point
	tailed.after = func(_ *rand.Rand, _ int, latency float64) float64 {
		if latency > slowest {
			return latency * 1.2
		}
		return latency
	}
	random := rand.New(rand.NewPCG(9, 2))
	qs := []Quantile{{Q: 0.5}, {Q: 0.999}}
	var middle, tail, healthy tally
	for range replays(10, 500) {
		blocks := blocksOf(random, 24, s, tailed, 1)
		middle.add(gate{24, []float64{0.05}}.play(blockwise(blocks, qs[0])))
		tail.add(gate{24, []float64{0.10}}.play(blockwise(blocks, qs[1])))
		healthy.add(gate{24, []float64{0.10}}.play(blockwise(blocksOf(random, 24, s, s, 1), qs[1])))
	}
	t.Logf("op by op, p99.9: %v", &tail)
	t.Logf("op by op, p50:   %v", &middle)
	t.Logf("healthy twin:    %v", &healthy)
	tail.atLeast(t, "longer tails refused", tail.of[Regressed], 0.95)
	middle.atLeast(t, "medians passed", middle.passed(), 0.95)
	healthy.atMost(t, "healthy tails refused", healthy.of[Regressed], 0.01)
}

// The candidate stands still for 2 s of a 10 s trial, in every block or in
// every fourth. Goodput loses a fifth of every such trial; ops due during the
// stall (open model) wait for its end. Stalls in a quarter of 24 blocks are too
// few to prove harm at 1 %, but must not pass.
func TestT9Stalls(t *testing.T) {
	const throughput = 0
	_, all := recorded(t)
	pairs := quiet(all, throughput, 0.06)
	random := rand.New(rand.NewPCG(9, 3))
	var every, healthy tally
	g := gate{cap: 12, margins: []float64{0.05}}
	for i := range replays(200, 3000) {
		from := pairs[i%len(pairs)]
		every.add(g.play(pairwise(replay(random, from, 12, [4]float64{1 / 0.8, 1, 1, 1})[throughput])))
		healthy.add(g.play(pairwise(replay(random, from, 12, unchanged)[throughput])))
	}
	t.Logf("recorded, goodput, a stall in every block: %v", &every)
	t.Logf("recorded, goodput, healthy twin:           %v", &healthy)
	every.atLeast(t, "stalls refused", every.of[Regressed], 0.99)
	healthy.atMost(t, "healthy goodput refused", healthy.of[Regressed], 0.01)

	s := service{ops: 500, luck: 0.03} // 50/s for 10 s
	var frequent, rare, twin tally
	p99 := Quantile{Q: 0.99}
	tail := gate{cap: 24, margins: []float64{0.15}}
	for range replays(20, 500) {
		frequent.add(tail.play(blockwise(blocksOf(random, 24, s, s.stalled(1), 1), p99)))
		rare.add(tail.play(blockwise(blocksOf(random, 24, s, s.stalled(4), 1), p99)))
		twin.add(tail.play(blockwise(blocksOf(random, 24, s, s, 1), p99)))
	}
	t.Logf("open model, p99, a stall in every block:   %v", &frequent)
	t.Logf("open model, p99, a stall in every fourth:   %v", &rare)
	t.Logf("open model, p99, healthy twin:             %v", &twin)
	frequent.atLeast(t, "frequent stalls refused", frequent.of[Regressed], 0.99)
	rare.atMost(t, "rare stalls let through", rare.passed(), 0.001)
	twin.atMost(t, "healthy tails refused", twin.of[Regressed], 0.01)
}

// stalled is the service with 2 s of stall in every `every`-th 10 s trial.
func (s service) stalled(every int) service {
	trial := -1
	s.after = func(_ *rand.Rand, op int, latency float64) float64 {
		if op == 0 {
			trial++
		}
		due := 10e6 * float64(op) / float64(s.ops) // µs
		if end := 6e6; trial%every == 0 && due > end-2e6 && due < end {
			return latency + end - due
		}
		return latency
	}
	return s
}

// A service with two modes 30 % apart, each trial in one of them by chance, in
// both arms: nothing changed, so it must not be refused, and a candidate worse
// by the margin must not hide in the modes.
func TestT9Bimodal(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 4))
	z := noise{pair: 0.02, modes: math.Log(1.3)}
	var same, worse, always tally
	g := gate{cap: 24, margins: []float64{0.05}}
	for range replays(300, 5000) {
		same.add(g.play(pairwise(z.pairs(random, 24, 1))))
		worse.add(g.play(pairwise(z.pairs(random, 24, 1.05))))
		always.add(g.play(pairwise(z.pairs(random, 24, 1.3))))
	}
	t.Logf("two modes, unchanged: %v", &same)
	t.Logf("two modes, +5 %%:      %v", &worse)
	t.Logf("two modes, +30 %%:     %v", &always)
	same.atMost(t, "two modes refused", same.of[Regressed], 0.01)
	worse.atMost(t, "+5 % let through", worse.passed(), 0.05)
	always.atMost(t, "+30 % let through", always.passed(), 0.001)
	always.atLeast(t, "+30 % refused", always.of[Regressed], 0.95)
}

// Everything gets 10 % slower across the window, both arms alike. Interleaving
// takes it out; one arm after the other would not have (the test of the test).
func TestT9DriftAcrossTheWindow(t *testing.T) {
	const throughput = 0
	_, all := recorded(t)
	pairs := quiet(all, throughput, 0.06)
	random := rand.New(rand.NewPCG(9, 5))
	g := gate{cap: 24, margins: []float64{0.05}}
	var same, worse, sequential tally
	for i := range replays(200, 3000) {
		from := pairs[i%len(pairs)]
		for factor, count := range map[float64]*tally{1: &same, 1.1: &worse} {
			data := replay(random, from, 24, [4]float64{factor, 1, 1, 1})[throughput]
			for k := range data {
				data[k] = drifted(data[k], float64(2*k+random.IntN(2)), 48)
			}
			count.add(g.play(pairwise(data)))
		}
		data := replay(random, from, 24, unchanged)[throughput]
		after := make([]Pair, len(data))
		for k, p := range data {
			after[k] = Exact(p.RefBest*math.Exp(0.1*float64(k)/48), p.CandBest*math.Exp(0.1*float64(24+k)/48))
		}
		sequential.add(g.play(pairwise(after)))
	}
	t.Logf("recorded, drift, unchanged:           %v", &same)
	t.Logf("recorded, drift, +10 %%:               %v", &worse)
	t.Logf("recorded, drift, one arm after other: %v", &sequential)
	same.atMost(t, "drift refused", same.of[Regressed], 0.01)
	worse.atLeast(t, "+10 % refused", worse.of[Regressed], 0.95)
	worse.atMost(t, "+10 % let through", worse.passed(), 0.001)
	if share := sequential.share(sequential.of[Regressed]); share < 20 {
		t.Errorf("the drift planted is harmless: one arm after the other is refused in %.1f %% only", share)
	}
}

// drifted scales both trials of a pair for their places in the window; `first`
// odd means that the candidate ran first.
func drifted(p Pair, first, slots float64) Pair {
	place := 2 * math.Floor(first/2)
	early, late := math.Exp(0.1*place/slots), math.Exp(0.1*(place+1)/slots)
	if int(first)%2 == 1 {
		early, late = late, early
	}
	return Exact(p.RefBest*early, p.CandBest*late)
}

// T7: same input and seed, same bytes.
func TestT7SameInputSameVerdict(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	s := service{ops: 200, luck: 0.05, slow: 0.02}
	blocks := blocksOf(random, 12, s, s, 1.05)
	pairs := noise{pair: 0.05}.pairs(random, 12, 1.05)
	rules := slices.Repeat([]Rule{{Margin: 0.05, Looks: 2, Look: 2}}, 3)
	var first string
	for range 5 {
		evidence := []Evidence{FromPairs(pairs), FromBlocks(blocks, Quantile{Q: 0.95, Seed: 3}), FromBlocks(blocks, Quantile{Q: 0.5, Seed: 4})}
		got := spell(Family(evidence, rules))
		if first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("verdicts differ:\n%s\n%s", first, got)
		}
	}
}
