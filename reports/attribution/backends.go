package attribution

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/metric"
)

// backend is what one backend did for the arm, over all trials of a cell.
type backend struct {
	name        string
	ops, failed uint64
	service     *record.Hist
}

func (s side) backends() []backend {
	sums := map[string]*backend{}
	for _, t := range s.trials {
		for name, b := range t.Backends {
			if sums[name] == nil {
				sums[name] = &backend{name: name, service: record.NewHist()}
			}
			sums[name].ops += b.Ops
			sums[name].failed += b.Failed
			sums[name].service.Merge(b.Service)
		}
	}
	var out []backend
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, *sums[name])
	}
	return out
}

// sickFactor is how many times slower than the others a backend is that is
// sick whatever the arm's figures are.
const sickFactor = 3

// sickBackend recognises one backend that is slow or fails where the others do
// not, by the name it gives.
func sickBackend(v view) []clue {
	for _, s := range v.harmed() {
		all := s.cand.backends()
		if len(all) < 2 {
			continue
		}
		var ops uint64
		for _, b := range all {
			ops += b.ops
		}
		for i, b := range all {
			others := slices.Delete(slices.Clone(all), i, i+1)
			share := 100 * float64(b.ops) / float64(max(1, ops))
			if text := v.slowBackend(s, b, others, share); text != "" {
				return []clue{{aboutSpeed, named, fmt.Sprintf("one sick backend (%s)", b.name), text}}
			}
			if text := v.failingBackend(s, b, others, share); text != "" {
				return []clue{{aboutFailure, named, fmt.Sprintf("one sick backend (%s)", b.name), text}}
			}
		}
	}
	return nil
}

// slowBackend says how much slower than the others a backend is, if it is so
// by far or if it alone is what regressed; else it says nothing.
func (v view) slowBackend(s scene, b backend, others []backend, share float64) string {
	slowest := 0.0
	for _, o := range others {
		if p := quantile(o.service, 0.5); p > slowest {
			slowest = p
		}
	}
	own := quantile(b.service, 0.5)
	q, without, carries := s.carries(b, others)
	if slowest == 0 || !(own > sickFactor*slowest) && !carries {
		return ""
	}
	text := fmt.Sprintf("backend %s serves %.0f %% of the ops%s and takes %s (p50) where no other takes more than %s",
		b.name, share, v.in(s), amount(own), amount(slowest))
	if !(own > sickFactor*slowest) {
		text += fmt.Sprintf("; without it p%.3g would be %s instead of %s, around %s", 100*q, amount(without),
			amount(s.cand.quantile(metric.Service, q)), amount(s.ref.quantile(metric.Service, q)))
	}
	return text
}

// failingBackend says what of a backend's ops failed, if a good part did and
// hardly any of the others', or if all that failed are its own and chance does
// not do that; else it says nothing.
func (v view) failingBackend(s scene, b backend, others []backend, share float64) string {
	var failed, ops uint64
	for _, o := range others {
		failed, ops = failed+o.failed, ops+o.ops
	}
	if float64(b.failed)/float64(max(1, b.ops)) > 0.2 && float64(failed)/float64(max(1, ops)) < 0.02 {
		return fmt.Sprintf("%d of %d ops of backend %s failed%s, and %d of %d of all others", b.failed, b.ops, b.name, v.in(s), failed, ops)
	}
	if s.cand.failedShare() <= 2*s.ref.failedShare() {
		return ""
	}
	for _, way := range manners([]scene{s}) {
		by, ok := culpritOf([]scene{s}, func(f record.Failure) bool { return mannerOf(f) == way })
		if !ok || by.name != b.name || v.told(way) {
			continue
		}
		if failed == 0 {
			return fmt.Sprintf("%d of %d ops of backend %s failed%s, and none of %d of all others; it serves %.0f %% of the ops", b.failed, b.ops, b.name, v.in(s), ops, share)
		}
		return fmt.Sprintf("all %d kept failures of the kind %s%s come from backend %s, which serves %.0f %% of the ops", by.kept, way, v.in(s), b.name, share)
	}
	return ""
}

// told reports whether the clue that says how ops fail names their backend.
func (v view) told(way manner) bool {
	switch way.outcome {
	case probes.Corrupt, probes.Swapped, probes.Stale, probes.Long:
		return true
	case probes.Short:
		return len(truncated(v))+len(partsUnasked(v)) > 0
	}
	return false
}

// Bounds of what counts as two kinds of ops.
const (
	gapFactor  = 4.0  // the slow kind takes so many times as long
	leastShare = 0.04 // of the ops in the slow kind
	mostShare  = 0.6
	leastOps   = 12
)

// everyKth recognises ops of two kinds without knowing the backends: a share
// of about 1/k is slow, and where the single ops are known, every k-th is.
func everyKth(v view) []clue {
	if len(sickBackend(v))+len(slowConnect(v)) > 0 {
		return nil
	}
	for _, s := range v.slow() {
		low, high, share, ok := twoKinds(s.cand)
		if !ok {
			continue
		}
		if _, _, _, too := twoKinds(s.ref); too {
			continue
		}
		k := int(math.Round(1 / share))
		if math.Abs(share*float64(k)-1) > 0.15 {
			continue
		}
		cause := fmt.Sprintf("one of about %d is slow: a sick backend among as many, or one op in as many treated differently", k)
		text := fmt.Sprintf("%.0f %% of the ops%s take %s or more and the others %s or less", 100*share, v.in(s), amount(high), amount(low))
		weight := likely
		if s.periodic(k, (low+high)/2) {
			text += fmt.Sprintf("; it is every %s op, as round robin over %d backends with one sick makes it", ordinal(k), k)
			cause = fmt.Sprintf("one sick backend of about %d", k)
			weight = named
		}
		return []clue{{aboutSpeed, weight, cause, text}}
	}
	return nil
}

// twoKinds splits the service times at their widest gap, in seconds: the
// largest of the fast kind, the smallest of the slow kind, and its share.
func twoKinds(s side) (low, high, share float64, ok bool) {
	done, _ := s.durations(metric.Service)
	n := done.Count()
	if n < leastOps {
		return 0, 0, 0, false
	}
	var before uint64
	previous, widest := 0.0, 0.0
	for top, k := range done.Buckets() {
		at := top.Seconds()
		slow := float64(n-before) / float64(n)
		if gap := at / previous; previous > 0 && gap > widest && slow >= leastShare && slow <= mostShare {
			widest, low, high, share = gap, previous, at, slow
		}
		before, previous = before+k, at
	}
	return low, high, share, widest >= gapFactor
}

// periodic reports whether the slow ops come at every k-th start.
func (s scene) periodic(k int, limit float64) bool {
	if k < 2 {
		return false
	}
	slow, hits := 0, 0
	for _, t := range s.cand.trials {
		residues := make([]int, k)
		n := 0
		for i, r := range byStart(t.Raw) {
			if r.Outcome == probes.OK && float64(r.End-r.Start)/1e9 > limit {
				residues[i%k]++
				n++
			}
		}
		slow, hits = slow+n, hits+slices.Max(residues)
	}
	return slow >= 4 && float64(hits) >= 0.8*float64(slow)
}

func ordinal(k int) string {
	switch k {
	case 2:
		return "2nd"
	case 3:
		return "3rd"
	}
	return fmt.Sprintf("%dth", k)
}
