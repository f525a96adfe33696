package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// Read is scenarios.Parse and Build in one: the plan of a file, or everything
// that is wrong with it.
func Read(file string, src []byte, o scenarios.Options, kinds Kinds) (Plan, error) {
	var spec Spec
	o.Work = func(kind string, raw scenarios.Node) (emitter scenarios.Emitter, err error) {
		spec, err = kinds.Check(kind, raw)
		return spec, err
	}
	if named, ok := kinds.(interface{ Kinds() []string }); ok && o.Kinds == nil {
		o.Kinds = named.Kinds()
	}
	s, err := scenarios.Parse(file, src, o)
	if err != nil {
		return Plan{}, err
	}
	return build(s, spec), nil
}

// Build makes a scenario that Parse returned exact. The error is that of the
// kind of work.
func Build(s scenarios.Scenario, kinds Kinds) (Plan, error) {
	spec, err := kinds.Check(s.Work.Kind, s.Work.Raw)
	if err != nil {
		return Plan{}, err
	}
	if len(s.Arms) == 0 {
		return Plan{}, fmt.Errorf("plan: the scenario %q has no arms (read it with scenarios.Parse)", s.Name)
	}
	return build(s, spec), nil
}

func build(s scenarios.Scenario, spec Spec) Plan {
	p := Plan{Scenario: s, Spec: spec, Arms: arms(s), Cells: cells(s, spec), Looks: Looks(s.Design.Blocks)}
	p.Trials = trials(s.Design, len(p.Arms), len(p.Cells))
	p.Fingerprint = fingerprint(s, spec, p.Cells)
	p.Warnings = slices.Concat(p.doubtTwins(), p.doubts(), p.doubtHangs())
	return p
}

// Looks are the block counts after which a design of at most blocks blocks is
// judged; see scenarios.Looks.
func Looks(blocks int) []int { return scenarios.Looks(blocks) }

// arms are the scenario's arms and the null arm, which is last.
func arms(s scenarios.Scenario) []scenarios.Arm {
	out := append([]scenarios.Arm{}, s.Arms...)
	for _, a := range s.Arms {
		if s.Design.NullArm && a.Role == scenarios.Reference {
			a.ID, a.Role = NullID(a.ID), scenarios.Null
			out = append(out, a)
		}
	}
	return out
}

// cells are the product of the axes.
func cells(s scenarios.Scenario, spec Spec) []Cell {
	var out []Cell
	s.Cells.Each(func(id string, size unit.Bytes, http scenarios.Protocol, inFlight int) {
		if len(s.Cells.Sizes) == 0 {
			size = spec.Size()
		}
		if inFlight == 0 {
			inFlight = s.Load.InFlight
		}
		out = append(out, Cell{ID: id, Size: size, HTTP: http, InFlight: inFlight})
	})
	return out
}

// trials are all trials in order: block by block, the cells of a block in
// random order, and the arms of a cell next to each other, so that what is
// compared shares its conditions.
func trials(d scenarios.Design, arms, cells int) []Trial {
	random := rand.New(rand.NewPCG(d.Seed, 0x6c6f61646c696e65)) // the second word only sets this use apart
	orders := make([]*rotation, cells)
	for c := range orders {
		orders[c] = &rotation{arms: arms, random: random}
	}
	out := make([]Trial, 0, d.Blocks*cells*arms)
	for block := range d.Blocks {
		slot := 0
		for _, cell := range random.Perm(cells) {
			for _, arm := range orders[cell].next() {
				out = append(out, Trial{
					Index: len(out), Block: block, Slot: slot, Arm: arm, Cell: cell,
					Seed: mix(d.Seed, uint64(len(out))),
				})
				slot++
			}
		}
	}
	return out
}

// rotation hands out orders of the arms, block after block. It takes the rows
// of a random Latin square, each followed or preceded by its reverse: of any
// two arms, each comes first equally often, with a difference of at most one
// at any time, and over 2n blocks each arm stands in each place twice.
type rotation struct {
	arms   int
	random *rand.Rand
	queue  [][]int
}

func (r *rotation) next() []int {
	if len(r.queue) == 0 {
		first := r.random.Perm(r.arms)
		for _, shift := range r.random.Perm(r.arms) {
			row, back := make([]int, r.arms), make([]int, r.arms)
			for i := range row {
				row[i] = first[(i+shift)%r.arms]
				back[r.arms-1-i] = row[i]
			}
			if r.random.IntN(2) == 1 {
				row, back = back, row
			}
			r.queue = append(r.queue, row, back)
		}
	}
	order := r.queue[0]
	r.queue = r.queue[1:]
	return order
}

// mix makes a seed of its own for each trial (the finalizer of SplitMix64,
// Steele, Lea and Flood 2014).
func mix(seed, index uint64) uint64 {
	z := seed + (index+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
