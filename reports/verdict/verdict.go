// Package verdict turns a record and the scenario's criteria into a decision.
// It is the only place that knows pass from fail; compare owns the maths, and
// renderers only draw what stands here. It is pure: the same record gives the
// same decision.
//
// Effects are ratios in the direction "larger is worse": 2 is twice as bad,
// whatever the metric. Values are in the metric's base unit.
package verdict

// Verdict is the answer of a finding or of the whole decision.
type Verdict string

// The verdicts, in order of precedence from Regressed to Pass.
const (
	Regressed    Verdict = "REGRESSED"
	Invalid      Verdict = "INVALID"
	NoBaseline   Verdict = "NO_BASELINE"
	Inconclusive Verdict = "INCONCLUSIVE"
	Pass         Verdict = "PASS"
	Improved     Verdict = "IMPROVED"
)

// ExitCode is the public exit code of the verdict.
func (v Verdict) ExitCode() int {
	switch v {
	case Pass, Improved:
		return 0
	case Regressed:
		return 10
	case Inconclusive:
		return 11
	case NoBaseline:
		return 13
	default:
		return 12
	}
}

// Decision is all findings and the verdict they make together.
type Decision struct {
	Verdict  Verdict
	Sentence string
	Findings []Finding
	// Integrity sums the ack ledger over the candidates.
	Integrity Integrity
	Health    Health
	Warnings  []string
	// MoreBlocks is how many more blocks would likely decide what is
	// inconclusive; 0 if none or not known.
	MoreBlocks int
	// Unreachable is set if the reference (or both) could not be measured at
	// all: the run ends as "could not run", not with a verdict.
	Unreachable string
}

// Finding is one criterion applied to one arm in one cell.
type Finding struct {
	Metric    string
	Stat      string
	Unit      string
	Cell      string
	Arm       string
	Reference string // the arm or baseline compared with; empty if absolute
	Verdict   Verdict
	Effect    Effect
	Values    Values
	// Margin is how many times worse is allowed (1.05); Max the absolute
	// limit; exactly one is set, the other is NaN.
	Margin, Max float64
	// N is pairs of blocks for relative criteria, ops for absolute ones.
	N int
	// Reason is a sentence: effect, interval, limit, and what would change it.
	Reason string
	// Clear says that harm was so clear that it was decided at once.
	Clear bool
}

// Effect is how many times worse the candidate is, with its interval. NaN is
// not known; an infinite Ratio means that nothing moved.
type Effect struct{ Ratio, Low, High float64 }

// Values are the two sides' typical values in the metric's base unit; NaN is
// not known.
type Values struct{ Reference, Candidate float64 }

// Integrity is the ack ledger in counts.
type Integrity struct {
	Acknowledged, Intact, Lost, Corrupt, Duplicated, RefusedButStored, Unverified uint64
	// LossUpperBound95 is the loss rate that could have been missed; NaN if
	// nothing was acknowledged and looked for.
	LossUpperBound95 float64
	// ReadWrong are objects of any arm that are stored intact and came back with
	// wrong bytes through a candidate; the counts above leave them out.
	ReadWrong uint64
}

// Health says whether the measurement can be trusted.
type Health struct {
	OK bool
	// Problems void the verdict, Remarks only warn.
	Problems, Remarks []string
}
