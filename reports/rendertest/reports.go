// Package rendertest holds the reports that every renderer is tested on and
// the golden files that hold it to what it drew. It is for tests only.
//
// The reports are built by reports.Build from records of imagined runs, never
// by hand, so that a renderer meets what the judge really says. They are the
// same on every call: no clock, no machine, seeded randomness.
package rendertest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Named is a report with the name of its golden files.
type Named struct {
	Name   string
	Report reports.Report
}

// Reports are the three ends that a run can come to: refused with everything
// that a page can show, passed, and partial with much of it missing.
func Reports() []Named {
	return []Named{{"regressed", Regressed()}, {"pass", Passed()}, {"partial", Partial()}}
}

var started = time.Date(2026, 11, 22, 8, 27, 42, 0, time.UTC)

var criteria = []scenarios.Criterion{
	synthetic.Relative(metric.Goodput, metric.Mean, 0.05),
	synthetic.Relative(metric.TTLB, metric.P95, 0.10),
	synthetic.Limit(metric.Errors, metric.StatRate, 0),
	synthetic.Limit(metric.IntegrityLost, metric.StatCount, 0),
}

// build introduces the run as a real one is and makes its report.
func build(run record.Run, name string) reports.Report {
	h := &run.Header
	h.Run, h.Started = "20261122t082742z-1c3dd3b7", started
	h.Scenario.Name, h.Scenario.Purpose = "edge/"+name, "May the balancer's upgrade go out?"
	h.Tool = record.Tool{Version: "0.1.0", Revision: "3441df1c0ffee", Go: "go1.26.0"}
	h.Fingerprint = "40a89ed1472f5b6c7d8e9f00112233445566778899aabbccddeeff0011223344"
	h.Environment = record.Environment{
		Host: "runner-7", OS: "linux", Kernel: "6.12.9", Arch: "amd64", CPU: "Example CPU @ 2.40GHz", Cores: 8,
		Memory: 32 * unit.GiB, MemoryLimit: 8 * unit.GiB, CPULimit: 4, OpenFiles: 65536, Congestion: "cubic", Virtual: "kvm",
	}
	at := time.Duration(0)
	for i := range run.Trials {
		run.Trials[i].At = at
		at += run.Trials[i].Span + time.Second
	}
	if run.End != nil {
		run.End.At = started.Add(at)
	}
	d := verdict.Judge(run, verdict.Options{})
	var a attribution.Attribution
	if d.Verdict == verdict.Regressed {
		a = attributed
	}
	return reports.Build(run, d, a, reports.Source{
		Command: "loadline run edge/" + name + ".yaml", Record: "loadline-runs/" + h.Run,
	})
}

// attributed is written out: what the rules of attribution say of a record is
// held by their own golden files, and drawing it is all that is tested here.
var attributed = attribution.Attribution{
	Arm:   "through",
	Where: "uploads through `through`, in every cell: uploads acknowledged and not stored; a 64 kB flow-control window (HTTP/2 stream window), moved once per round trip",
	Evidence: []string{
		"2 of 480 acknowledged uploads are on no path that answers, such as run-1c3d-t3-17 (around: 404 Not Found)",
		"5.4 MB/s per stream × a round trip of 11.8 ms (by the TLS handshake) = 64 kB in 100MiB h2",
		"31 of 503 ops in 10MiB h1.1 failed (status 503); around 0 of 536",
	},
}

// path is an arm that moves rate bytes per second and answers after wait.
func path(host, connect, server string, rate unit.BytesPerSecond, wait time.Duration) synthetic.Path {
	steady := synthetic.Steady(rate, wait)
	p := synthetic.Path{
		Noise:  0.02,
		Target: scenarios.Target{URL: "https://" + host},
		Op: func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
			op := steady(c, n, r)
			op.Peer = probes.Peer{Address: connect, Protocol: "HTTP/1.1", TLS: "TLS 1.3", Server: server}
			if c.HTTP == scenarios.HTTP2 {
				op.Peer.Protocol = "HTTP/2.0"
			}
			if n == 0 {
				op.Phases.Connect, op.Phases.TLS = 5*time.Millisecond, 11*time.Millisecond
			}
			op.Socket = probes.Socket{Conn: 1, Reused: n > 0, RTT: 10 * time.Millisecond, MinRTT: 10 * time.Millisecond, Busy: op.Phases.Send, Congestion: "cubic"}
			op.Backend = fmt.Sprintf("files-%d", n%3+1)
			return op
		},
	}
	return p
}

func around() synthetic.Path {
	return path("origin.example.org", "10.0.0.9:443", "nginx", 100e6, 10*time.Millisecond)
}

func through() synthetic.Path {
	p := path("files.example.org", "10.0.0.12:443", "haproxy", 98e6, 12*time.Millisecond)
	p.Target.Connect = []string{"10.0.0.12:443"}
	return p
}

// bent is a path some of whose ops are changed.
func bent(p synthetic.Path, bend func(c plan.Cell, n int, op *synthetic.Op)) synthetic.Path {
	make := p.Op
	p.Op = func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
		op := make(c, n, r)
		bend(c, n, &op)
		return op
	}
	return p
}

