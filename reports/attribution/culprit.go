package attribution

import (
	"fmt"
	"math"

	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// leastByOne is the number of failures below which their all being one
// backend's says nothing, however little it serves.
const leastByOne = 2

// culprit is the one backend that all kept failures of a kind come from, in
// scenes that all have some.
type culprit struct {
	name  string
	kept  int
	share float64 // of the ops that named their backend
}

// culpritOf finds it; ok is false if others have such failures too, if one
// names no backend, or if chance alone would put them all there: with k of
// them, in a backend that serves the share p, p^k.
func culpritOf(scenes []scene, match func(record.Failure) bool) (c culprit, ok bool) {
	var own, all uint64
	for _, s := range scenes {
		for _, f := range s.cand.failures(match) {
			if f.Backend == "" || c.name != "" && f.Backend != c.name {
				return culprit{}, false
			}
			c.name = f.Backend
			c.kept++
		}
	}
	for _, s := range scenes {
		for _, b := range s.cand.backends() {
			all += b.ops
			if b.name == c.name {
				own += b.ops
			}
		}
	}
	if c.kept < leastByOne || own == 0 {
		return culprit{}, false
	}
	c.share = float64(own) / float64(all)
	return c, math.Pow(c.share, float64(c.kept)) < chance
}

// blame adds the culprit to what a clue says happens, if there is one.
func (v view) blame(c clue, match func(record.Failure) bool) clue {
	if by, ok := culpritOf(v.scenes, match); ok {
		c.cause += fmt.Sprintf(", all by backend `%s`", by.name)
		c.evidence += fmt.Sprintf("; all %d that were kept came from backend %s, which serves %.0f %% of the ops", by.kept, by.name, 100*by.share)
	}
	return c
}

const (
	// leastEffect is from when on a difference of a backend is looked at.
	leastEffect = 1.1
	// mostLeft is the part of the regressed effect that may be left without
	// the backend to which it is put down.
	mostLeft = 0.3
)

// carries reports whether a slow scene would be as fast as the reference, or
// nearly so, without one backend that is slower than all others: its typical
// op takes longer than nine in ten of theirs. It gives the quantile looked at
// and what it would be without the backend, in seconds.
func (s scene) carries(b backend, others []backend) (q, without float64, ok bool) {
	rest := record.NewHist()
	for _, o := range others {
		rest.Merge(o.service)
		if !(quantile(b.service, 0.5) > leastEffect*quantile(o.service, 0.5)) || !(quantile(b.service, 0.5) > quantile(o.service, 0.9)) {
			return 0, 0, false
		}
	}
	if !s.slow || b.service.Count() < leastOps || rest.Count() < leastOps {
		return 0, 0, false
	}
	for _, q := range s.at {
		with, ref := s.cand.quantile(metric.Service, q), s.ref.quantile(metric.Service, q)
		without := quantile(rest, q)
		if with > leastEffect*ref && without-ref <= mostLeft*(with-ref) {
			return q, without, true
		}
	}
	return 0, 0, false
}
