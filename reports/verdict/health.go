package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// The limits of a healthy generator; gates.md of the project's research has
// their reasons. A share of trials beyond a limit below sickShare is noise.
const (
	maxDropped   = 0.01                   // of the starts that were due
	maxLate      = 0.10                   // of the median response
	maxCPU       = 0.80                   // of the cores this process may use
	maxMachine   = 0.97                   // of the machine, by anyone
	maxSchedLag  = 0.10                   // of the median response
	leastLag     = time.Millisecond       // below it lag is the clock's own grain
	maxClockStep = 100 * time.Millisecond // beyond what slewing does to a trial
	sickShare    = 0.25
)

// ailment is one thing wrong with the measurement.
type ailment struct {
	// arm and cell say where; empty is everywhere.
	arm, cell string
	// text says what is wrong; where, if set, in which trials: ailments of one
	// text are reported together.
	text, where string
	// remark marks what only warns; onlyCompared what is no matter of limits.
	remark, onlyCompared bool
	// voidsHarm tells whether a REGRESSED of that finding is void too; nil is
	// never. An ailment of the reference makes no candidate look worse that
	// is not.
	voidsHarm func(Finding) bool
}

// examine lists all that is wrong with the measurement.
func (m measured) examine(o Options) []ailment {
	var found []ailment
	for _, arm := range m.run.Header.Arms {
		for _, cell := range m.cells {
			at := place{cell, arm.ID}
			for _, a := range append(m.generator(at), m.identity(at)...) {
				a.arm, a.cell = arm.ID, cell
				a.remark = a.remark || arm.Role == scenarios.Control
				found = append(found, a)
			}
		}
	}
	found = append(found, m.crossed()...)
	found = append(found, m.downgraded()...)
	return append(found, m.nullArm(o)...)
}

// ofTheArm voids the harm of findings on the arm whose trials are sick.
func ofTheArm(arm string) func(Finding) bool {
	return func(f Finding) bool { return f.Arm == arm }
}

// generator examines how the load was offered to one arm in one cell.
func (m measured) generator(at place) []ailment {
	all := m.trials[at]
	if len(all) == 0 {
		return nil
	}
	// A trial that is left out was too short for figures that mean anything.
	trials := slices.DeleteFunc(slices.Clone(all), func(t record.Trial) bool { return t.Aborted != "" })
	found := m.starts(at, trials)
	busy := func(t record.Trial) bool { return t.Health.CPU >= maxCPU }
	if a, ok := sick(at, trials, busy, "the generator used %s or more of its cores", Amount(metric.Share, maxCPU)); ok {
		found = append(found, a)
	}
	lagging := func(t record.Trial) bool {
		return t.Health.SchedLag > leastLag && t.Health.SchedLag.Seconds() > maxSchedLag*typicalOp(t)
	}
	if a, ok := sick(at, trials, lagging, "the generator's own threads waited more than %s of a typical op for a core", Amount(metric.Share, maxSchedLag)); ok {
		found = append(found, a)
	}
	crowded := func(t record.Trial) bool { return t.Health.Machine >= maxMachine && t.Health.CPU < maxCPU }
	if a, ok := sick(at, trials, crowded, "the machine was full (%s or more of its cores, mostly others')", Amount(metric.Share, maxMachine)); ok {
		a.remark = true
		found = append(found, a)
	}
	if a, ok := exhausted(at, all); ok {
		found = append(found, a)
	}
	return append(found, accidents(at, all)...)
}

// ownLimits is how the probes word that this machine, and not the peer, could
// not open one more connection.
var ownLimits = []string{"no local port is free", "no file descriptor is free"}

// exhausted says that the generator ran into a limit of its own machine, which
// is no failing of the arm whose op it was.
func exhausted(at place, trials []record.Trial) (ailment, bool) {
	for _, t := range trials {
		for _, f := range t.Failures {
			for _, limit := range ownLimits {
				if strings.Contains(f.Message, limit) {
					return ailment{
						text:      fmt.Sprintf("the generator could not open all connections of `%s`%s (%s)", at.arm, inCell(at.cell), f.Message),
						voidsHarm: ofTheArm(at.arm),
					}, true
				}
			}
		}
	}
	return ailment{}, false
}

// sick makes an ailment of what too many of an arm's trials show. Where the
// target is on the same machine, the two share its cores and it is a remark.
func sick(at place, trials []record.Trial, shows func(record.Trial) bool, format, limit string) (ailment, bool) {
	n, local := 0, false
	for _, t := range trials {
		if shows(t) {
			n++
			local = local || t.Health.LocalTarget
		}
	}
	if n == 0 {
		return ailment{}, false
	}
	text := fmt.Sprintf(format, limit)
	if local {
		text += ", with the target on the same machine"
	}
	return ailment{
		text: text, where: fmt.Sprintf("%d of %s of `%s`%s", n, count(len(trials), "trial"), at.arm, inCell(at.cell)),
		voidsHarm: ofTheArm(at.arm),
		remark:    local || float64(n) < sickShare*float64(len(trials)),
	}, true
}

// typicalOp is a trial's median response in seconds, infinite if it has none:
// then nothing can be late against it.
func typicalOp(t record.Trial) float64 {
	l := t.Latency[metric.Response]
	if l == nil || l.Done.Count() == 0 {
		return math.Inf(1)
	}
	rank := (l.Done.Count() + 1) / 2
	for top, k := range l.Done.Buckets() {
		if k >= rank {
			return top.Seconds()
		}
		rank -= k
	}
	return math.Inf(1)
}

