package engine

import (
	"context"
	"fmt"
	"time"

	"loadline/probes"
	"loadline/probes/engine/health"
	"loadline/probes/engine/ledger"
	"loadline/probes/engine/load"
	"loadline/probes/pace"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// trial is one arm measured once in one cell.
type trial struct {
	run  *runner
	plan plan.Trial
	arm  scenarios.Arm
	cell plan.Cell
	load scenarios.Load
	work load.Work
}

func (r *runner) newTrial(pt plan.Trial) *trial {
	t := &trial{run: r, plan: pt, arm: r.plan.ArmIn(pt), cell: r.plan.Cells[pt.Cell], load: r.plan.LoadIn(pt)}
	size := r.size(t.cell)
	effects := r.plan.Spec.Effects(size)
	t.work = load.Work{
		Run: r.id, Trial: pt, Shard: r.plan.Shard, Session: r.sessions[place{pt.Arm, pt.Cell}],
		Size: size, Uploads: effects.Sends >= effects.Receives,
		Expect: max(effects.Sends, effects.Receives), Books: effects.Sends + effects.Receives,
	}
	if _, keeps := t.work.Session.(probes.Keeper); keeps && effects.Creates {
		t.work.Book = r.ledger.Open(ledger.Head{Trial: pt, Arm: t.arm.ID, Cell: t.cell.ID, Size: size, Shard: r.plan.Shard})
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
	schedule, err := load.Schedule(t.load, t.plan.Seed)
	if err != nil {
		return out, false, err
	}
	before, err := t.warmUp(ctx, schedule)
	if err != nil {
		return out, false, err
	}
	if !t.ready(ctx, false) {
		return out, false, nil
	}
	p := t.part(t.load.Measure, t.load.Drain)
	if schedule != nil {
		p.Schedule = schedule
	}
	p.Judge = record.NewCollector(t.head(), record.CollectorOptions{Length: p.Length + p.Drain, Raw: t.run.options.Raw})
	watch := health.Begin(t.run.options.Header.Environment.CPULimit)
	sampled := t.run.samples[place{t.plan.Arm, t.plan.Cell}]
	sampled.await(p.Judge)
	running := p.Begin(ctx)
	sampled.into(running.Epoch, p.Judge)
	change := t.change(ctx, running.Epoch)
	seen := running.Wait(ctx)
	sampled.nowhere()
	fared := watch.End()
	fared.LateP99, fared.LateMax, fared.Dropped = seen.Late.LateP99, seen.Late.LateMax, seen.Late.Dropped
	fared.Queued, fared.Unstarted = seen.Late.Queued, seen.Late.Unstarted
	event := <-change
	out = p.Judge.Finish(fared, seen.Span)
	out.At, out.Event, out.WarmUp = running.Epoch.Sub(t.run.started), event, before
	out.Health.LocalTarget = local(out.Peers)
	if ctx.Err() != nil {
		out.Aborted = endingOf(ctx).why
	}
	return out, true, nil
}

// warmUpDrain is how long ops of the warm-up may go on at least: one that hangs
// shows in that time, and one that does not ends in it or is slow.
const warmUpDrain = 1200 * time.Millisecond

// warmUp applies load whose times are not judged. What is still running a
// quarter of its length after its end, or warmUpDrain, is cut, so that the
// measured part starts with every place free and, for ops that are short, with
// warm connections. How its ops ended is kept: connections that are made here
// and serve all of the measured part fail here, if they do.
func (t *trial) warmUp(ctx context.Context, measured pace.Rated) (*record.WarmUp, error) {
	if t.load.Warmup <= 0 {
		return nil, nil
	}
	p := t.part(t.load.Warmup, max(t.load.Warmup/4, warmUpDrain))
	p.WarmUp = true
	if measured != nil {
		schedule, err := load.WarmUp(t.load, measured)
		if err != nil || schedule == nil {
			return nil, err
		}
		p.Schedule = schedule
	}
	if !t.ready(ctx, true) {
		return nil, nil
	}
	p.Judge = record.NewCollector(t.head(), record.CollectorOptions{Length: p.Length + p.Drain})
	seen := p.Begin(ctx).Wait(ctx)
	return record.NewWarmUp(p.Judge.Finish(record.Health{}, seen.Span)), nil
}

// ready keeps the names of the first ops; false if the run ends.
func (t *trial) ready(ctx context.Context, warmUp bool) bool {
	if t.work.Book != nil {
		if err := t.work.Book.Ready(ctx, warmUp); err != nil && ctx.Err() == nil {
			t.run.notKept(err)
		}
	}
	return ctx.Err() == nil
}

// part is a stretch of load; its schedule is still to be set.
func (t *trial) part(length, drain time.Duration) load.Part {
	return load.Part{Work: t.work, Host: t, Ceilings: t.run.ceilings, Length: length, Drain: drain, InFlight: t.load.InFlight}
}

// Stop, NotKept, Warn and Tick make the trial the host of its parts.

// Stop implements load.Host.
func (t *trial) Stop(reason error) { t.run.stop(reason) }

// NotKept implements load.Host.
func (t *trial) NotKept(err error) { t.run.notKept(err) }

// Warn implements load.Host.
func (t *trial) Warn(text string) {
	t.run.warn(fmt.Sprintf("arm %s, cell %s, %s", t.arm.ID, t.cell.ID, text))
}

// Tick implements load.Host.
func (t *trial) Tick(p load.Progress) {
	e := t.event(TrialTick)
	e.At, e.Length = p.At, t.load.Measure
	e.Moved, e.Ended, e.Failed, e.InFlight, e.Rate = p.Moved, p.Ended, p.Failed, p.InFlight, p.Rate
	t.run.tell(e)
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
