package verdict_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"math/rand/v2"

	"github.com/google/go-cmp/cmp"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// fast is a healthy arm: 100 MB/s and 10 ms for the answer.
func fast() synthetic.Path {
	return synthetic.Path{Op: synthetic.Steady(100e6, 10*time.Millisecond), Noise: 0.02}
}

// slower is the healthy arm with everything taking so many times as long.
func slower(times float64) synthetic.Path {
	p := fast()
	op := p.Op
	p.Op = func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
		o := op(c, n, r)
		o.Phases.Send = time.Duration(float64(o.Phases.Send) * times)
		o.Phases.Wait = time.Duration(float64(o.Phases.Wait) * times)
		return o
	}
	return p
}

// bent is a path some of whose ops are changed.
func bent(p synthetic.Path, bend func(n int, o *synthetic.Op)) synthetic.Path {
	op := p.Op
	p.Op = func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
		o := op(c, n, r)
		bend(n, &o)
		return o
	}
	return p
}

// failing is a path on which every k-th op fails.
func failing(p synthetic.Path, k int, o probes.Outcome, status int) synthetic.Path {
	return bent(p, func(n int, op *synthetic.Op) {
		if n%k == 0 {
			op.Outcome, op.Status, op.Message = o, status, ""
		}
	})
}

// unwell is a path whose trials have been bent in their health.
func unwell(p synthetic.Path, bend func(h *record.Health)) synthetic.Path {
	p.Trial = func(t *record.Trial) { bend(&t.Health) }
	return p
}

func ledger(arm string, l record.Integrity) record.Integrity {
	l.Arm, l.Cell = arm, "all"
	return l
}

// usual are the criteria of a usual scenario.
var usual = []scenarios.Criterion{
	synthetic.Relative(metric.Goodput, metric.Mean, 0.05),
	synthetic.Relative(metric.TTLB, metric.P95, 0.10),
	synthetic.Limit(metric.Errors, metric.StatRate, 0),
	synthetic.Limit(metric.IntegrityLost, metric.StatCount, 0),
}

var intact = []record.Integrity{
	ledger("around", record.Integrity{Acknowledged: 900, Intact: 900}),
	ledger("through", record.Integrity{Acknowledged: 900, Intact: 900}),
}

func baselineCriterion() scenarios.Criterion {
	c := synthetic.Relative(metric.Goodput, metric.Mean, 0.05)
	c.Against = "baseline"
	return c
}

var open = scenarios.Load{Model: scenarios.Open, Rate: 50, InFlight: 4}

