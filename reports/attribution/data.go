package attribution

import (
	"fmt"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
)

// ledger sums the accused arm's ack ledger, with its cases.
func (v view) ledger() record.Integrity { return v.ledgerOf(v.arm) }

func (v view) ledgerOf(arm string) (sum record.Integrity) {
	for _, l := range v.run.Integrity {
		if l.Arm != arm {
			continue
		}
		sum.Acknowledged += l.Acknowledged
		sum.Intact += l.Intact
		sum.Lost += l.Lost
		sum.Unverified += l.Unverified
		sum.Corrupt += l.Corrupt
		sum.ReadWrong += l.ReadWrong
		sum.Duplicated += l.Duplicated
		sum.RefusedButStored += l.RefusedButStored
		sum.Refused += l.Refused
		sum.OwnPathOnly += l.OwnPathOnly
		sum.Cases = append(sum.Cases, l.Cases...)
	}
	return sum
}

// such is the first case of a finding, in words; empty if none was kept.
func such(cases []record.Case, finding string) string {
	for _, c := range cases {
		if c.Finding == finding {
			text := ", such as " + c.Name
			if len(c.Evidence) > 0 {
				text += " (" + c.Evidence[0] + ")"
			}
			return text
		}
	}
	return ""
}

// part is the share of uploads that a finding of the ledger is about.
func part(n, of uint64) float64 { return float64(n) / float64(max(1, of)) }

// lostData says what was acknowledged and is nowhere.
func lostData(v view) []clue {
	l := v.ledger()
	if l.Lost == 0 {
		return nil
	}
	cause, text := "uploads acknowledged and not stored", fmt.Sprintf("%d of %d acknowledged uploads are on no path that answers%s", l.Lost, l.Acknowledged, such(l.Cases, "lost"))
	around := v.ledgerOf(v.reference)
	c, _ := v.besides(clue{aboutData, fact, cause, text}, part(l.Lost, l.Acknowledged), around.Lost, around.Acknowledged)
	return []clue{c}
}

// keptBack says that part of what the arm took is where only it looks: in a
// cache, or on a backend with a store of its own. Where neither arm sees what
// the other took they have a store each, which explains nothing.
func keptBack(v view) []clue {
	l, around := v.ledger(), v.ledgerOf(v.reference)
	if l.OwnPathOnly == 0 || around.SeenByOthers() == 0 {
		return nil
	}
	return []clue{{aboutData, fact, "uploads kept where no other path finds them",
		fmt.Sprintf("%d of %d acknowledged uploads can be read through `%s` alone%s, while what `%s` took is seen through both: it caches what it should pass on, or leads to backends that do not share a store",
			l.OwnPathOnly, l.Acknowledged, v.arm, such(l.Cases, "own_path_only"), v.reference)}}
}

// besides adds to a clue about the arm's uploads how many of the reference's
// show the same, and where it is as large a share of them, or nearly, that both
// do: the path that changed is then not what does it.
func (v view) besides(c clue, share float64, around, of uint64) (said clue, alike bool) {
	if around == 0 {
		return c, false
	}
	c.evidence += fmt.Sprintf(", around %d of %d", around, of)
	if part(around, of) <= share/2 {
		return c, false
	}
	c.cause += fmt.Sprintf(" (`%s` about as often)", v.reference)
	c.evidence += ": what does that lies behind both paths, or in each"
	return c, true
}

// wronglyStored is how many uploads are stored with wrong bytes. In records of
// before ReadWrong, Corrupt counts what came back wrong through the arm too.
func wronglyStored(l record.Integrity) uint64 {
	return min(l.Corrupt, l.Acknowledged-min(l.Acknowledged, l.Intact+l.Lost+l.Unverified))
}