// Regressed is a run whose balancer has a small window over HTTP/2, fails one
// backend's requests, loses two uploads and doubles one; some of its trials
// were unwell, and most large uploads over HTTP/2 were cut.
func Regressed() reports.Report { return build(regressed(), "upload-through-around") }

func regressed() record.Run {
	candidate := bent(through(), func(c plan.Cell, n int, op *synthetic.Op) {
		if c.HTTP == scenarios.HTTP2 {
			op.Phases.Send *= 18 // 64 kB per round trip of 12 ms
		}
		if n%3 == 1 && n%5 == 0 && c.HTTP == scenarios.HTTP1 {
			op.Outcome, op.Status, op.Message = probes.Status, 503, "PUT /files/op: 503 Service Unavailable: no server is available to handle this request"
		}
	})
	candidate.Trial = func(t *record.Trial) {
		t.Network.Samples, t.Network.WindowFill, t.Network.RwndLimit = 40, 0.31, t.Network.Busy/50
		if t.Block == 2 {
			t.Health.SchedLag, t.Health.Machine, t.Health.LocalTarget = 200*time.Millisecond, 0.99, true
		}
	}
	ledger := []record.Integrity{
		{Arm: "around", Cell: "10MiB h1.1", Acknowledged: 512, Intact: 512},
		{Arm: "around", Cell: "100MiB h2", Acknowledged: 80, Intact: 80},
		{Arm: "through", Cell: "10MiB h1.1", Acknowledged: 477, Intact: 472, Lost: 2, Duplicated: 1, Refused: 31, RefusedButStored: 1, Unverified: 2, Cases: cases()},
		{Arm: "through", Cell: "100MiB h2", Acknowledged: 3, Intact: 3},
	}
	return synthetic.Record(synthetic.Design{
		Seed: 7, Blocks: 6, Criteria: criteria, Ledger: ledger,
		Cells: []plan.Cell{
			{ID: "10MiB h1.1", Size: 10 * unit.MiB, HTTP: scenarios.HTTP1, InFlight: 1},
			{ID: "100MiB h2", Size: 100 * unit.MiB, HTTP: scenarios.HTTP2, InFlight: 1},
		},
		Around: around(), Through: candidate,
	})
}

func cases() []record.Case {
	one := func(name string, trial int, seq uint64, outcome probes.Outcome, finding string, evidence ...string) record.Case {
		return record.Case{Name: name, Trial: trial, Seq: seq, Outcome: outcome, Finding: finding, Evidence: evidence}
	}
	return []record.Case{
		one("run-1c3d-t3-17", 3, 17, probes.OK, "lost", "around: 404 Not Found", "through: 404 Not Found"),
		one("run-1c3d-t3-44", 3, 44, probes.OK, "lost", "around: 404 Not Found", "through: 404 Not Found"),
		one("run-1c3d-t5-2", 5, 2, probes.OK, "duplicated", "the origin stored it 2 times"),
		one("run-1c3d-t5-10", 5, 10, probes.Status, "refused_but_stored", "around: 200 OK, 10 MiB, every byte right"),
		one("run-1c3d-t7-9", 7, 9, probes.OK, "unverified", "around: no answer for 2m0s"),
	}
}

// Passed is a healthy run that nothing is wrong with.
func Passed() reports.Report {
	return build(synthetic.Record(synthetic.Design{
		Seed: 7, Blocks: 8, Criteria: criteria, Around: around(), Through: around2(),
		Ledger: []record.Integrity{
			{Arm: "around", Cell: "all", Acknowledged: 700, Intact: 700},
			{Arm: "through", Cell: "all", Acknowledged: 690, Intact: 690},
		},
	}), "healthy")
}

// around2 is a candidate that is as fast as the reference.
func around2() synthetic.Path {
	return path("files.example.org", "10.0.0.12:443", "haproxy", 100e6, 10*time.Millisecond)
}

// Partial is a run that was killed: one cell was never measured, in the other
// nothing moved through the candidate before everything was cut, one trial
// ended before it began, and the end of the record is damaged.
func Partial() reports.Report {
	held := bent(through(), func(_ plan.Cell, _ int, op *synthetic.Op) { op.Phases.Continue = time.Hour })
	run := synthetic.Record(synthetic.Design{
		Seed: 7, Blocks: 3, Looks: []int{12}, Around: around(), Through: held,
		Criteria: append(criteria[:3:3], synthetic.Relative(metric.Response, metric.P999, 0.25)),
		Cells: []plan.Cell{
			{ID: "10MiB", Size: 10 * unit.MiB, HTTP: scenarios.HTTP1, InFlight: 1},
			{ID: "1GiB", Size: unit.GiB, HTTP: scenarios.HTTP1, InFlight: 1},
		},
	})
	kept := run.Trials[:0]
	for _, t := range run.Trials {
		if t.Cell != "1GiB" {
			kept = append(kept, t)
		}
	}
	last := &kept[len(kept)-1]
	*last = record.Trial{Index: last.Index, Block: last.Block, Arm: last.Arm, Role: last.Role, Cell: last.Cell}
	run.Trials, run.End, run.Damage = kept, nil, []string{"line 9: the last line is torn"}
	return build(run, "killed")
}