// starts examines an open load: starts that the generator made late or not at
// all, and starts for which no place in flight came free.
func (m measured) starts(at place, trials []record.Trial) []ailment {
	if m.run.Header.Scenario.Load.Model != scenarios.Open {
		return nil
	}
	var found []ailment
	if share := shareOfDue(trials, dropped); share > maxDropped {
		found = append(found, ailment{
			text:      fmt.Sprintf("the generator did not make %s of the starts due in `%s`%s", Amount(metric.Share, share), at.arm, inCell(at.cell)),
			voidsHarm: ofTheArm(at.arm),
		})
	}
	if share := shareOfDue(trials, unstarted); share > maxDropped {
		// This is what the arm does to its callers, so its harm stands; but a
		// load that was not offered cannot show that an arm is well.
		found = append(found, ailment{text: fmt.Sprintf("%s of the starts due in `%s`%s were dropped, because no place in flight (of %d) came free: the target kept them",
			Amount(metric.Share, share), at.arm, inCell(at.cell), m.cap(at.cell))})
	}
	late := func(t record.Trial) bool {
		return t.Health.LateP99 > leastLag && t.Health.LateP99.Seconds() > maxLate*typicalOp(t)
	}
	if a, ok := sick(at, trials, late, "the generator started ops late by more than %s of the median response (p99)", Amount(metric.Share, maxLate)); ok {
		found = append(found, a)
	}
	if share := shareOfDue(trials, queued); share > maxDropped {
		found = append(found, ailment{remark: true, text: fmt.Sprintf(
			"%s of the starts in `%s`%s waited for a place in flight (of %d), which response counts and service does not",
			Amount(metric.Share, share), at.arm, inCell(at.cell), m.cap(at.cell))})
	}
	return found
}

func dropped(h record.Health) uint64   { return h.Dropped }
func unstarted(h record.Health) uint64 { return h.Unstarted }
func queued(h record.Health) uint64    { return h.Queued }

// shareOfDue is a figure of the generator as a share of the starts that were
// due, over trials.
func shareOfDue(trials []record.Trial, of func(record.Health) uint64) float64 {
	var n, offered uint64
	for _, t := range trials {
		n += of(t.Health)
		offered += t.Offered
	}
	if offered == 0 {
		return 0
	}
	return float64(n) / float64(offered)
}

// cap is the number of ops in flight at most in a cell; 0 is none.
func (m measured) cap(cell string) int {
	if n := m.cell(cell).InFlight; n > 0 {
		return n
	}
	return m.run.Header.Scenario.Load.InFlight
}

// accidents are what spoils single trials beyond doubt.
func accidents(at place, trials []record.Trial) []ailment {
	var found []ailment
	for _, t := range trials {
		if step := t.Health.ClockStep.Abs(); step > maxClockStep {
			found = append(found, ailment{
				text:      fmt.Sprintf("the clock was set by %s during block %d of `%s`%s", seconds(step.Seconds()), t.Block+1, at.arm, inCell(at.cell)),
				voidsHarm: ofTheArm(at.arm),
			})
		}
		if t.Event.Failed() {
			found = append(found, ailment{
				text:      fmt.Sprintf("the event failed in block %d of `%s`%s: %s", t.Block+1, at.arm, inCell(at.cell), t.Event.Err),
				voidsHarm: ofTheArm(at.arm),
			})
		}
		if t.Aborted != "" {
			found = append(found, ailment{
				text:   fmt.Sprintf("the trial of block %d of `%s`%s is left out: %s", t.Block+1, at.arm, inCell(at.cell), t.Aborted),
				remark: true,
			})
		}
	}
	return found
}

// void marks the findings that ill health leaves without a ground.
func void(found []judged, ailments []ailment) {
	for i := range found {
		f := &found[i]
		for _, a := range ailments {
			if a.remark || !a.concerns(f.Finding) {
				continue
			}
			switch f.Verdict {
			case Regressed:
				if f.certain || a.voidsHarm == nil || !a.voidsHarm(f.Finding) {
					continue
				}
			case Pass, Improved, Inconclusive:
			default:
				continue
			}
			f.Verdict = Invalid
			f.Reason = fmt.Sprintf("void, because %s (it read: %s)", said([]ailment{a}, false)[0], f.Reason)
		}
	}
}

func (a ailment) concerns(f Finding) bool {
	if a.onlyCompared && f.Reference == "" {
		return false
	}
	return (a.cell == "" || f.Cell == "" || a.cell == f.Cell) && (a.arm == "" || a.arm == f.Arm || a.arm == f.Reference)
}

// healthOf sorts the ailments into problems and remarks, each said once.
func healthOf(ailments []ailment) Health {
	return Health{
		OK:       !slices.ContainsFunc(ailments, func(a ailment) bool { return !a.remark }),
		Problems: said(ailments, false),
		Remarks:  said(ailments, true),
	}
}

// said are the problems or the remarks as sentences.
func said(ailments []ailment, remarks bool) []string {
	var texts []string
	places := map[string][]string{}
	for _, a := range ailments {
		if a.remark != remarks {
			continue
		}
		if !slices.Contains(texts, a.text) {
			texts = append(texts, a.text)
		}
		if a.where != "" {
			places[a.text] = append(places[a.text], a.where)
		}
	}
	for i, text := range texts {
		if in := places[text]; len(in) > 0 {
			texts[i] = text + ": " + strings.Join(in, ", ")
		}
	}
	return texts
}