// imagined are the runs whose decisions are kept as golden files.
var imagined = []struct {
	name   string
	design synthetic.Design
	bend   func(*record.Run)
}{
	{name: "healthy", design: synthetic.Design{Around: fast(), Through: fast()}},
	{name: "improved", design: synthetic.Design{Around: slower(1.5), Through: fast()}},
	{name: "slow", design: synthetic.Design{Around: fast(), Through: slower(1.4)}},
	{name: "slow-inside-the-margin", design: synthetic.Design{Around: fast(), Through: slower(1.03)}},
	{name: "slow-from-the-floor-on", design: synthetic.Design{Around: fast(), Through: func() synthetic.Path { p := slower(1.17); p.Noise = 0.06; return p }()}, bend: func(r *record.Run) {
		r.Header.Scenario.Criteria = []scenarios.Criterion{synthetic.Relative(metric.Goodput, metric.Mean, 0.20)}
	}},
	{name: "too-few-blocks", design: synthetic.Design{Blocks: 4, Around: fast(), Through: slower(1.2)}},
	{name: "cut", design: synthetic.Design{Blocks: 3, Around: fast(), Through: slower(200)}},
	{name: "noisy", design: synthetic.Design{Around: fast(), Through: func() synthetic.Path { p := fast(); p.Noise = 0.25; return p }()}},
	{name: "two-cells", design: synthetic.Design{
		Cells:  []plan.Cell{{ID: "1MiB h1", Size: unit.MiB, HTTP: scenarios.HTTP1}, {ID: "10MiB h2", Size: 10 * unit.MiB, HTTP: scenarios.HTTP2}},
		Around: fast(), Through: func() synthetic.Path {
			return synthetic.Path{Noise: 0.02, Op: func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
				if c.HTTP == scenarios.HTTP2 {
					return slower(30).Op(c, n, r)
				}
				return fast().Op(c, n, r)
			}}
		}()}},
	{name: "lost", design: synthetic.Design{Around: fast(), Through: fast(), Ledger: []record.Integrity{
		ledger("around", record.Integrity{Acknowledged: 900, Intact: 900}),
		ledger("through", record.Integrity{Acknowledged: 900, Intact: 899, Lost: 1})}}},
	{name: "corrupt-and-unasked", design: synthetic.Design{Around: fast(), Through: fast(), Ledger: []record.Integrity{
		ledger("through", record.Integrity{Acknowledged: 900, Intact: 890, Corrupt: 2, Unverified: 8, RefusedButStored: 3})}}},
	{name: "read-wrong", design: synthetic.Design{Around: fast(), Through: fast(), Ledger: []record.Integrity{
		ledger("around", record.Integrity{Acknowledged: 900, Intact: 900}),
		ledger("through", record.Integrity{Acknowledged: 345, Corrupt: 345, ReadWrong: 265})}}},
	{name: "errors", design: synthetic.Design{Around: fast(), Through: failing(fast(), 7, probes.Status, 504)}},
	{name: "reference-sick", design: synthetic.Design{Around: failing(fast(), 5, probes.Reset, 0), Through: fast()}},
	{name: "reference-dead", design: synthetic.Design{Around: failing(fast(), 1, probes.Refused, 0), Through: fast()}},
	{name: "candidate-dead", design: synthetic.Design{Around: fast(), Through: failing(fast(), 1, probes.Status, 413)},
		bend: func(r *record.Run) { r.Header.Scenario.Criteria = usual[:1] }},
	{name: "both-dead", design: synthetic.Design{Around: failing(fast(), 1, probes.Refused, 0), Through: failing(fast(), 1, probes.Refused, 0)}},
	{name: "generator-busy", design: synthetic.Design{Around: fast(), Through: unwell(fast(), func(h *record.Health) { h.CPU = 0.93 })}},
	{name: "generator-busy-local", design: synthetic.Design{Around: fast(), Through: unwell(fast(), func(h *record.Health) { h.CPU, h.LocalTarget = 0.93, true })}},
	{name: "generator-busy-in-the-worse-arm", design: synthetic.Design{Around: fast(), Through: unwell(slower(1.4), func(h *record.Health) { h.CPU = 0.93 })}},
	{name: "generator-busy-in-the-better-arm", design: synthetic.Design{Around: unwell(fast(), func(h *record.Health) { h.CPU = 0.93 }), Through: slower(1.4)}},
	{name: "generator-busy-but-lost", design: synthetic.Design{Around: fast(), Through: unwell(fast(), func(h *record.Health) { h.CPU = 0.93 }), Ledger: []record.Integrity{
		ledger("through", record.Integrity{Acknowledged: 900, Intact: 898, Lost: 2})}}},
	{name: "starts-dropped", design: synthetic.Design{Load: open, Around: unwell(fast(), func(h *record.Health) { h.Dropped = 9 }), Through: fast()}},
	{name: "starts-kept-by-the-candidate", design: synthetic.Design{Load: open, Around: fast(), Through: unwell(fast(), func(h *record.Health) { h.Queued, h.Unstarted = 30, 9 })}},
	{name: "starts-late", design: synthetic.Design{Load: open, Around: fast(), Through: unwell(fast(), func(h *record.Health) { h.LateP99 = 60 * time.Millisecond })}},
	{name: "clock-step", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) { r.Trials[4].Health.ClockStep = -2 * time.Second }},
	{name: "event-failed", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) {
		r.Trials[5].Event = &record.Event{Exit: 3, Err: "./change.sh apply: exit status 3"}
		r.End = &record.End{Status: "failed", Why: "the event failed"}
	}},
	{name: "wrong-protocol", design: synthetic.Design{Around: fast(), Through: withPeer(fast(), scenarios.Target{URL: "https://files.example.org", HTTP: scenarios.HTTP2},
		probes.Peer{Address: "10.0.0.12:443", Protocol: "HTTP/1.1", TLS: "TLS 1.3"})}},
	{name: "wrong-peer", design: synthetic.Design{Through: fast(), Around: withPeer(fast(), scenarios.Target{URL: "https://files.example.org", Connect: []string{"10.0.0.9:443"}},
		probes.Peer{Address: "10.0.0.12:443", Protocol: "HTTP/1.1"})}},
	{name: "not-around", design: synthetic.Design{
		Around:  withPeer(fast(), scenarios.Target{URL: "https://origin.example.org"}, probes.Peer{Address: "10.0.0.12:443", Protocol: "HTTP/1.1", Via: "1.1 edge7"}),
		Through: withPeer(fast(), scenarios.Target{URL: "https://files.example.org"}, probes.Peer{Address: "10.0.0.12:443", Protocol: "HTTP/1.1", Via: "1.1 edge7"})}},
	{name: "null-arm-regressed", design: synthetic.Design{Around: fast(), Through: slower(1.2), Null: new(slower(1.3))}},
	{name: "null-arm-well", design: synthetic.Design{Around: fast(), Through: slower(1.4), Null: new(fast())}},
	{name: "no-baseline", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) {
		r.Header.Scenario.Criteria = append(r.Header.Scenario.Criteria, baselineCriterion())
	}},
	{name: "killed", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) { r.End = nil }},
	{name: "no-criteria", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) { r.Header.Scenario.Criteria = nil }},
	{name: "nothing-measured", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) {
		r.Trials, r.Integrity, r.End = nil, nil, &record.End{Status: "failed", Why: "arm around: prepare: no such host"}
	}},
	{name: "withheld", design: synthetic.Design{Around: fast(), Through: fast()}, bend: func(r *record.Run) {
		r.Header.Scenario.Criteria = []scenarios.Criterion{synthetic.Relative(metric.Response, metric.P999, 0.25)}
	}},
	{name: "limits", design: synthetic.Design{Around: fast(), Through: failing(fast(), 40, probes.Status, 503)}, bend: func(r *record.Run) {
		r.Header.Scenario.Criteria = []scenarios.Criterion{
			synthetic.Limit(metric.Errors, metric.StatRate, 0.05),
			synthetic.Limit(metric.Errors, metric.StatRate, 0.02),
			synthetic.Limit(metric.Errors, metric.StatRate, 0.001),
			synthetic.Limit(metric.Response, metric.P95, 0.2),
			synthetic.Limit(metric.Response, metric.P95, 0.05),
			synthetic.Limit(metric.Response, metric.P99, 0.2),
			synthetic.Limit(metric.Response, metric.Max, 0.2),
			synthetic.Limit(metric.Response, metric.Max, 0.05),
			synthetic.Limit(metric.Service, metric.Mean, 0.05),
			synthetic.Limit(metric.IntegrityDuplicate, metric.StatCount, 0),
			synthetic.Limit(metric.IntegrityShort, metric.StatCount, 0),
		}
	}},
}

