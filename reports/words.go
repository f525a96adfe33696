package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"loadline/probes/record"
	"loadline/reports/verdict"
)

// FindingName names a finding in one line: goodput mean, through, 100MiB h2.
func FindingName(f verdict.Finding) string {
	name := f.Metric + " " + f.Stat + ", " + f.Arm
	if f.Cell != "" && f.Cell != "all" {
		name += ", " + f.Cell
	}
	return name
}

// Allowed is the limit of a finding in words.
func Allowed(f verdict.Finding) string {
	if !math.IsNaN(f.Margin) {
		return "at most " + Times(f.Margin) + " worse"
	}
	return "at most " + Quantity(f.Max, f.Unit)
}

// EffectWords is the effect of a finding with its interval; a dash for limits
// and where neither side has a value to compare.
func EffectWords(f verdict.Finding) string {
	if math.IsNaN(f.Margin) || math.IsNaN(f.Values.Reference) && math.IsNaN(f.Values.Candidate) {
		return Unknown
	}
	return Interval(f.Effect.Ratio, f.Effect.Low, f.Effect.High)
}

// couldNotRun is the public exit code of a run that could not be made.
const couldNotRun = 21

// ExitCode is the exit code that a run with this decision ends with.
func ExitCode(d verdict.Decision) int {
	if d.Unreachable != "" {
		return couldNotRun
	}
	return d.Verdict.ExitCode()
}

// Mark is the sign shown before a verdict; the word always stands beside it.
func Mark(v verdict.Verdict) string {
	switch v {
	case verdict.Pass, verdict.Improved:
		return "✓"
	case verdict.Regressed:
		return "✗"
	case verdict.Invalid:
		return "!"
	default:
		return "?"
	}
}

// LedgerWords is the ack ledger in one line.
func LedgerWords(i verdict.Integrity) string {
	if i.Acknowledged == 0 && i.RefusedButStored == 0 && i.ReadWrong == 0 {
		return "nothing was acknowledged"
	}
	parts := []string{fmt.Sprintf("%d acknowledged, %d intact", i.Acknowledged, i.Intact)}
	for _, c := range []Count{
		{"lost", i.Lost}, {"corrupt", i.Corrupt}, {"duplicated", i.Duplicated},
		{"refused, but stored", i.RefusedButStored}, {"unverified", i.Unverified},
		{"stored intact (by any arm) and read wrong", i.ReadWrong},
	} {
		if c.N > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Name))
		}
	}
	if i.Lost == 0 && !math.IsNaN(i.LossUpperBound95) {
		parts = append(parts, "a loss rate up to "+Quantity(i.LossUpperBound95, "share")+" could have been missed")
	}
	return strings.Join(parts, ", ")
}

// CaseWords is one op of the ledger in one line; a path that said the same
// twice is quoted once.
func CaseWords(c record.Case) string {
	var evidence []string
	for _, e := range c.Evidence {
		if !slices.Contains(evidence, e) {
			evidence = append(evidence, e)
		}
	}
	return fmt.Sprintf("%s (trial %d, op %d, answered %s): %s: %s",
		c.Name, c.Trial, c.Seq, c.Outcome, strings.ReplaceAll(c.Finding, "_", " "), strings.Join(evidence, "; "))
}

// Ordered are the findings with those that a person must look at first first:
// refused ones, then what is open, then what passed.
func Ordered(findings []verdict.Finding) []verdict.Finding {
	gravity := []verdict.Verdict{verdict.Regressed, verdict.Invalid, verdict.NoBaseline, verdict.Inconclusive}
	rank := func(f verdict.Finding) int {
		if i := slices.Index(gravity, f.Verdict); i >= 0 {
			return i
		}
		return len(gravity)
	}
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b verdict.Finding) int { return rank(a) - rank(b) })
	return out
}

// OneLine is a text that may hold a target's own words on one line, without
// control characters: none of it ends a line or steers a terminal.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// PeerWords is who answered, in one line.
func PeerWords(p record.Peer) string {
	words := []string{p.Address, p.Protocol}
	for _, w := range []string{p.TLS, p.Server, p.Via} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " · ")
}
