package plan

import (
	"fmt"

	"loadline/scenarios/unit"
)

// Split parts the plan into n shards that sum to it: numbers in flight and
// limits are divided, and the ops of a schedule go round the shards by number.
// Trials, seeds and fingerprint are those of the whole, so that machines can
// tell that they run the same plan. It fails where a shard would be left with
// nothing: a limit of zero means none.
func (p Plan) Split(n int) ([]Plan, error) {
	if n < 1 {
		return nil, fmt.Errorf("plan: cannot split into %d shards", n)
	}
	if p.Shard.Count > 1 {
		return nil, fmt.Errorf("plan: shard %d of %d cannot be split again", p.Shard.Index, p.Shard.Count)
	}
	limits := p.Scenario.Limits
	for _, limit := range []struct {
		name string
		n    uint64
	}{{"limits.bytes", uint64(limits.Bytes)}, {"limits.requests", limits.Requests}} {
		if limit.n > 0 && limit.n < uint64(n) {
			return nil, fmt.Errorf("plan: %s of %d cannot be shared by %d machines (use fewer machines or raise it)", limit.name, limit.n, n)
		}
	}
	for _, c := range p.Cells {
		if c.InFlight > 0 && c.InFlight < n {
			return nil, fmt.Errorf("plan: %d in flight (cell %s) cannot be shared by %d machines (use fewer machines or raise in_flight)", c.InFlight, c.ID, n)
		}
	}
	shards := make([]Plan, n)
	for i := range shards {
		s := p
		s.Shard = Shard{Index: i, Count: n}
		s.Scenario.Limits.Bytes = unit.Bytes(s.Shard.of(uint64(limits.Bytes)))
		s.Scenario.Limits.Requests = s.Shard.of(limits.Requests)
		s.Scenario.Limits.Rate = limits.Rate / unit.BytesPerSecond(n)
		shards[i] = s
	}
	return shards, nil
}

// of is the shard's part of a whole; the parts of all shards sum to it.
func (s Shard) of(whole uint64) uint64 {
	if s.Count <= 1 {
		return whole
	}
	part := whole / uint64(s.Count)
	if uint64(s.Index) < whole%uint64(s.Count) {
		part++
	}
	return part
}

// Owns reports whether the shard starts the op of this number.
func (s Shard) Owns(seq uint64) bool {
	return s.Count <= 1 || seq%uint64(s.Count) == uint64(s.Index)
}
