// Package baseline compares a run with earlier runs: it says whether they are
// comparable at all, and what they show of the change between them. It picks no
// baseline (people pin them) and gives no verdict.
//
// Runs of different days differ although nothing was changed, and one run says
// nothing of how much. Where both sides measured the same reference arm beside
// the one in question, that arm stands as sentinel: its own change is taken off
// block by block, and blocks can be compared. Where they did not, only runs can
// be: three or more show how much runs differ, and fewer can only prove harm
// that no difference between days explains.
//
// Figures are natural logarithms of candidate/baseline, larger = worse, as in
// package compare.
package baseline

import (
	"fmt"
	"math"
	"slices"
	"time"

	"loadline/probes/record"
	"loadline/reports/compare"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// Question is a statistic of one arm in one cell.
type Question struct {
	Metric    metric.ID
	Stat      metric.Stat
	Arm, Cell string
}

// Answer is what the runs say to a question.
type Answer struct {
	// Missing says why there is nothing to compare with, empty if there is.
	Missing string
	// Evidence is that of the change; Pairs counts the blocks of the side
	// that has fewer.
	Evidence compare.Evidence
	// Base and Cand are typical values in the metric's unit.
	Base, Cand float64
	// Method says in words what was compared with what.
	Method string
	// NoPass says why the data may not show the absence of a change, empty if
	// they may.
	NoPass string
}

// The least that lets a comparison without a sentinel show that nothing
// changed: so many runs, over so long, sample what days differ by.
const (
	leastRuns  = 3
	runsToPass = 20
	daysToPass = 7 * 24 * time.Hour
)

// Compare answers a question about a run by earlier runs of the same fingerprint.
func Compare(base []record.Run, cand record.Run, q Question) Answer {
	if len(base) == 0 {
		return Answer{Missing: "no baseline was given"}
	}
	for _, b := range base {
		if why := Differs(b, cand); why != "" {
			return Answer{Missing: why}
		}
	}
	sentinel := sentinelOf(base, cand, q.Arm)
	now := blocksOf(cand, q, sentinel)
	var then []series
	for _, b := range base {
		if s := blocksOf(b, q, sentinel); len(s.harm) > 0 {
			then = append(then, s)
		}
	}
	switch {
	case len(now.harm) == 0:
		return Answer{Missing: fmt.Sprintf("the run has no %s %s of %s in cell %s", q.Metric, q.Stat, q.Arm, q.Cell)}
	case len(then) == 0:
		return Answer{Missing: fmt.Sprintf("the baseline has no %s %s of %s in cell %s", q.Metric, q.Stat, q.Arm, q.Cell)}
	}
	a := byMethod(then, now, sentinel)
	a.Cand = compare.Describe(now.shown).Median
	var shown []float64
	for _, s := range then {
		shown = append(shown, s.shown...)
	}
	a.Base = compare.Describe(shown).Median
	return a
}

// byMethod compares as well as the runs allow.
func byMethod(then []series, now series, sentinel string) Answer {
	beside := ""
	if sentinel != "" {
		beside = fmt.Sprintf(", each taken beside `%s`", sentinel)
	}
	switch {
	case len(then) >= leastRuns:
		a := Answer{Evidence: ofRuns(then, now), Method: fmt.Sprintf("this run against %d baseline runs%s", len(then), beside)}
		if span := spanOf(then); sentinel == "" && (len(then) < runsToPass || span < daysToPass) {
			a.NoPass = fmt.Sprintf("%d runs over %.0f days do not show how days differ without an arm beside them; %d runs over %d days would",
				len(then), span.Hours()/24, runsToPass, int(daysToPass.Hours()/24))
		}
		return a
	case sentinel != "":
		return Answer{Evidence: ofBlocks(then, now), Method: fmt.Sprintf("%d blocks against %d of the baseline%s", len(now.harm), blocksIn(then), beside)}
	default:
		return Answer{
			Evidence: onlyClear(ofBlocks(then, now)),
			Method:   fmt.Sprintf("%d blocks against %d of the baseline", len(now.harm), blocksIn(then)),
			NoPass:   fmt.Sprintf("fewer than %d baseline runs, and no arm that both sides measured beside it, leave open what is the day's and what is the change's", leastRuns),
		}
	}
}

// series is one run's logarithms by block, at its best and at its worst.
type series struct {
	started      time.Time
	harm, health []float64 // lowest and highest value each block allows
	shown        []float64 // in the metric's unit
}

// blocksOf reads a run's blocks, less the sentinel's where there is one.
func blocksOf(r record.Run, q Question, sentinel string) series {
	s := series{started: r.Header.Started}
	beside := map[int]record.Value{}
	if sentinel != "" {
		for _, v := range r.Values(q.Cell, sentinel, q.Metric, q.Stat) {
			beside[v.Block] = v
		}
	}
	row, _ := metric.Lookup(q.Metric)
	for _, v := range r.Values(q.Cell, q.Arm, q.Metric, q.Stat) {
		b, ok := beside[v.Block]
		if sentinel == "" {
			b, ok = record.Value{Low: 1, High: 1, N: 1}, true
		}
		if !ok || !v.Known() || !b.Known() {
			continue
		}
		low, high, refLow, refHigh := v.Low, v.High, b.Low, b.High
		if row.Better == metric.Higher {
			low, high, refLow, refHigh = 1/v.High, 1/v.Low, 1/b.High, 1/b.Low
		}
		s.harm = append(s.harm, compare.LogRatio(low, refHigh))
		s.health = append(s.health, compare.LogRatio(high, refLow))
		s.shown = append(s.shown, typical(v, row))
	}
	return s
}

func typical(v record.Value, row metric.Metric) float64 {
	if row.Better == metric.Higher {
		return v.High
	}
	return v.Low
}

// sentinelOf is the arm whose change is taken off: a control arm if every run
// has the same, else the reference; empty if there is none in common, or if it
// is the arm in question.
func sentinelOf(base []record.Run, cand record.Run, arm string) string {
	for _, role := range []scenarios.Role{scenarios.Control, scenarios.Reference} {
		for _, a := range cand.Header.Arms {
			if a.Role == role && a.ID != arm && inAll(base, a) {
				return a.ID
			}
		}
	}
	return ""
}

// inAll reports whether every run has the arm with the same target.
func inAll(runs []record.Run, a scenarios.Arm) bool {
	for _, r := range runs {
		if !slices.ContainsFunc(r.Header.Arms, func(b scenarios.Arm) bool {
			return b.ID == a.ID && b.Role == a.Role && b.Target.URL == a.Target.URL && slices.Equal(b.Target.Connect, a.Target.Connect)
		}) {
			return false
		}
	}
	return true
}

func blocksIn(ss []series) (n int) {
	for _, s := range ss {
		n += len(s.harm)
	}
	return n
}

func spanOf(ss []series) time.Duration {
	first, last := ss[0].started, ss[0].started
	for _, s := range ss {
		if s.started.Before(first) {
			first = s.started
		}
		if s.started.After(last) {
			last = s.started
		}
	}
	return last.Sub(first)
}

// Differs says why two runs cannot be compared, empty if they can. Names of
// machines are not compared: containers get a new one each time.
func Differs(a, b record.Run) string {
	x, y := a.Header, b.Header
	for _, d := range []struct{ what, a, b string }{
		{"what was measured (its fingerprint)", brief(string(x.Fingerprint)), brief(string(y.Fingerprint))},
		{"the version of loadline", x.Tool.Version, y.Tool.Version},
		{"the processor", x.Environment.CPU, y.Environment.CPU},
		{"the number of cores", fmt.Sprint(x.Environment.Cores), fmt.Sprint(y.Environment.Cores)},
		{"the limit on cores", fmt.Sprint(x.Environment.CPULimit), fmt.Sprint(y.Environment.CPULimit)},
		{"the operating system", x.Environment.OS + "/" + x.Environment.Arch, y.Environment.OS + "/" + y.Environment.Arch},
		{"the kind of machine", x.Environment.Virtual, y.Environment.Virtual},
		{"the congestion control", x.Environment.Congestion, y.Environment.Congestion},
	} {
		if d.a != d.b {
			return fmt.Sprintf("run %s is not comparable with run %s: %s differs (%s, %s)", x.Run, y.Run, d.what, orNone(d.a), orNone(d.b))
		}
	}
	if a.End == nil || a.End.Status == "aborted" || a.End.Status == "failed" {
		return fmt.Sprintf("run %s did not end as planned and is no baseline", x.Run)
	}
	return ""
}

func brief(fingerprint string) string { return fingerprint[:min(12, len(fingerprint))] }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// centre is the median, NaN of nothing.
func centre(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	s := slices.Clone(x)
	slices.Sort(s)
	low, high := s[(len(s)-1)/2], s[len(s)/2]
	if low == high {
		return low
	}
	return low + (high-low)/2
}
