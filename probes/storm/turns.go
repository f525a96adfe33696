package storm

import "sort"

// turns say which request an op makes, from its number or seed alone: the same
// for every arm, and for every shard of a plan.
type turns struct {
	order []int32  // of one round
	upTo  []uint64 // random: sums of weights
}

// newTurns has a round in which each request comes as often as its weight says
// (divided by what all weights share), spread as evenly as can be, or draws
// them by weight.
func newTurns(weights []int, order Order) turns {
	if order == Random {
		t := turns{upTo: make([]uint64, len(weights))}
		sum := uint64(0)
		for i, w := range weights {
			sum += uint64(w)
			t.upTo[i] = sum
		}
		return t
	}
	return turns{order: round(weights)}
}

// round spreads the requests by smooth weighted round-robin: each turn every
// request gains its weight, the one that leads is taken and pays the sum.
// Equal weights give the order of the list.
func round(weights []int) []int32 {
	share, sum := 0, 0
	for _, w := range weights {
		share = divisor(share, w)
		sum += w
	}
	out := make([]int32, 0, sum/share)
	if sum/share == len(weights) { // all alike
		for i := range weights {
			out = append(out, int32(i))
		}
		return out
	}
	credit := make([]int, len(weights))
	for range sum / share {
		best := 0
		for i, w := range weights {
			credit[i] += w / share
			if credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= sum / share
		out = append(out, int32(best))
	}
	return out
}

// divisor is the greatest common divisor.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// pick is the request of the op with that number and seed.
func (t turns) pick(seq, seed uint64) int {
	if t.upTo == nil {
		return int(t.order[seq%uint64(len(t.order))])
	}
	// The seed is that of the op's body; the multiplier makes a stream apart.
	z := (seed ^ seed>>29) * 0xbf58476d1ce4e5b9
	draw := (z ^ z>>32) % t.upTo[len(t.upTo)-1]
	return sort.Search(len(t.upTo), func(i int) bool { return t.upTo[i] > draw })
}

// round is how many requests a round of the listed targets has.
func (o *Options) round() int {
	share, sum := 0, 0
	for _, t := range o.Targets.List {
		share = divisor(share, t.Weight)
		sum += t.Weight
	}
	return sum / max(share, 1)
}
