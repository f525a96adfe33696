package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
)

const (
	// mostBackends is the largest number of backends that turns are counted for.
	mostBackends = 8
	// leastTurns is how many times every k-th op must have come as the k-th.
	leastTurns = 6
	// mostlyInTurn is the share of the failures that do.
	mostlyInTurn = 0.8
)

// nameless recognises a backend that never says its name, beside others that
// do and all work: what should be its answers are failures in turn. Failures
// that come at random are put down to nobody, and neither are those that go by
// the request, or by how many a connection had carried.
func nameless(v view) []clue {
	header := v.backendHeader()
	if header == "" || len(rateLimited(v))+len(idleDropped(v))+len(keptClosed(v)) > 0 {
		return nil
	}
	for _, s := range v.failing() {
		names := s.namesOfWorking()
		k := int(math.Round(float64(s.cand.ended()) / float64(s.cand.failed())))
		if len(names) == 0 || k < 2 || k > mostBackends || k <= len(names) || !s.failsInTurn(k) || s.failsByRequest(k) || s.failsByConnection(k) {
			continue
		}
		if v.run.Header.Scenario.Load.Model != scenarios.Closed && (len(names) < 2 || k != len(names)+1) {
			continue // where ops come at a rate, a limit on it lets every so many pass
		}
		return []clue{v.namelessClue(s, k, header, names)}
	}
	return nil
}

func (v view) namelessClue(s scene, k int, header string, names []string) clue {
	cause := fmt.Sprintf("every %s op fails and names no backend: likely one backend of %d, that refuses or is dead before it can say its name", ordinal(k), k)
	text := fmt.Sprintf("%d of %d ops%s failed without %s, every %s in turn, and all %d of %s went well",
		s.cand.failed(), s.cand.ended(), v.in(s), header, ordinal(k), s.cand.ops[probes.OK], strings.Join(names, ", "))
	if k > len(names)+1 {
		text += fmt.Sprintf("; the %d others give no more than %d name%s", k-1, len(names), plural(len(names)))
	}
	if ways := manners([]scene{s}); len(ways) == 1 {
		if a := v.lasted(ways[0]); a.fixed() {
			cause += fmt.Sprintf(" (given up after about %s)", amount(a.mid))
		}
	}
	return clue{aboutFailure, named, cause, text}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// backendHeader is the header by which the accused arm's backends say their
// names, empty if none is read.
func (v view) backendHeader() string {
	for _, a := range v.run.Header.Arms {
		if a.ID == v.arm {
			return a.Target.Backend
		}
	}
	return ""
}

// namesOfWorking are the backends' names if all ops that went well gave one and
// no failure did; else there are none.
func (s scene) namesOfWorking() (names []string) {
	var ops uint64
	for _, b := range s.cand.backends() {
		if b.failed > 0 {
			return nil
		}
		names, ops = append(names, b.name), ops+b.ops
	}
	if ops != s.cand.ops[probes.OK] || len(s.cand.failures(func(f record.Failure) bool { return f.Backend != "" })) > 0 {
		return nil
	}
	return names
}

// failsInTurn reports whether every k-th op fails: as the single ops tell, or,
// where they were not kept or overtake each other, as each trial has so exactly
// its share that failures at random would not have.
func (s scene) failsInTurn(k int) bool {
	turns, gaps := 0, 0
	even, random := true, 1.0
	for _, t := range s.cand.trials {
		last := -1
		for i, r := range byStart(t.Raw) {
			if !r.Outcome.Failed() {
				continue
			}
			if last >= 0 {
				gaps++
				if i-last == k {
					turns++
				}
			}
			last = i
		}
		one := side{ops: t.Ops}
		n := float64(one.ended())
		even = even && math.Abs(float64(one.failed())-n/float64(k)) <= 1
		if n > 0 {
			sd := math.Sqrt(n*float64(k-1)) / float64(k)
			random *= math.Erf(1.5 / (sd * math.Sqrt2))
		}
	}
	return turns >= leastTurns && float64(turns) >= mostlyInTurn*float64(gaps) || even && random < chance
}

func byStart(ops []record.Raw) []record.Raw {
	sorted := slices.Clone(ops)
	slices.SortStableFunc(sorted, func(a, b record.Raw) int { return cmp.Compare(a.Start, b.Start) })
	return sorted
}

// failsByRequest reports whether the failures of all trials are ops of the same
// turn in the list of requests, which goes by their number.
func (s scene) failsByRequest(k int) bool {
	turns := map[uint64]bool{}
	for _, f := range s.cand.failures(anyFailure) {
		turns[f.Seq%uint64(k)] = true
	}
	return len(turns) < 2
}

// failsByConnection reports whether the failures are the k-th op on their
// connections, as behind something that counts or closes them.
func (s scene) failsByConnection(k int) bool {
	failed, kth := 0, 0
	for _, t := range s.cand.trials {
		carried := map[uint64]int{}
		for _, r := range byStart(t.Raw) {
			carried[r.Conn]++
			if r.Outcome.Failed() && r.Conn != 0 {
				failed++
				if carried[r.Conn]%k == 0 {
					kth++
				}
			}
		}
	}
	return failed > 0 && float64(kth) >= mostlyInTurn*float64(failed)
}
