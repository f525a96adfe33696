package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/engine/ledger"
	"loadline/probes/pace"
	"loadline/probes/record"
)

// part is a stretch of load within a trial: the warm-up, or the measured part
// with its drain.
type part struct {
	*trial
	warmUp        bool
	length, drain time.Duration
	schedule      pace.Schedule     // nil in the closed model
	judge         *record.Collector // nil in the warm-up
	places        *places
	late          lateness

	epoch  time.Time
	ops    sync.WaitGroup
	starts context.Context // no op starts after its end
	shut   context.CancelFunc
	number atomic.Uint64 // of the next op where no book gives numbers
}

// begin starts the load once every place is ready, and sets the epoch. done is
// closed when the last op has ended.
func (p *part) begin(ctx context.Context) (done chan struct{}) {
	p.starts, p.shut = context.WithCancel(ctx)
	var ready sync.WaitGroup
	gate := make(chan struct{})
	launch := func(f func()) {
		ready.Add(1)
		p.ops.Go(func() {
			ready.Done()
			<-gate
			f()
		})
	}
	if p.schedule != nil {
		launch(p.dispatch)
	} else {
		for _, s := range p.places.slots() {
			launch(func() { p.repeat(s) })
		}
	}
	ready.Wait()
	p.epoch = time.Now()
	close(gate)
	done = make(chan struct{})
	go func() { p.ops.Wait(); close(done) }()
	return done
}

// repeat is one place of the closed model: an op starts when the one before
// has ended.
func (p *part) repeat(s *slot) {
	back := newBackoff(p.plan.Seed, s.id)
	for p.starts.Err() == nil {
		left := p.length - time.Since(p.epoch)
		if left <= 0 {
			return
		}
		seq, ok := p.take()
		if !ok {
			return
		}
		o, ok := p.do(s, seq, nil)
		switch {
		case !ok:
			return
		case !o.Outcome.Failed():
			back.reset()
		case !pause(p.starts, min(back.wait(), left)):
			return
		}
	}
}

// take books an op and gives its number; false ends the load of the caller.
func (p *part) take() (seq uint64, ok bool) {
	if err := p.run.limits.book(p.booked); err != nil {
		p.run.stop(err)
		return 0, false
	}
	if p.book == nil {
		return ledger.Seq(p.run.plan.Shard, p.number.Add(1)-1, p.warmUp), true
	}
	seq, err := p.book.Take(p.starts, p.warmUp)
	if err == nil {
		return seq, true
	}
	p.run.limits.settle(p.booked, 0)
	if p.starts.Err() == nil {
		p.run.notKept(err)
	}
	return 0, false
}

// planned is when an op of the open model was due, and when it could start: it
// was due, and there was a place for it.
type planned struct{ due, ready time.Duration }

// do does one op in a slot. It is false if the op had been left behind.
func (p *part) do(s *slot, seq uint64, when *planned) (probes.Observation, bool) {
	op := probes.Op{
		Seq: seq, Name: ledger.Name(p.run.id, p.plan.Index, seq), Seed: ledger.Seed(p.plan.Seed, seq),
		Size: p.size, Epoch: p.epoch, Slot: s.id, Meter: new(probes.Meter),
	}
	start := time.Since(p.epoch)
	op.Due = start
	if when != nil {
		op.Due = when.due
		p.late.note(start-when.ready, when.ready > when.due)
	}
	ctx := s.begin(op, start)
	o := p.session.Do(ctx, op)
	complete(&o, op, start)
	if when == nil {
		o.Due = o.Start // in the closed model no op is late
	}
	if !s.end(o) {
		return o, false
	}
	p.observe(o)
	return o, true
}

// complete fills in what only the engine knows, and what the probe left out.
func complete(o *probes.Observation, op probes.Op, start time.Duration) {
	o.Seq, o.Name, o.Slot, o.Due = op.Seq, op.Name, op.Slot, probes.MarkAt(op.Due)
	if _, set := o.Start.Offset(); !set {
		o.Start = probes.MarkAt(start)
	}
	if _, set := o.End.Offset(); !set {
		o.End = op.Mark()
	}
	if o.Outcome == "" {
		o.Outcome, o.Err = probes.Protocol, errors.Join(errors.New("the probe gave no outcome"), o.Err)
	}
}

// observe hands on what was seen of an op that started.
func (p *part) observe(o probes.Observation) {
	p.run.limits.settle(p.booked, o.Sent+o.Received)
	if p.book != nil {
		p.book.Note(o)
	}
	if p.judge != nil {
		p.judge.Add(o.Slot, o)
	}
}
