package verdict

import (
	"fmt"
	"math"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// sighted is the count behind a criterion on errors or integrity; ok is false
// for every other metric.
func (m measured) sighted(c scenarios.Criterion, at place) (s sighting, ok bool) {
	switch c.Metric {
	case metric.Errors:
		return m.errors(at), true
	case metric.IntegrityLost:
		return m.lost(at), true
	case metric.IntegrityCorrupt:
		return m.corrupt(at), true
	case metric.IntegrityShort:
		return m.short(at), true
	case metric.IntegrityDuplicate:
		return m.duplicated(at), true
	}
	return s, false
}

// ledgerOf is the ack ledger of an arm in a cell; ok is false if there is none.
func (m measured) ledgerOf(at place) (l record.Integrity, ok bool) {
	for _, i := range m.run.Integrity {
		if i.Arm == at.arm && i.Cell == at.cell {
			l = add(l, i)
			ok = true
		}
	}
	return l, ok
}

func add(a, b record.Integrity) record.Integrity {
	a.Acknowledged += b.Acknowledged
	a.Intact += b.Intact
	a.Lost += b.Lost
	a.Corrupt += b.Corrupt
	a.Duplicated += b.Duplicated
	a.Refused += b.Refused
	a.RefusedButStored += b.RefusedButStored
	a.Unverified += b.Unverified
	a.ReadWrong += b.ReadWrong
	a.OwnPathOnly += b.OwnPathOnly
	a.Cases = append(a.Cases, b.Cases...)
	return a
}

// looked is how many acknowledged bodies were found out about.
func looked(l record.Integrity) uint64 { return l.Intact + l.Lost + l.Corrupt }

// lost is what was acknowledged and is not there.
func (m measured) lost(at place) sighting {
	s := sighting{among: "acknowledged upload", one: "was lost", many: "were lost", integrity: true, onlyAtEnd: true}
	l, ok := m.ledgerOf(at)
	if !ok {
		s.blind = "nothing was read back, so nothing is known of what was stored"
		return s
	}
	s.events, s.of = l.Lost, looked(l)
	if s.blind = unread(l); s.blind == "" {
		s.blind = m.keptBack(at)
		s.doubtful = s.blind != ""
	}
	if around, _ := m.ledgerOf(place{at.cell, m.reference}); at.arm != m.reference && around.Lost > 0 {
		s.beside = fmt.Sprintf(", and %d of %d through `%s`", around.Lost, looked(around), m.reference)
	}
	return s
}

// keptBack says that only the arm which took uploads says that they are there,
// while what the reference took is seen through both: a balancer that keeps or
// caches what it should pass on would say so too. Empty where that is not so.
// Where neither arm sees what the other took, they have a store each, as two
// releases may.
func (m measured) keptBack(at place) string {
	own, _ := m.ledgerOf(at)
	around, _ := m.ledgerOf(place{at.cell, m.reference})
	if at.arm == m.reference || own.OwnPathOnly == 0 || around.SeenByOthers() == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s can be read through `%s` alone, which took them; every other path, asked twice, says that they are not there, and what `%s` took is seen through both",
		own.OwnPathOnly, count(looked(own), "acknowledged upload"), at.arm, m.reference)
}

// unread says that nothing of what was acknowledged could be read back, empty
// if something could or there was nothing.
func unread(l record.Integrity) string {
	if looked(l) > 0 || l.Acknowledged == 0 {
		return ""
	}
	return fmt.Sprintf("none of %s could be read back, so nothing is known of them", count(l.Acknowledged, "acknowledged upload"))
}

// corrupt is wrong bytes: of what was read back, own objects and those of others
// that came back wrong through the arm, or of what was downloaded.
func (m measured) corrupt(at place) sighting {
	s := sighting{among: "verified object", one: "had wrong bytes", many: "had wrong bytes", integrity: true}
	l, ok := m.ledgerOf(at)
	s.events, s.of = l.Corrupt+l.ReadWrong, looked(l)+l.ReadWrong
	if around, _ := m.ledgerOf(place{at.cell, m.reference}); at.arm != m.reference && around.Corrupt+around.ReadWrong > 0 {
		s.beside = fmt.Sprintf(", and %d of %d through `%s`", around.Corrupt+around.ReadWrong, looked(around)+around.ReadWrong, m.reference)
	}
	if l.ReadWrong > 0 {
		s.detail = fmt.Sprintf("%d of them are stored intact, and came back wrong through `%s`", l.ReadWrong, at.arm)
	}
	if m.work.Direction != "upload" && m.work.Verify != "none" {
		t, before := tallyOf(m.trials[at]), tally{ops: m.earlyOps(at)}
		s.of += t.ok() + t.ops[probes.Short] + before.ok() // what failed otherwise brought no body to verify
		for _, o := range wrongBytes {
			seen := t.ops[o] + before.ops[o]
			s.events, s.of = s.events+seen, s.of+seen
			if before.ops[o] > 0 && t.failed() == 0 {
				s.detail = m.earlyWords(at, m.early(at))
			}
		}
		if held, learnt := m.bodies[at]; learnt {
			s.blind = held.open
			if held.why != "" {
				s.detail = held.why
			}
		}
	} else if !ok {
		s.onlyAtEnd = true
		s.blind = "nothing was verified, so nothing is known of the bytes"
	} else if s.of == 0 {
		s.blind = unread(l)
	}
	return s
}

// short is a body that ended before its size, whatever the status said; those
// of the warm-up are among them.
func (m measured) short(at place) sighting {
	t, before := tallyOf(m.trials[at]), tally{ops: m.earlyOps(at)}
	return sighting{among: "op", one: "ended short", many: "ended short", integrity: true,
		events: t.ops[probes.Short] + before.ops[probes.Short], of: t.ended() + before.ended()}
}

// duplicated is what the origin stored more than once.
func (m measured) duplicated(at place) sighting {
	s := sighting{among: "acknowledged upload", one: "was stored more than once", many: "were stored more than once", integrity: true, onlyAtEnd: true}
	l, ok := m.ledgerOf(at)
	s.events, s.of = l.Duplicated, l.Acknowledged
	if !ok {
		s.blind = "the origin was not asked how often it stored a body (work.receipts)"
	}
	return s
}

// ledger sums the ack ledger over the candidates.
func (m measured) ledger() Integrity {
	var sum record.Integrity
	for _, arm := range m.candidates {
		for _, cell := range m.cells {
			l, _ := m.ledgerOf(place{cell, arm})
			sum = add(sum, l)
		}
	}
	out := Integrity{
		Acknowledged: sum.Acknowledged, Intact: sum.Intact, Lost: sum.Lost, Corrupt: sum.Corrupt,
		Duplicated: sum.Duplicated, RefusedButStored: sum.RefusedButStored, Unverified: sum.Unverified,
		LossUpperBound95: math.NaN(), ReadWrong: sum.ReadWrong,
	}
	if n := looked(sum); n > 0 {
		out.LossUpperBound95 = compare.RateUpper(int(sum.Lost), int(n), 0.05)
	}
	return out
}
