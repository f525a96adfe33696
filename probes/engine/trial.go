package engine

import (
	"context"
	"time"

	"loadline/probes"
	"loadline/probes/engine/health"
	"loadline/probes/engine/ledger"
	"loadline/probes/pace"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// trial is one arm measured once in one cell.
type trial struct {
	run     *runner
	plan    plan.Trial
	arm     scenarios.Arm
	cell    plan.Cell
	load    scenarios.Load
	session probes.Session
	book    *ledger.Book // nil if its ops leave nothing behind
	size    unit.Bytes   // of an op's object
	expect  unit.Bytes   // body bytes that one op moves in its main direction
	booked  unit.Bytes   // body bytes that one op moves in both
	uploads bool
	told    point // of the last progress event
}

func (r *runner) newTrial(pt plan.Trial) *trial {
	t := &trial{
		run: r, plan: pt, arm: r.plan.ArmIn(pt), cell: r.plan.Cells[pt.Cell], load: r.plan.LoadIn(pt),
		session: r.sessions[place{pt.Arm, pt.Cell}],
	}
	t.size = r.size(t.cell)
	effects := r.plan.Spec.Effects(t.size)
	t.uploads = effects.Sends >= effects.Receives
	t.expect, t.booked = max(effects.Sends, effects.Receives), effects.Sends+effects.Receives
	if _, keeps := t.session.(probes.Keeper); keeps && effects.Creates {
		t.book = r.ledger.Open(ledger.Head{Trial: pt, Arm: t.arm.ID, Cell: t.cell.ID, Size: t.size, Shard: r.plan.Shard})
	}
	return t
}

// size is that of one op in a cell.
func (r *runner) size(c plan.Cell) unit.Bytes {
	if c.Size > 0 {
		return c.Size
	}
	return r.plan.Spec.Size()
}

// measure runs the trial; ok is false if the run was stopped before its
// measured part began.
func (t *trial) measure(ctx context.Context) (out record.Trial, ok bool, err error) {
	schedule, err := scheduleOf(t.load, t.plan.Seed)
	if err != nil {
		return out, false, err
	}
	if err := t.warmUp(ctx, schedule); err != nil {
		return out, false, err
	}
	if !t.ready(ctx, false) {
		return out, false, nil
	}
	collector := record.NewCollector(t.head(), record.CollectorOptions{Length: t.load.Measure + t.load.Drain, Raw: t.run.options.Raw})
	p := t.part(schedule)
	p.judge, p.length, p.drain = collector, t.load.Measure, t.load.Drain
	watch := health.Begin(t.run.options.Header.Environment.CPULimit)
	done := p.begin(ctx)
	at := p.epoch.Sub(t.run.started)
	change := t.change(ctx, p.epoch)
	seen := p.watch(ctx, done)
	fared := watch.End()
	p.late.into(&fared)
	event := <-change
	out = collector.Finish(fared, max(seen.last, p.spanned(ctx)))
	out.At, out.Event = at, event
	out.Health.LocalTarget = local(out.Peers)
	if ctx.Err() != nil {
		out.Aborted = endingOf(ctx).why
	}
	return out, true, nil
}

// spanned is the measured part's length, or less if the run was stopped in it:
// a load that is idle at its end, or backs off, took its whole length.
func (p *part) spanned(ctx context.Context) time.Duration {
	if ctx.Err() != nil {
		return min(p.length, time.Since(p.epoch))
	}
	return p.length
}

// warmUp applies load that is not judged. What is still running a quarter of
// its length after its end is cut, so that the measured part starts with every
// place free and, for ops that are short, with warm connections.
func (t *trial) warmUp(ctx context.Context, measured pace.Rated) error {
	if t.load.Warmup <= 0 {
		return nil
	}
	var schedule pace.Schedule
	if measured != nil {
		var err error
		if schedule, err = warmUpOf(t.load, measured); err != nil || schedule == nil {
			return err
		}
	}
	if !t.ready(ctx, true) {
		return nil
	}
	p := t.part(schedule)
	p.warmUp, p.length, p.drain = true, t.load.Warmup, t.load.Warmup/4
	p.watch(ctx, p.begin(ctx))
	return nil
}

// ready keeps the names of the first ops; false if the run ends.
func (t *trial) ready(ctx context.Context, warmUp bool) bool {
	if t.book != nil {
		if err := t.book.Ready(ctx, warmUp); err != nil && ctx.Err() == nil {
			t.run.notKept(err)
		}
	}
	return ctx.Err() == nil
}

// part is a stretch of load with fresh places.
func (t *trial) part(schedule pace.Schedule) *part {
	p := &part{trial: t}
	if t.load.Model == scenarios.Open {
		p.schedule, p.places = schedule, newPlaces(0, t.load.InFlight)
	} else {
		n := max(t.load.InFlight, 1)
		p.places = newPlaces(n, n)
	}
	return p
}

func (t *trial) head() record.TrialHead {
	return record.TrialHead{Index: t.plan.Index, Block: t.plan.Block, Slot: t.plan.Slot, Arm: t.arm.ID, Role: t.arm.Role, Cell: t.cell.ID}
}

// local reports whether ops spoke to this very machine.
func local(peers []record.Peer) bool {
	for _, p := range peers {
		if health.Local(p.Address) {
			return true
		}
	}
	return false
}
