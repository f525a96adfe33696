package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// Counted is the run with every body that is not what the reference serves
// counted as what it is: an op with wrong bytes. It concerns objects of which the
// scenario does not say what they hold; a run without such is returned as it is.
//
// The reference is the standard only where all its bodies are the same. A run
// that was counted before stays as it is.
func Counted(run record.Run) record.Run {
	counted, _ := holdBodies(run)
	return counted
}

// version is one content of an object as the trials of some arms saw it. Times
// are from the start of the run.
type version struct {
	ops                 uint64
	firstEnd, lastStart time.Duration
}

// versions are contents by SHA-256.
type versions map[string]version

func versionsOf(trials []record.Trial) versions {
	vs := versions{}
	for _, t := range trials {
		for _, b := range t.Bodies {
			v, known := vs[b.SHA256]
			if !known {
				v.firstEnd = math.MaxInt64
			}
			v.ops += b.Ops
			v.firstEnd = min(v.firstEnd, t.At+b.FirstEnd)
			v.lastStart = max(v.lastStart, t.At+b.LastStart)
			vs[b.SHA256] = v
		}
	}
	return vs
}

// ops is how many bodies there were.
func (vs versions) ops() (n uint64) {
	for _, v := range vs {
		n += v.ops
	}
	return n
}

// without are the versions that others does not have.
func (vs versions) without(others versions) versions {
	left := maps.Clone(vs)
	maps.DeleteFunc(left, func(sum string, _ version) bool { _, has := others[sum]; return has })
	return left
}

// compared is what holding a candidate's bodies against the reference's came to.
type compared struct {
	// wrong are the versions that are not the right one, and why in words.
	wrong versions
	why   string
	// open says that nothing tells right from wrong, empty if something does.
	open string
	// remark is what a reader should know besides.
	remark string
}

// holdBodies holds the bodies of every candidate against those of the reference
// in the same cell.
func holdBodies(run record.Run) (counted record.Run, found map[place]compared) {
	if !slices.ContainsFunc(run.Trials, func(t record.Trial) bool { return len(t.Bodies) > 0 }) {
		return run, nil
	}
	run.Trials = slices.Clone(run.Trials)
	reference := ""
	trials := map[place][]record.Trial{}
	for _, t := range run.Trials {
		trials[place{t.Cell, t.Arm}] = append(trials[place{t.Cell, t.Arm}], t)
	}
	for _, a := range run.Header.Arms {
		if a.Role == scenarios.Reference && reference == "" {
			reference = a.ID
		}
	}
	found = map[place]compared{}
	for _, a := range run.Header.Arms {
		for _, c := range run.Header.Cells {
			if at := (place{c.ID, a.ID}); a.Role == scenarios.Candidate {
				found[at] = held{at, reference, versionsOf(trials[place{c.ID, reference}]), versionsOf(trials[at])}.judge()
			}
		}
	}
	for i, t := range run.Trials {
		if c := found[place{t.Cell, t.Arm}]; len(c.wrong) > 0 {
			run.Trials[i] = c.count(t)
		}
	}
	return run, found
}

// held are the bodies of a candidate beside those of the reference.
type held struct {
	at        place
	reference string
	ref, cand versions
}

const pinIt = "(hint: work.expect.sha256)"

func (h held) judge() compared {
	foreign := h.cand.without(h.ref)
	through := fmt.Sprintf("`%s`%s", h.at.arm, inCell(h.at.cell))
	switch {
	case len(h.ref) == 0 && len(h.cand) > 1:
		return compared{open: "nothing says which is right",
			remark: fmt.Sprintf("bodies through %s differ among themselves, %s among %s, and nothing says which is right %s",
				through, count(len(h.cand), "content"), count(h.cand.ops(), "download"), pinIt)}
	case len(h.ref) == 0:
		return compared{open: "work.expect names no sha256, and no other arm shows what is right"}
	case len(h.ref) > 1:
		return compared{open: fmt.Sprintf("`%s` served different bodies itself", h.reference),
			remark: fmt.Sprintf("`%s` served %s of the object and %s %s: it changes, so nothing tells right bytes from wrong ones; %d of %s had bytes that `%s` never served %s",
				h.reference, count(len(h.ref), "content"), through, count(len(h.cand), "content"),
				foreign.ops(), count(h.cand.ops(), "download"), h.reference, pinIt)}
	case len(foreign) == 0:
		return compared{}
	case h.changed(foreign):
		return compared{open: "the object seems to have changed",
			remark: fmt.Sprintf("the object seems to have changed during the run: %d of %s through %s had bytes that `%s` never served %s",
				foreign.ops(), count(h.cand.ops(), "download"), through, h.reference, pinIt)}
	}
	right := slices.Collect(maps.Keys(h.ref))[0]
	kind := "an older version, as from a stale cache, or damaged"
	if len(foreign) > 1 {
		kind = fmt.Sprintf("%s: damaged on the way, or older versions", count(len(foreign), "wrong content"))
	}
	return compared{wrong: foreign,
		why: fmt.Sprintf("other bytes than `%s` always serves, of the same length: %s", h.reference, kind),
		remark: fmt.Sprintf("work.expect names no sha256, so what `%s` always served was the standard (hint: expect: {sha256: %s} if that is right)",
			h.reference, right)}
}

// changed reports whether all that was served fits an object that was replaced
// once, too late or too early for the reference to be asked after or before. A
// candidate that never served the right content was not waiting for that.
func (h held) changed(foreign versions) bool {
	if len(foreign) != 1 {
		return false
	}
	for sum, both := range h.ref {
		own, served := h.cand[sum]
		if !served {
			return false
		}
		both.firstEnd, both.lastStart = min(both.firstEnd, own.firstEnd), max(both.lastStart, own.lastStart)
		for _, other := range foreign {
			if both.lastStart > other.firstEnd && other.lastStart > both.firstEnd {
				return false
			}
		}
	}
	return true
}

// count makes the wrong bodies of a trial failed ops, which moved nothing of use.
func (c compared) count(t record.Trial) record.Trial {
	good := t.Ops[probes.OK]
	var bad uint64
	var kept []record.Body
	failures := slices.Clone(t.Failures)
	for _, b := range t.Bodies {
		if _, wrong := c.wrong[b.SHA256]; !wrong {
			kept = append(kept, b)
			continue
		}
		bad += b.Ops
		if len(failures) < record.FailureLimit {
			failures = append(failures, record.Failure{Name: b.Op, Outcome: probes.Corrupt, At: b.FirstEnd, Message: c.why + "; SHA-256 " + abbreviated(b.SHA256)})
		}
	}
	if bad = min(bad, good); bad == 0 {
		return t
	}
	t.Bodies, t.Failures, t.Ops = kept, failures, maps.Clone(t.Ops)
	t.Ops[probes.OK] -= bad
	t.Ops[probes.Corrupt] += bad
	useless := unit.Bytes(float64(t.Bytes.Proven) * float64(bad) / float64(good))
	t.Bytes.Proven -= useless
	t.Bytes.Moved -= useless
	return t
}

// abbreviated is enough of a digest to know it again.
func abbreviated(sum string) string {
	const few = 12
	if len(sum) <= few {
		return sum
	}
	return sum[:few] + "…"
}
