package verdict

import (
	"fmt"
	"math"

	"loadline/probes"
	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// absolute judges the criteria that name a limit.
func (m measured) absolute(o Options) []judged {
	var found []judged
	for _, c := range m.run.Header.Scenario.Criteria {
		if c.Relative() || c.Max == nil {
			continue
		}
		for _, arm := range m.arms(c) {
			for _, cell := range m.cellsOf(c) {
				if j, ok := m.limit(c, place{cell, arm}, o); ok {
					found = append(found, j)
				}
			}
		}
	}
	return found
}

// limit judges one limit on one arm in one cell; ok is false where nothing can
// be said before the run is over.
func (m measured) limit(c scenarios.Criterion, at place, o Options) (j judged, ok bool) {
	j.Finding = blank(c, at)
	if s, isCount := m.sighted(c, at); isCount {
		if o.running && s.onlyAtEnd {
			return j, false
		}
		j.certain = s.integrity
		judgeCount(&j.Finding, s, m.rule(o))
		return j, true
	}
	share, isQuantile := c.Stat.Quantile()
	row := catalogued(c.Metric)
	switch {
	case row.Better == metric.Higher:
		j.Reason = fmt.Sprintf("%s %s of `%s`: an upper limit says nothing where more is better; write a margin", c.Metric, c.Stat, at.arm)
	case row.Rule == metric.OverOps && c.Stat == metric.Max:
		m.judgeLargest(&j.Finding, c, at)
	case row.Rule == metric.OverOps && isQuantile:
		m.judgeTail(&j.Finding, c, at, share, m.rule(o))
	default:
		m.judgeMean(&j.Finding, c, at, m.rule(o))
	}
	return j, true
}

// sighting is how often something was seen among how many chances to see it.
type sighting struct {
	events, of uint64
	// among names the chances ("op"), one and many what happened to them.
	among, one, many string
	// detail says more of the events, empty if nothing is known.
	detail string
	// perBlock, if known, tell how events cluster.
	blockEvents, blockOf []int
	// integrity marks an event that is a fact about the data themselves.
	integrity bool
	// onlyAtEnd marks what is found out after the timed part.
	onlyAtEnd bool
	// blind says why nothing can be known at all, empty if it can.
	blind string
	// doubtful marks a blind sighting that is to be told unasked.
	doubtful bool
	// beside is how the reference fared, empty if it saw none of it.
	beside string
}

// seen is the sighting in words.
func (s sighting) seen(f *Finding) string {
	did := s.many
	if s.events == 1 {
		did = s.one
	}
	return fmt.Sprintf("%d of %s through `%s`%s %s%s%s", s.events, count(s.of, s.among), f.Arm, inCell(f.Cell), did, inWords(s.detail), s.beside)
}

// judgeCount judges a count or a share of ops against its limit. A count is
// exceeded as soon as it is seen to be; a share above zero needs its exact
// lower bound above the limit, because ops are a sample.
func judgeCount(f *Finding, s sighting, rule compare.Rule) {
	f.N = int(s.of)
	rate := math.NaN()
	if s.of > 0 {
		rate = float64(s.events) / float64(s.of)
	}
	seen := s.seen(f)
	isRate := metric.Stat(f.Stat) == metric.StatRate
	f.Values.Candidate = float64(s.events)
	if isRate {
		f.Values.Candidate = rate
	}
	limit := "none"
	if f.Max > 0 {
		limit = "at most " + Amount(metric.Unit(f.Unit), f.Max)
	}
	switch {
	case s.events > 0 && f.exceeded(s, isRate, rule):
		f.Verdict = Regressed
		f.Reason = fmt.Sprintf("%s; %s allowed", seen, limit)
	case s.blind != "":
		f.Reason = fmt.Sprintf("%s %s of `%s`%s: %s", f.Metric, f.Stat, f.Arm, inCell(f.Cell), s.blind)
	case s.of == 0:
		f.Reason = fmt.Sprintf("%s %s of `%s`%s: there was no %s to judge by", f.Metric, f.Stat, f.Arm, inCell(f.Cell), s.among)
	case s.events == 0:
		f.Verdict = Pass
		f.Reason = fmt.Sprintf("none of %s through `%s`%s %s; up to %s could have been missed (95 %%)",
			count(s.of, s.among), f.Arm, inCell(f.Cell), s.one, Amount(metric.Share, compare.Missed(int(s.of))))
	case !isRate || rate <= f.Max:
		f.Verdict = Pass
		f.Reason = fmt.Sprintf("%s; %s allowed", seen, limit)
	default:
		f.Reason = fmt.Sprintf("%s, which is %s; %s allowed, but so few could be chance: more blocks would tell",
			seen, Amount(metric.Share, rate), limit)
	}
}

func (f Finding) exceeded(s sighting, isRate bool, rule compare.Rule) bool {
	if !isRate {
		return float64(s.events) > f.Max
	}
	if f.Max <= 0 {
		return true
	}
	if rule.Look < 1 || s.of == 0 {
		return false
	}
	// Events that come in bursts are fewer observations than they look.
	effect := compare.DesignEffect(s.blockEvents, s.blockOf)
	low := compare.RateLower(int(float64(s.events)/effect), int(float64(s.of)/effect), compare.AlphaRegress/float64(max(1, rule.Looks)))
	return low > f.Max
}

func inWords(detail string) string {
	if detail == "" {
		return ""
	}
	return " (" + detail + ")"
}

// judgeLargest judges the slowest op of all.
func (m measured) judgeLargest(f *Finding, c scenarios.Criterion, at place) {
	var largest, unended float64
	var open uint64
	for _, t := range m.trials[at] {
		l := t.Latency[c.Metric]
		if l == nil {
			continue
		}
		f.N += int(l.Count())
		open += l.Unended.Count()
		largest = max(largest, greatest(l.Done))
		unended = max(unended, greatest(l.Unended))
	}
	f.Values.Candidate = max(largest, unended)
	is := fmt.Sprintf("the slowest of %s in `%s`%s took %s; at most %s allowed",
		count(f.N, "op"), at.arm, inCell(at.cell), seconds(f.Values.Candidate), seconds(f.Max))
	switch {
	case f.N == 0:
		f.Reason = fmt.Sprintf("%s %s of `%s`%s: no op was measured", c.Metric, c.Stat, at.arm, inCell(at.cell))
	case f.Values.Candidate > f.Max:
		f.Verdict, f.Reason = Regressed, is
	case open > 0:
		f.Reason = fmt.Sprintf("%s, but %s failed or were cut and could have taken longer", is, count(open, "op"))
	default:
		f.Verdict, f.Reason = Pass, is
	}
}

// judgeTail judges a quantile against a limit by the share of ops beyond it:
// p99 is at most x when at most 1 % of the ops take longer than x.
func (m measured) judgeTail(f *Finding, c scenarios.Criterion, at place, share float64, rule compare.Rule) {
	s := sighting{among: "op"}
	var open uint64
	for _, t := range m.trials[at] {
		l := t.Latency[c.Metric]
		if l == nil {
			continue
		}
		beyond := above(l.Done, f.Max) + above(l.Unended, f.Max)
		open += l.Unended.Count() - above(l.Unended, f.Max)
		s.events, s.of = s.events+beyond, s.of+l.Count()
		s.blockEvents, s.blockOf = append(s.blockEvents, int(beyond)), append(s.blockOf, int(l.Count()))
	}
	tail := *f
	tail.Stat, tail.Max = string(metric.StatRate), 1-share
	f.N = int(s.of)
	f.Values.Candidate = m.merged(at, c.Metric, share)
	is := fmt.Sprintf("%s %s of `%s`%s is %s over %s; at most %s allowed", c.Metric, c.Stat, at.arm, inCell(at.cell),
		Amount(metric.Seconds, f.Values.Candidate), count(s.of, "op"), seconds(f.Max))
	needed := compare.OpsNeeded(share)
	switch {
	case s.of == 0:
		f.Reason = fmt.Sprintf("%s %s of `%s`%s: no op was measured", c.Metric, c.Stat, at.arm, inCell(at.cell))
	case tail.exceeded(s, true, rule):
		f.Verdict, f.Reason = Regressed, is
	case float64(s.of) < needed:
		f.Reason = fmt.Sprintf("%s; %s needs %s", is, c.Stat, count(uint64(needed), "op"))
	case float64(s.events+open) <= (1-share)*float64(s.of):
		f.Verdict, f.Reason = Pass, is
	case open > 0:
		f.Reason = fmt.Sprintf("%s, but %s failed or were cut and could have taken longer", is, count(open, "op"))
	default:
		f.Reason = is + ", but it could be chance; more blocks would tell"
	}
}

// judgeMean judges a mean by its values per block: above the limit in enough
// of them, or below.
func (m measured) judgeMean(f *Finding, c scenarios.Criterion, at place, rule compare.Rule) {
	var pairs []compare.Pair
	var shown []float64
	values := m.values(at, c)
	for _, n := range common(values, values) {
		pairs = append(pairs, compare.Pair{RefBest: f.Max, RefWorst: f.Max, CandBest: values[n].Low, CandWorst: values[n].High})
		shown = append(shown, values[n].typical(c.Metric))
	}
	r := compare.Relative(compare.FromPairs(pairs), rule, compare.AlphaRegress/float64(max(1, rule.Looks)))
	f.N, f.Values.Candidate = r.Pairs, compare.Describe(shown).Median
	f.Verdict, f.Clear = Verdict(r.Outcome), r.Reason == compare.ReasonClearHarm
	if f.Verdict == Improved { // being below a limit is no improvement over anything
		f.Verdict = Pass
	}
	f.Reason = fmt.Sprintf("%s %s of `%s`%s is %s over %s; at most %s allowed", c.Metric, c.Stat, at.arm, inCell(at.cell),
		Amount(metric.Unit(f.Unit), f.Values.Candidate), count(f.N, "block"), Amount(metric.Unit(f.Unit), f.Max))
	if f.Verdict == Inconclusive {
		f.Reason += ", but it is not settled on which side of the limit it lies; more blocks would tell"
	}
}

// errors is how many ops of an arm failed, those of the warm-up included. Starts that found no place in
// flight are errors of an arm if the same load fits on the reference: the arm
// kept its callers waiting. Starts that the generator missed are not.
func (m measured) errors(at place) sighting {
	s := sighting{among: "op", one: "failed", many: "failed"}
	fits := m.reference == "" || shareOfDue(m.trials[place{at.cell, m.reference}], unstarted) <= maxDropped
	starved := at.arm != m.reference && fits && shareOfDue(m.trials[at], unstarted) > maxDropped
	hung, after := m.hung(at)
	if hung < hungLeast {
		after = math.Inf(1)
	}
	soon, soonAfter := m.early(at), m.hungAfter(at)
	for _, t := range m.trials[at] {
		one := tally{ops: t.Ops}
		events, of := one.failed(), one.ended()
		silent := hungIn(t, after)
		events, of = events+silent, of+silent
		if soon.counts() {
			e := earlyIn(t, soonAfter)
			events, of = events+e.bad(), of+e.of()
		}
		if starved {
			events, of = events+t.Health.Unstarted, of+t.Health.Unstarted
		}
		s.events, s.of = s.events+events, s.of+of
		s.blockEvents, s.blockOf = append(s.blockEvents, int(events)), append(s.blockOf, int(of))
	}
	switch cut := tallyOf(m.trials[at]).ops[probes.Cut]; {
	case s.of == 0 && cut > 0:
		s.blind = fmt.Sprintf("no op ended by itself, %d had to be cut", cut)
	case hung > 0 && hung < hungLeast:
		s.blind = m.hangs(at, hung) + "; it may have hung, and more blocks would tell"
	case soon.hung > 0 && !soon.counts():
		s.blind = "1 op was " + m.earlyWords(at, soon) + "; it may have hung, and more blocks would tell"
	}
	around := place{at.cell, m.reference}
	if ref, before := tallyOf(m.trials[around]), m.early(around); at.arm != m.reference && ref.failed()+before.bad() > 0 {
		s.beside = fmt.Sprintf(", and %d of %d through `%s`", ref.failed()+before.bad(), ref.ended()+before.of(), m.reference)
	}
	switch {
	case starved:
		s.detail = "starts for which no op in flight ended in time are among them"
	case hung >= hungLeast:
		s.detail = m.hangs(at, hung)
	case soon.counts() && tallyOf(m.trials[at]).failed() == 0:
		s.detail = m.earlyWords(at, soon)
	case s.events > 0:
		s.detail = m.failure(at.arm, []string{at.cell})
	}
	return s
}
