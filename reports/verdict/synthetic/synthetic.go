// Package synthetic makes records of runs that never happened, so that the
// judge can be asked about arms whose truth is known. It is for tests only:
// ops are invented, but folded by the same collector as real ones.
//
// It is no load generator and no simulator of networks: an arm is a function
// from the number of an op to how long each of its phases takes.
package synthetic

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Design is an imagined run. Zero values are made up for: 12 blocks, one look,
// one cell of 10 MiB with one op in flight, 10 s measured, 2 s of drain.
type Design struct {
	Seed     uint64
	Blocks   int
	Looks    []int
	Cells    []plan.Cell
	Criteria []scenarios.Criterion
	Load     scenarios.Load
	// Spec is the work's identity; an upload if empty.
	Spec string
	// Around is the reference and Through the candidate.
	Around, Through Path
	// Null is a second copy of the reference, if set.
	Null *Path
	// Ledger, if set, is the ack ledger.
	Ledger []record.Integrity
}

// Path is how an arm behaves.
type Path struct {
	Target scenarios.Target
	// Op is the n-th op of a trial in a cell.
	Op func(c plan.Cell, n int, r *rand.Rand) Op
	// Noise is the standard deviation of the logarithm of how long everything
	// takes, from trial to trial.
	Noise float64
	// Trial, if set, bends the finished trial.
	Trial func(t *record.Trial)
	// MaxOps bounds the ops of a trial; 0 is 200.
	MaxOps int
}

// Op is one op: how long its phases take and how it ends (OK if empty).
type Op struct {
	Phases  probes.Phases
	Outcome probes.Outcome
	Status  int
	Message string
	Backend string
	Peer    probes.Peer
	Socket  probes.Socket
	// Burst bytes move at once, the rest evenly over the moving phase.
	Burst unit.Bytes
}

// Steady is an arm whose ops take a connect, a round trip of waiting and the
// time that rate bytes per second need, each spread by a few percent.
func Steady(rate unit.BytesPerSecond, wait time.Duration) func(plan.Cell, int, *rand.Rand) Op {
	return func(c plan.Cell, _ int, r *rand.Rand) Op {
		spread := math.Exp(0.03 * r.NormFloat64())
		return Op{Phases: probes.Phases{
			Send: time.Duration(float64(c.Size) / float64(rate) * spread * 1e9),
			Wait: time.Duration(float64(wait) * math.Exp(0.05*r.NormFloat64())),
		}}
	}
}

// Record makes the record of the design: every trial, and an end.
func Record(d Design) record.Run {
	d = d.complete()
	run := record.Run{
		Header: record.Header{
			Schema: record.Schema, Run: "synthetic", Spec: []byte(d.Spec),
			Scenario: scenarios.Scenario{
				Name: "synthetic", Criteria: d.Criteria, Load: d.Load,
				Design: scenarios.Design{Blocks: d.Blocks, Seed: d.Seed, NullArm: d.Null != nil},
			},
			Arms: []scenarios.Arm{
				{ID: "around", Role: scenarios.Reference, Target: d.Around.Target},
				{ID: "through", Role: scenarios.Candidate, Target: d.Through.Target},
			},
			Cells: d.Cells, Looks: d.Looks, Fingerprint: "f00d",
		},
		Integrity: d.Ledger,
		End:       &record.End{Status: "complete"},
	}
	paths := []Path{d.Around, d.Through}
	if d.Null != nil {
		run.Header.Arms = append(run.Header.Arms, scenarios.Arm{ID: "around~null", Role: scenarios.Null, Target: d.Around.Target})
		paths = append(paths, *d.Null)
	}
	random := rand.New(rand.NewPCG(d.Seed, 0x73796e))
	for block := range d.Blocks {
		for _, cell := range d.Cells {
			for i, arm := range run.Header.Arms {
				head := record.TrialHead{Index: len(run.Trials), Block: block, Slot: i, Arm: arm.ID, Role: arm.Role, Cell: cell.ID}
				run.Trials = append(run.Trials, trial(head, d, cell, paths[i], random))
			}
		}
	}
	return run
}

func (d Design) complete() Design {
	d.Blocks = cmp.Or(d.Blocks, 12)
	if d.Looks == nil {
		d.Looks = []int{d.Blocks}
	}
	if d.Cells == nil {
		d.Cells = []plan.Cell{{ID: "all", Size: 10 * unit.MiB, InFlight: 1}}
	}
	d.Load.Model = cmp.Or(d.Load.Model, scenarios.Closed)
	d.Load.InFlight = cmp.Or(d.Load.InFlight, 1)
	d.Load.Measure = cmp.Or(d.Load.Measure, 10*time.Second)
	d.Load.Drain = cmp.Or(d.Load.Drain, 2*time.Second)
	d.Spec = cmp.Or(d.Spec, `{"direction":"upload","verify":"readback"}`)
	return d
}

// moves are the bytes that moved by a time, for the timeline.
type moves struct {
	at    time.Duration
	bytes unit.Bytes
}

