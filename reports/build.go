package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"time"

	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// Source says where a report comes from, for the lines on how to repeat it.
type Source struct {
	// Command is the command line that made the run; Record the path of its
	// record, empty if none was kept.
	Command, Record string
}

// Build makes the view of a run, whole or partial.
func Build(run record.Run, d verdict.Decision, a attribution.Attribution, s Source) Report {
	run = verdict.Counted(run)
	h := run.Header
	r := Report{
		Run: h.Run, Scenario: h.Scenario.Name, Purpose: h.Scenario.Purpose, Started: h.Started,
		Took: took(run), Partial: partial(run),
		Decision: d, Exit: ExitCode(d), Attribution: a, Ledger: ledger(run),
		Environment: environment(h), Reproduce: reproduce(run, s),
		Tool: h.Tool, Fingerprint: string(h.Fingerprint),
	}
	for _, arm := range h.Arms {
		r.Arms = append(r.Arms, introduce(run, arm.ID, string(arm.Role), arm.Target.URL, arm.Target.Connect))
	}
	for _, c := range h.Cells {
		cell := Cell{ID: c.ID}
		for i, arm := range h.Arms {
			if ts := trialsOf(run, c.ID, arm.ID); len(ts) > 0 {
				sums := sumUp(ts)
				sums.Arm, sums.Role, sums.Number = arm.ID, string(arm.Role), i
				cell.Arms = append(cell.Arms, sums)
			}
		}
		r.Cells = append(r.Cells, cell)
	}
	for _, t := range run.Trials {
		r.Health = append(r.Health, HealthRow{t.Index, t.Block, t.Arm, t.Cell, t.Health})
	}
	return r
}

// NotRun is the report on a scenario that left no run, so that a document of
// several scenarios does not keep silent on it.
func NotRun(s scenarios.Scenario, why string, exit int, at time.Time) Report {
	return Report{
		Scenario: s.Name, Purpose: s.Purpose, Started: at, Partial: why, Exit: exit,
		Decision: verdict.Decision{
			Verdict: verdict.Invalid, Sentence: "could not run: " + why, Unreachable: why,
			Health:    verdict.Health{Problems: []string{why}},
			Integrity: verdict.Integrity{LossUpperBound95: math.NaN()},
		},
	}
}

// ledger is the ack ledger in the order of cells and arms, whatever order the
// audits ended in.
func ledger(run record.Run) []record.Integrity {
	cell := func(id string) int {
		return slices.IndexFunc(run.Header.Cells, func(c plan.Cell) bool { return c.ID == id })
	}
	arm := func(id string) int {
		return slices.IndexFunc(run.Header.Arms, func(a scenarios.Arm) bool { return a.ID == id })
	}
	out := slices.Clone(run.Integrity)
	slices.SortStableFunc(out, func(a, b record.Integrity) int {
		return cmp.Or(cell(a.Cell)-cell(b.Cell), arm(a.Arm)-arm(b.Arm))
	})
	return out
}

func took(run record.Run) time.Duration {
	if run.End != nil {
		return run.End.At.Sub(run.Header.Started)
	}
	var last time.Duration
	for _, t := range run.Trials {
		last = max(last, t.At+t.Span)
	}
	return last
}

// partial says why a run is not whole; a run that a look decided early is.
func partial(run record.Run) string {
	var why string
	switch {
	case run.End == nil:
		why = "the run was killed; this is what it had written"
	case run.End.Status == "complete" || run.End.Status == "decided":
	default:
		why = run.End.Status + ": " + run.End.Why
	}
	for _, d := range run.Damage {
		if why != "" {
			why += "; "
		}
		why += d
	}
	return why
}

func introduce(run record.Run, id, role, url string, connect []string) Arm {
	a := Arm{ID: id, Role: role, URL: url}
	for i, c := range connect {
		if i > 0 {
			a.Connect += ", "
		}
		a.Connect += c
	}
	at := map[string]int{}
	for _, t := range run.Trials {
		if t.Arm != id {
			continue
		}
		for _, p := range t.Peers {
			key := PeerWords(p)
			i, seen := at[key]
			if !seen {
				i = len(a.Peers)
				at[key] = i
				a.Peers = append(a.Peers, record.Peer{Address: p.Address, Protocol: p.Protocol, TLS: p.TLS, Via: p.Via, Server: p.Server})
			}
			a.Peers[i].Ops += p.Ops
		}
	}
	sort.SliceStable(a.Peers, func(i, j int) bool { return a.Peers[i].Ops > a.Peers[j].Ops })
	return a
}

func trialsOf(run record.Run, cell, arm string) []record.Trial {
	var ts []record.Trial
	for _, t := range run.Trials {
		if t.Cell == cell && t.Arm == arm && t.Aborted == "" {
			ts = append(ts, t)
		}
	}
	return ts
}

func environment(h record.Header) []Fact {
	e := h.Environment
	facts := []Fact{
		{"host", e.Host}, {"system", e.OS + " " + e.Kernel + " " + e.Arch}, {"processor", e.CPU},
		{"cores", strconv.Itoa(e.Cores)}, {"memory", e.Memory.String()}, {"open files", strconv.FormatUint(e.OpenFiles, 10)},
		{"congestion control", e.Congestion},
	}
	if e.MemoryLimit > 0 {
		facts = append(facts, Fact{"memory limit", e.MemoryLimit.String()})
	}
	if e.CPULimit > 0 {
		facts = append(facts, Fact{"processor limit", fmt.Sprintf("%.2f cores", e.CPULimit)})
	}
	if e.Virtual != "" {
		facts = append(facts, Fact{"virtual machine", e.Virtual})
	}
	return append(facts, Fact{"loadline", h.Tool.Version}, Fact{"go", h.Tool.Go})
}

func reproduce(run record.Run, s Source) []string {
	var lines []string
	if s.Command != "" {
		lines = append(lines, s.Command)
	}
	if s.Record != "" {
		lines = append(lines, "loadline report "+s.Record)
	}
	return append(lines,
		"seed "+strconv.FormatUint(run.Header.Scenario.Design.Seed, 10)+", fingerprint "+short(string(run.Header.Fingerprint)))
}

func short(fingerprint string) string { return fingerprint[:min(len(fingerprint), 12)] }
