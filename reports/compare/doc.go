// Package compare is the mathematics of a comparison: from what the blocks of
// a run recorded of two arms to an estimate, bounds and a relative verdict.
//
// It knows no metric, no scenario and no file; it draws nothing and decides
// nothing beyond one family of relative criteria. Figures are dimensionless:
// natural logarithms of candidate/reference, turned so that larger is worse.
// A rate enters as its reciprocal. Everything here is a pure function of its
// arguments; the one random part, the bootstrap, takes its seed.
//
// # The unit is the block
//
// Ops within a block share its conditions, so they are not independent
// evidence. A comparison has as many observations as there are blocks in which
// both arms were measured, however many ops ran.
//
// # Kinds of evidence
//
//   - [FromPairs]: one figure per arm and block (goodput, a mean, a rate). The
//     estimate T is the Hodges-Lehmann median of Walsh averages, the bounds L
//     and U are the exact signed-rank ones ([SignedRank]). They assume that
//     block differences scatter symmetrically about their centre, which random
//     order within the block grants when nothing changed, and nothing of their
//     shape or size.
//   - [FromBlocks]: a quantile over the ops of all blocks merged. T is the log
//     ratio of the merged quantiles, L and U come from resampling whole blocks
//     ([Resampled]).
//
// A baseline of other days has no blocks in common with the candidate: there
// [FromRuns] compares run with run, by Student's law ([Shift]).
//
// All answer for two cases ([Pair.Harm], [Pair.Health]): transfers that were
// cut leave a figure known only within bounds. Harm takes whatever speaks for
// the candidate, health whatever speaks against it. What is not known at all
// can show neither.
//
// # The rule
//
// [Relative] applies it to one comparison, [Family] to all of a gate: margin
// m, M = ln(1+m), floor E ([Floor]).
//
//	PASS       U(5 %) < M                 the consumer's risk: a change as bad as m passes
//	REGRESSED  L(1 %) > 0 and T >= E      the producer's risk: no change is refused
//	IMPROVED   PASS, U < 0 and T <= -E
//
// Two corrections share these risks out. Planned looks ([Looks]): with K of
// them each look has 1/K of either risk (Bonferroni). Many comparisons: the
// 1 % is that of the whole gate, by Holm's procedure ([HolmLevels]); the 5 % is
// each criterion's own, because a gate passes only when all of them pass.
//
// Holm speaks of p-values and the rule of bounds; they are two sides of one
// thing. Every kind of evidence defines P as the level at which Lower crosses
// zero, so "L > 0 at the level Holm grants" and "P is at most that level" never
// disagree, ties, zeros and infinities included. Reports show the bound at the
// level that decided.
//
// Clear harm ([ClearHarmFactor]) needs no look: worse in every one of three or
// more pairs by more than twice (or the margin squared).
//
// # What too little data does
//
// n pairs cannot speak at an error below 2^-n ([MinPairs]). There the bounds
// are infinite, the outcome INCONCLUSIVE, and a [Warning] says so; too little
// data is never an error and never a pass. A quantile with fewer than
// [MinExceedances] ops beyond it is [Withheld].
//
// # What it reaches
//
// The tests named T1, T2, T3, T5, T7 and T9 measure the rule's risks on recorded
// runs of unchanged code (testdata/rocksdb-ci-2023) and on made-up noise; in
// full, with the figures printed, by
//
//	LOADLINE_SLOW=1 go test -v -timeout 60m -run 'T[0-9]' ./reports/compare
//
// What that cannot show: the recorded figures come one per run, so quantile
// criteria are measured on made-up ops only; and labels are drawn at random,
// as the runner does, so a runner that failed to interleave is not seen here.
package compare