// trial invents one trial: every slot runs ops one after the other.
func trial(head record.TrialHead, d Design, cell plan.Cell, p Path, random *rand.Rand) record.Trial {
	c := record.NewCollector(head, record.CollectorOptions{Length: d.Load.Measure + d.Load.Drain})
	pace := math.Exp(p.Noise * random.NormFloat64())
	upload := !strings.Contains(d.Spec, "download")
	var moved []moves
	last, seq := time.Duration(0), uint64(0)
	slots := max(1, cmp.Or(cell.InFlight, d.Load.InFlight))
	for slot := range slots {
		for now := time.Duration(0); now < d.Load.Measure && int(seq) < cmp.Or(p.MaxOps, 200); seq++ {
			op := p.Op(cell, int(seq), random)
			op.stretch(pace)
			o, steps := op.observe(seq, now, d.Load, cell.Size, upload)
			moved = append(moved, steps...)
			end, _ := o.End.Offset()
			now = max(end, now+time.Microsecond)
			last = max(last, end)
			c.Add(slot, o)
		}
	}
	slices.SortStableFunc(moved, func(a, b moves) int { return cmp.Compare(a.at, b.at) })
	sum := unit.Bytes(0)
	for _, m := range moved {
		sum += m.bytes
		c.Tick(m.at, sum)
	}
	t := c.Finish(record.Health{CPU: 0.2}, max(last, time.Millisecond))
	if p.Trial != nil {
		p.Trial(&t)
	}
	return t
}

func (op *Op) stretch(by float64) {
	p := &op.Phases
	for _, d := range []*time.Duration{&p.Connect, &p.TLS, &p.Continue, &p.Send, &p.Wait, &p.Receive} {
		*d = time.Duration(float64(*d) * by)
	}
}

// observe lays the op out in time from its start; what would not end in the
// drain is cut when the measured part ends.
func (op Op) observe(seq uint64, start time.Duration, l scenarios.Load, size unit.Bytes, upload bool) (probes.Observation, []moves) {
	p := op.Phases
	before := p.Connect + p.TLS + p.Continue
	moving := p.Send
	if !upload {
		before += p.Wait
		moving = p.Receive
	}
	took := p.Connect + p.TLS + p.Continue + p.Send + p.Wait + p.Receive
	o := probes.Observation{
		Seq: seq, Name: "op", Due: probes.MarkAt(start), Start: probes.MarkAt(start),
		Phases: p, Peer: op.Peer, Socket: op.Socket, Outcome: cmp.Or(op.Outcome, probes.OK),
	}
	o.Peer.Status, o.Peer.Backend = cmp.Or(op.Status, op.Peer.Status), cmp.Or(op.Backend, op.Peer.Backend)
	if op.Message != "" {
		o.Err = message(op.Message)
	}
	amount, end := size, start+took
	if end > l.Measure+l.Drain {
		end = max(l.Measure, start)
		o.Outcome = probes.Cut
		share := min(1, max(0, float64(end-start-before)/float64(max(1, moving))))
		amount = op.Burst + unit.Bytes(share*float64(size-op.Burst))
		o.Phases.Send, o.Phases.Wait, o.Phases.Receive = min(p.Send, end-start), 0, min(p.Receive, end-start)
		if p.Wait > l.Measure { // it hangs, however early it began
			o.Phases.Wait = max(end-start-p.Connect-p.TLS-p.Continue-p.Send, 0)
		}
		moving = min(moving, end-start-before)
	} else if o.Outcome.Failed() {
		amount = 0
	}
	o.End = probes.MarkAt(end)
	if o.Outcome == probes.OK {
		o.Verified = amount
		o.FirstByte = probes.MarkAt(end - p.Receive)
	}
	if upload {
		o.Sent = amount
	} else {
		o.Received = amount
	}
	return o, op.spread(start+before, moving, amount)
}

// spread lays the bytes of an op evenly over its moving phase, the burst first.
func (op Op) spread(from, moving time.Duration, amount unit.Bytes) []moves {
	if amount <= 0 {
		return nil
	}
	const grain = 50 * time.Millisecond
	burst := min(op.Burst, amount)
	out := []moves{{from, 0}, {from + time.Millisecond, burst}}
	n := max(1, int(moving/grain))
	for i := range n {
		at := from + time.Millisecond + moving*time.Duration(i+1)/time.Duration(n)
		out = append(out, moves{at, (amount - burst) / unit.Bytes(n)})
	}
	return out
}

type message string

func (m message) Error() string { return string(m) }

// Relative is a criterion with a margin.
func Relative(id metric.ID, s metric.Stat, margin unit.Margin) scenarios.Criterion {
	return scenarios.Criterion{Metric: id, Stat: s, Margin: &margin}
}

// Limit is a criterion with an absolute limit.
func Limit(id metric.ID, s metric.Stat, most float64) scenarios.Criterion {
	return scenarios.Criterion{Metric: id, Stat: s, Max: &most}
}