// wrongBytes says what arrived or was stored with other bytes.
func wrongBytes(v view) []clue {
	var found []clue
	l := v.ledger()
	stored := wronglyStored(l)
	if stored > 0 {
		around := v.ledgerOf(v.reference)
		c, _ := v.besides(clue{aboutData, fact, "uploads stored with wrong bytes",
			fmt.Sprintf("%d of %d acknowledged uploads read back with wrong bytes%s", stored, l.Acknowledged, such(l.Cases, "corrupt"))},
			part(stored, l.Acknowledged), wronglyStored(around), around.Acknowledged)
		found = append(found, c)
	}
	if read := l.Corrupt - stored + l.ReadWrong; read > 0 {
		found = append(found, clue{aboutData, fact, "intact objects read with wrong bytes",
			fmt.Sprintf("%d objects read back with wrong bytes through `%s` that are intact through another path%s", read, v.arm, such(l.Cases, "corrupt"))})
	}
	for _, k := range []struct {
		outcome     probes.Outcome
		cause, text string
	}{
		{probes.Corrupt, "bodies delivered with wrong bytes", "%d of %d answers had wrong bytes%s"},
		{probes.Swapped, "bodies of other objects delivered", "%d of %d answers carried another object's body%s"},
		{probes.Stale, "stale bodies delivered", "%d of %d answers carried an older body%s"},
		{probes.Long, "bodies delivered too long", "%d of %d answers had more bytes than were asked for%s"},
	} {
		if n, of, example := v.count(k.outcome); n > 0 {
			found = append(found, v.blame(clue{aboutData, fact, k.cause, fmt.Sprintf(k.text, n, of, example)},
				func(f record.Failure) bool { return f.Outcome == k.outcome }))
		}
	}
	return found
}

// count is how many of the arm's ops ended with an outcome, with an example,
// leaving out cells in which the reference shows it as much.
func (v view) count(o probes.Outcome) (n, of uint64, example string) {
	for _, s := range v.scenes {
		if s.cand.ops[o] == 0 || s.equallyBad(o) {
			continue
		}
		n, of = n+s.cand.ops[o], of+s.cand.ended()
		for _, f := range s.cand.failures(func(f record.Failure) bool { return f.Outcome == o }) {
			if example == "" && f.Message != "" {
				example = ", such as " + f.Name + " (" + f.Message + ")"
			}
		}
	}
	return n, of, example
}

// equallyBad reports whether the reference shows an outcome about as often: it
// is then no matter of the arm.
func (s scene) equallyBad(o probes.Outcome) bool {
	if s.ref.ended() == 0 {
		return false
	}
	cand := float64(s.cand.ops[o]) / float64(max(1, s.cand.ended()))
	return float64(s.ref.ops[o])/float64(s.ref.ended()) > cand/2
}

// silentEnd is how the probe words an answer that ended early without any sign
// of an error; one that broke visibly reads otherwise.
const silentEnd = "as if that were all"

// truncated recognises bodies that end early although the answer said success,
// and what the same objects did around.
func truncated(v view) []clue {
	silent := func(f record.Failure) bool {
		return f.Outcome == probes.Short && f.Status/100 == 2 && strings.Contains(f.Message, silentEnd) && !v.unaskedPart(f)
	}
	var n, of, broken, refOf uint64
	status, cell := 0, ""
	for _, s := range v.scenes {
		kept := s.cand.failures(silent)
		if len(kept) == 0 || len(s.ref.failures(silent)) > 0 {
			continue
		}
		status, cell = kept[0].Status, v.in(s)
		n, of = n+s.cand.ops[probes.Short], of+s.cand.ended()
		broken, refOf = broken+s.ref.failed(), refOf+s.ref.ended()
	}
	if n == 0 {
		return nil
	}
	text := fmt.Sprintf("%d of %d answers with status %d%s ended before the body was whole, without any sign of an error", n, of, status, cell)
	if broken > 0 {
		text += fmt.Sprintf("; around, %d of %d break with a visible error instead: the origin dies mid-body, and the path hides it (as an HTTP/1.0 hop does, whose bodies end when the connection does)", broken, refOf)
	}
	return []clue{v.blame(clue{aboutData, fact, fmt.Sprintf("bodies truncated under status %d", status), text}, silent)}
}

// duplicates says what was sent once and stored more than once, and whether
// the reference does that too.
func duplicates(v view) []clue {
	l, around := v.ledger(), v.ledgerOf(v.reference)
	if l.Duplicated == 0 {
		return nil
	}
	c, alike := v.besides(clue{aboutData, fact, "uploads stored more than once",
		fmt.Sprintf("the origin stored %d of %d uploads more than once%s", l.Duplicated, l.Acknowledged, such(l.Cases, "duplicated"))},
		part(l.Duplicated, l.Acknowledged), around.Duplicated, around.Acknowledged)
	if !alike {
		c.evidence += ": something on the path sends them again"
	}
	return []clue{c}
}
