package scenarios

import "math"

// The risks that a whole run spends, shared over its looks.
const (
	// AlphaRegressed is the chance to call an unchanged candidate REGRESSED,
	// over all relative comparisons of the run (Holm).
	AlphaRegressed = 0.01
	// AlphaPass is the chance, per comparison, to call a candidate PASS that
	// is worse by the margin.
	AlphaPass = 0.05
)

// Looks are the block counts after which a design of at most blocks blocks is
// judged, ascending; the last is blocks. Each look spends an equal part of the
// risks, so there are few: one up to 10 blocks, two up to 15, three above,
// spaced evenly in the logarithm (10, 20, 40 of 40).
func Looks(blocks int) []int {
	switch {
	case blocks < 1:
		return nil
	case blocks <= 10:
		return []int{blocks}
	case blocks < 16:
		return []int{8, blocks}
	}
	first := max(10, (blocks+3)/4)
	middle := int(math.Round(math.Sqrt(float64(first * blocks))))
	return []int{first, middle, blocks}
}

// LeastBlocks is the least cap of blocks with which relative comparisons can
// be decided. The extreme signed-rank bound of n pairs has the error 2^-n;
// that must not exceed the part of the risk that falls to one look, for
// REGRESSED also divided by the comparisons (the first rank of Holm).
func LeastBlocks(comparisons int) int {
	if comparisons < 1 {
		return 1
	}
	for blocks := 1; ; blocks++ {
		share := float64(len(Looks(blocks)))
		if extreme := math.Ldexp(1, -blocks); extreme <= AlphaPass/share && extreme <= AlphaRegressed/share/float64(comparisons) {
			return blocks
		}
	}
}

// Comparisons is the number of relative comparisons that a run makes: each
// relative criterion in each cell for each arm that it judges.
func (s Scenario) Comparisons() int {
	candidates := 0
	for _, a := range s.Arms {
		if a.Role == Candidate {
			candidates++
		}
	}
	n := 0
	for _, c := range s.Criteria {
		if !c.Relative() {
			continue
		}
		cells, arms := s.Cells.Count(), candidates
		if c.Cell != "" {
			cells = 1
		}
		if c.Arm != "" {
			arms = 1
		}
		n += cells * arms
	}
	return n
}

// LeastBlocks is the least number of blocks that can decide the scenario.
func (s Scenario) LeastBlocks() int { return LeastBlocks(s.Comparisons()) }
