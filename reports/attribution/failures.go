package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/unit"
)

// failing are the scenes in which the arm fails clearly more than the
// reference.
func (v view) failing() []scene {
	return v.those(func(s scene) bool {
		return s.cand.failed() > 0 && s.cand.failedShare() > 2*s.ref.failedShare()
	})
}

// manner is a way of failing: an outcome, with its status if that is it.
type manner struct {
	outcome probes.Outcome
	status  int
}

func mannerOf(f record.Failure) manner {
	if f.Outcome == probes.Status {
		return manner{f.Outcome, f.Status}
	}
	return manner{outcome: f.Outcome}
}

func (m manner) String() string {
	if m.status > 0 {
		return fmt.Sprintf("status %d", m.status)
	}
	return string(m.outcome)
}

// manners are the arm's ways of failing in scenes, the most frequent first.
func manners(scenes []scene) []manner {
	seen := map[manner]int{}
	for _, s := range scenes {
		for _, f := range s.cand.failures(anyFailure) {
			seen[mannerOf(f)]++
		}
	}
	var out []manner
	for m := range seen {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b manner) int {
		return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.status, b.status))
	})
	return out
}

// statuses says how the arm's ops failed.
func statuses(v view) []clue {
	var found []clue
	for _, s := range v.failing() {
		var ways []string
		for _, m := range manners([]scene{s}) {
			ways = append(ways, m.String())
		}
		if len(ways) == 0 {
			ways = []string{"in a way that was not kept"}
		}
		text := fmt.Sprintf("%d of %d ops%s failed (%s); around %d of %d",
			s.cand.failed(), s.cand.ended(), v.in(s), strings.Join(ways, ", "), s.ref.failed(), s.ref.ended())
		for _, f := range s.cand.failures(func(f record.Failure) bool { return f.Message != "" }) {
			text += ": " + f.Message
			break
		}
		found = append(found, clue{about: aboutFailure, weight: support, evidence: text})
	}
	return found
}

// failsAlike says where the reference fails about as often as the arm: then
// the path that changed is not what makes ops fail. Few failures say that only
// if they come in the same blocks: an origin that dies breaks a connection here
// and is answered with a status there.
func failsAlike(v view) []clue {
	if len(truncated(v)) > 0 {
		return nil // the reference fails visibly where the arm hides it
	}
	var found []clue
	for _, s := range v.harmed() {
		if s.slow || s.cand.failedShare() > 2*s.ref.failedShare() {
			continue
		}
		text := fmt.Sprintf("%d of %d ops%s failed, and %d of %d around: what fails lies behind both paths, or in each", s.cand.failed(), s.cand.ended(), v.in(s), s.ref.failed(), s.ref.ended())
		switch {
		case s.cand.failedShare() >= leastAlike && s.ref.failedShare() >= leastAlike:
			found = append(found, clue{aboutFailure, likely, fmt.Sprintf("`%s` fails about as often, so not this path alone", v.reference), text})
		case s.failTogether():
			found = append(found, clue{aboutFailure, likely, fmt.Sprintf("`%s` fails at the same time and about as often, so what is behind both is likelier than this path", v.reference),
				fmt.Sprintf("%s; %s", text, v.whenBoth(s))})
		}
	}
	return found
}

const (
	// leastAlike is the share of failed ops from which two arms can be called
	// alike whenever they fail.
	leastAlike = 0.01
	// leastTogether is how many failures of each arm it takes at least where
	// they are fewer.
	leastTogether = 2
	// toldApart is the number of standard errors from which on the arm's share
	// is larger than the reference's: one time in twenty by chance.
	toldApart = 1.645
)

// failTogether reports whether both arms fail in the same blocks, other blocks
// are well in both, and the arm's share is not told from the reference's (the
// test of two proportions with their common one).
func (s scene) failTogether() bool {
	if s.cand.failed() < leastTogether || s.ref.failed() < leastTogether {
		return false
	}
	n, of := float64(s.cand.ended()), float64(s.ref.ended())
	common := float64(s.cand.failed()+s.ref.failed()) / (n + of)
	if s.cand.failedShare()-s.ref.failedShare() > toldApart*math.Sqrt(common*(1-common)*(1/n+1/of)) {
		return false
	}
	in := s.cand.failedBlocks()
	return slices.Equal(in, s.ref.failedBlocks()) && len(in) < len(s.cand.trials)
}

// failedBlocks are the blocks, from 0 on and ascending, in which an op failed.
func (s side) failedBlocks() []int {
	var in []int
	for _, t := range s.trials {
		if (side{ops: t.Ops}).failed() > 0 && !slices.Contains(in, t.Block) {
			in = append(in, t.Block)
		}
	}
	slices.Sort(in)
	return in
}

// whenBoth says in how many blocks both fail, and that they fail differently
// if they do.
func (v view) whenBoth(s scene) string {
	text := fmt.Sprintf("both in the same %d of %d blocks", len(s.cand.failedBlocks()), len(s.cand.trials))
	here, there := wayWords(s.cand), wayWords(s.ref)
	if here != there {
		text += fmt.Sprintf(", `%s` with %s and `%s` with %s, as two paths word the end of one origin", v.arm, here, v.reference, there)
	}
	return text
}

func wayWords(s side) string {
	var ways []string
	for _, m := range manners([]scene{{cand: s}}) {
		ways = append(ways, m.String())
	}
	return strings.Join(ways, " and ")
}

