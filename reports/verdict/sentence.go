package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"loadline/scenarios/metric"
)

// sentence is the decision in one sentence that can be acted on.
func (m measured) sentence(d Decision) string {
	if d.Unreachable != "" {
		return "could not run: " + d.Unreachable
	}
	return string(d.Verdict) + ": " + m.because(d)
}

func (m measured) because(d Decision) string {
	of := func(v Verdict) (out []Finding) {
		for _, f := range d.Findings {
			if f.Verdict == v {
				out = append(out, f)
			}
		}
		return out
	}
	switch d.Verdict {
	case Regressed:
		return m.accusation(of(Regressed))
	case Invalid:
		return "the measurement is not to be trusted: " + andMore(d.Health.Problems, "problem")
	case NoBaseline:
		return of(NoBaseline)[0].Reason
	case Inconclusive:
		return undecided(of(Inconclusive), len(d.Findings), d.MoreBlocks)
	case Improved:
		best := slices.MinFunc(of(Improved), func(a, b Finding) int { return compareRatios(a, b) })
		return fmt.Sprintf("%s, and nothing is worse beyond its limit (%s)", m.clause(best), count(len(d.Findings), "finding"))
	default:
		return m.relief(d.Findings)
	}
}

func andMore(texts []string, noun string) string {
	switch len(texts) {
	case 0:
		return "its findings are void"
	case 1:
		return texts[0]
	}
	return fmt.Sprintf("%s (and %s)", texts[0], count(len(texts)-1, "more "+noun))
}

func undecided(open []Finding, all, more int) string {
	if all == 0 {
		return "no criterion is written, so there is nothing to decide by"
	}
	first := open[0]
	if i := slices.IndexFunc(open, func(f Finding) bool { return !math.IsNaN(f.Margin) }); i >= 0 {
		first = open[i] // a comparison is what the run is about
	}
	text := fmt.Sprintf("the data cannot tell yet in %d of %s: %s", len(open), count(all, "finding"), first.Reason)
	if more > 0 && !strings.Contains(text, "would likely decide") {
		text += fmt.Sprintf("; %s would likely decide", count(more, "more block"))
	}
	return text
}

// relief is the sentence of a PASS: what came closest to its limit.
func (m measured) relief(findings []Finding) string {
	closest, share := -1, math.Inf(-1)
	for i, f := range findings {
		if used := math.Log(f.Effect.High) / math.Log(f.Margin); used > share {
			closest, share = i, used
		}
	}
	if closest < 0 {
		return fmt.Sprintf("all of %s kept: %s", count(len(findings), "limit"), findings[0].Reason)
	}
	f := findings[closest]
	return fmt.Sprintf("not worse than allowed in any of %s; closest is %s %s of `%s`%s, %s over %s; %s",
		count(len(findings), "finding"), f.Metric, f.Stat, f.Arm, inCell(f.Cell), sizes(f), count(f.N, "pair"), allowed(f.Margin))
}

// The classes of harm, gravest first; the sentence has one clause for each.
const (
	harmIntegrity = iota
	harmDead
	harmErrors
	harmSlower
	harmLimit
	harmClasses
)

func classOf(f Finding) int {
	switch id := metric.ID(f.Metric); {
	case strings.HasPrefix(f.Metric, "integrity."):
		return harmIntegrity
	case id == metric.Errors && f.Reference != "":
		return harmDead
	case id == metric.Errors:
		return harmErrors
	case !math.IsNaN(f.Margin):
		return harmSlower
	default:
		return harmLimit
	}
}

// accusation names the worst of each class of harm.
func (m measured) accusation(broken []Finding) string {
	var classes [harmClasses][]Finding
	for _, f := range broken {
		c := classOf(f)
		classes[c] = append(classes[c], f)
	}
	var clauses []string
	for _, fs := range classes {
		if len(fs) == 0 {
			continue
		}
		text := m.clause(foremost(fs))
		if len(fs) > 1 {
			text += fmt.Sprintf(" (and %s of the kind)", count(len(fs)-1, "more finding"))
		}
		clauses = append(clauses, text)
	}
	return strings.Join(clauses, "; ")
}

// foremost is the finding to speak of: the first of those about as bad as the
// worst, since a scenario names first what it is about.
func foremost(fs []Finding) Finding {
	worst := slices.MaxFunc(fs, compareRatios)
	for _, f := range fs {
		if f.Effect.Ratio >= 0.75*worst.Effect.Ratio {
			return f
		}
	}
	return worst
}

// compareRatios orders findings by how much worse they are.
func compareRatios(a, b Finding) int {
	size := func(f Finding) float64 {
		if !math.IsNaN(f.Effect.Ratio) {
			return f.Effect.Ratio
		}
		return f.Values.Candidate
	}
	switch x, y := size(a), size(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// clause says of one finding what a reader has to know to act.
func (m measured) clause(f Finding) string {
	if math.IsNaN(f.Margin) {
		return f.Reason
	}
	where := against(f)
	if f.Cell != "all" && f.Cell != "" {
		where += ", " + f.Cell
	}
	pairs := "over " + count(f.N, "pair")
	if f.Clear {
		pairs = "worse in every one of " + count(f.N, "pair")
	}
	return fmt.Sprintf("%s (%s; %s), %s", m.claim(f), where, limitOf(f), pairs)
}

// claim is the effect in words that fit the metric.
func (m measured) claim(f Finding) string {
	better := f.Effect.Ratio < 1
	by := Times(f.Effect.Ratio)
	if better {
		by = Times(1 / f.Effect.Ratio)
	}
	word := func(worse, improved string) string {
		if better {
			return improved
		}
		return worse
	}
	switch id := metric.ID(f.Metric); {
	case math.IsInf(f.Effect.Ratio, 1) && id == metric.Goodput:
		return fmt.Sprintf("%s through `%s` get nothing done where those through `%s` do", m.transfers(), f.Arm, f.Reference)
	case id == metric.Goodput:
		return fmt.Sprintf("%s through `%s` are %s %s than through `%s`", m.transfers(), f.Arm, by, word("slower", "faster"), f.Reference)
	case catalogued(id).Unit == metric.Seconds:
		return fmt.Sprintf("%s %s through `%s` is %s %s than through `%s`", f.Metric, f.Stat, f.Arm, by, word("longer", "shorter"), f.Reference)
	default:
		return fmt.Sprintf("%s %s of `%s` is %s %s than of `%s`", f.Metric, f.Stat, f.Arm, by, word("worse", "better"), f.Reference)
	}
}

func (m measured) transfers() string {
	switch m.work.Direction {
	case "upload":
		return "uploads"
	case "download":
		return "downloads"
	}
	return "transfers"
}