// withPeer is a path that claims a target and meets a peer.
func withPeer(p synthetic.Path, t scenarios.Target, peer probes.Peer) synthetic.Path {
	p = bent(p, func(_ int, o *synthetic.Op) { o.Peer = peer })
	p.Target = t
	return p
}

func TestDecisionsAreThoseOfTheGoldenFiles(t *testing.T) {
	for _, x := range imagined {
		t.Run(x.name, func(t *testing.T) {
			d := x.design
			d.Seed, d.Criteria = 7, usual
			if d.Ledger == nil {
				d.Ledger = intact
			}
			run := synthetic.Record(d)
			if x.bend != nil {
				x.bend(&run)
			}
			got := render(verdict.Judge(run, verdict.Options{}))
			file := filepath.Join("testdata", x.name+".golden")
			if os.Getenv("LOADLINE_UPDATE") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("decision differs from %s (LOADLINE_UPDATE=1 writes it again):\n%s", file, diff)
			}
		})
	}
}

// render writes a decision as the golden files have it.
func render(d verdict.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (exit %d)\n%s\n", d.Verdict, d.Verdict.ExitCode(), d.Sentence)
	if d.Unreachable != "" {
		fmt.Fprintf(&b, "unreachable: %s\n", d.Unreachable)
	}
	if d.MoreBlocks > 0 {
		fmt.Fprintf(&b, "more blocks: %d\n", d.MoreBlocks)
	}
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "\n%s %s %s, n=%d\n  %s\n", f.Verdict, f.Metric, f.Stat, f.N, f.Reason)
	}
	for title, texts := range map[string][]string{"problem": d.Health.Problems} {
		for _, s := range texts {
			fmt.Fprintf(&b, "\n%s: %s", title, s)
		}
	}
	for _, s := range d.Health.Remarks {
		fmt.Fprintf(&b, "\nremark: %s", s)
	}
	for _, s := range d.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s", s)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