// neverWorks recognises an arm none of whose ops ever worked.
func neverWorks(v view) []clue {
	var n uint64
	for _, s := range v.scenes {
		if s.cand.ops[probes.OK] > 0 || s.cand.moved > 0 {
			return nil
		}
		n += s.cand.failed()
	}
	ways := manners(v.failing())
	if n == 0 || len(ways) == 0 {
		return nil
	}
	text := fmt.Sprintf("all of %d ops failed", n)
	if protocol := v.unnegotiated(); protocol != "" {
		return []clue{{aboutFailure, named, protocol + " is not negotiated any more", text}}
	}
	if ways[0].status == tooLarge {
		return []clue{{aboutFailure, named, "a body size limit (status 413)", text}}
	}
	return []clue{{aboutFailure, likely, "nothing works (" + ways[0].String() + ")", text}}
}

// ignoredRange is how the probe words that a range was asked for in vain.
const ignoredRange = "the Range header was ignored"

// rangesIgnored recognises an arm that answers with whole objects where parts
// of them are asked for, and the reference does not.
func rangesIgnored(v view) []clue {
	ignored := func(f record.Failure) bool {
		return f.Outcome == probes.Protocol && strings.Contains(f.Message, ignoredRange)
	}
	for _, s := range v.failing() {
		if len(s.cand.failures(ignored)) == 0 || s.equallyBad(probes.Protocol) {
			continue
		}
		return []clue{{aboutFailure, named, "Range requests are answered with whole objects",
			fmt.Sprintf("%d of %d ops%s asked for a part of an object and did not get it, around %d of %d: something on the path drops the Range header, or serves without ranges",
				s.cand.ops[probes.Protocol], s.cand.ended(), v.in(s), s.ref.ops[probes.Protocol], s.ref.ended())}}
	}
	return nil
}

// sizeCliff recognises bodies that fail from some size on.
func sizeCliff(v view) []clue {
	var works, fails unit.Bytes = -1, -1
	for _, s := range v.scenes {
		if s.cell.Size <= 0 || s.cand.ended() == 0 {
			continue
		}
		switch share := s.cand.failedShare(); {
		case share <= 0.05:
			works = max(works, s.cell.Size)
		case share >= 0.5 && s.ref.failedShare() < 0.25:
			if fails < 0 || s.cell.Size < fails {
				fails = s.cell.Size
			}
		}
	}
	if works < 0 || fails < 0 || works >= fails {
		return nil
	}
	weight, cause := likely, "bodies fail above a size between "+works.String()+" and "+fails.String()
	if ways := manners(v.failing()); len(ways) > 0 && ways[0].status == tooLarge {
		weight, cause = named, fmt.Sprintf("a body size limit between %s and %s (status 413)", works, fails)
	}
	return []clue{{aboutFailure, weight, cause, fmt.Sprintf("bodies of %s work and those of %s fail", works, fails)}}
}

// idleDropped recognises connections that are dropped while idle, or that
// carry one op only: ops fail on connections that were used before, and never
// on fresh ones. Fresh ones need
// not be among the measured ops: a trial whose ops fail on used connections
// had fresh ones that worked, before.
func idleDropped(v view) []clue {
	var fresh, freshFailed, reused, reusedFailed, trials int
	for _, s := range v.failing() {
		for _, t := range s.cand.trials {
			seen := map[uint64]bool{}
			before := reusedFailed
			for _, r := range t.Raw {
				if r.Conn == 0 || r.Outcome == probes.Cut {
					continue
				}
				switch failed := r.Outcome.Failed(); {
				case !seen[r.Conn] && !r.Reused:
					fresh++
					if failed {
						freshFailed++
					}
				default:
					reused++
					if failed {
						reusedFailed++
					}
				}
				seen[r.Conn] = true
			}
			if reusedFailed > before {
				trials++
			}
		}
	}
	idle := v.idle()
	spared := sparedByChance(fresh, reused, reusedFailed) <= chance
	shown := spared || idle != "" && trials >= 3
	if !shown || reusedFailed < 3 || freshFailed > 0 || 5*reusedFailed < reused {
		return nil
	}
	pause, cause := "", "ops on a connection that was used before fail"
	if idle != "" {
		pause, cause = " after a pause of "+idle, "connections dropped while idle"
	}
	text := fmt.Sprintf("%d of %d ops on a connection used before%s failed, and none of %d on a fresh one", reusedFailed, reused, pause, fresh)
	if !spared {
		text = fmt.Sprintf("%d of %d ops on a connection used before%s failed; each of these connections had worked until then, in each of %d trials", reusedFailed, reused, pause, trials)
	}
	return []clue{{aboutFailure, named, cause, text}}
}

// deadAddress recognises one of several addresses that never answers.
func deadAddress(v view) []clue {
	works, fails := map[string]bool{}, map[string]int{}
	for _, s := range v.scenes {
		for _, t := range s.cand.trials {
			for _, p := range t.Peers {
				works[p.Address] = works[p.Address] || p.Protocol != ""
			}
			for _, f := range t.Failures {
				if f.Peer != "" && (f.Outcome == probes.Refused || f.Outcome == probes.TLS) {
					fails[f.Peer]++
				}
			}
		}
	}
	var dead []string
	var alive []string
	for address, ok := range works {
		if ok {
			alive = append(alive, address)
		}
	}
	for address := range fails {
		if !works[address] {
			dead = append(dead, address)
		}
	}
	if len(dead) == 0 || len(alive) == 0 {
		return nil
	}
	slices.Sort(dead)
	slices.Sort(alive)
	return []clue{{aboutFailure, named, "a dead address among those dialled (" + strings.Join(dead, ", ") + ")",
		fmt.Sprintf("%s never took a connection, and %s did", strings.Join(dead, ", "), strings.Join(alive, ", "))}}
}
