package load

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
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Work is what every op of a trial does, and where.
type Work struct {
	Run     string
	Trial   plan.Trial
	Shard   plan.Shard
	Session probes.Session
	// Book gives the ops their numbers and keeps their receipts; nil if they
	// leave nothing behind.
	Book *ledger.Book
	// Size is that of an op's object; Expect the body bytes that an op moves in
	// its main direction, Books those in both.
	Size, Expect, Books unit.Bytes
	// Uploads says that the main direction is towards the target.
	Uploads bool
}

// Host is the run that a part belongs to. Its methods may be called from any
// goroutine.
type Host interface {
	// Stop ends the load of the whole run.
	Stop(reason error)
	// NotKept ends it because names could not be kept.
	NotKept(err error)
	// Warn keeps a remark for the report.
	Warn(text string)
	// Tick hears twice a second how the measured part goes.
	Tick(p Progress)
}

// Progress is how a part goes.
type Progress struct {
	At            time.Duration
	Moved         unit.Bytes
	Ended, Failed uint64
	InFlight      int
	Rate          unit.BytesPerSecond // since the tick before
}

// Part is a stretch of load within a trial.
type Part struct {
	Work
	Host     Host
	Ceilings *Ceilings
	// Ops start before Length is over, and may end until Drain is over too.
	Length, Drain time.Duration
	// Schedule is that of the open model; nil is the closed model.
	Schedule pace.Schedule
	// InFlight is the number in flight of the closed model, and the cap of the
	// open one, 0 for none.
	InFlight int
	WarmUp   bool
	// Judge gets the observations; nil if nobody wants them.
	Judge *record.Collector
}

// Running is a part under way.
type Running struct {
	Part
	// Epoch is the moment from which its offsets count.
	Epoch time.Time

	places *places
	late   lateness
	told   point // of the last progress
	ops    sync.WaitGroup
	done   chan struct{}   // closed when the last op has ended
	starts context.Context // no op starts after its end
	shut   context.CancelFunc
	number atomic.Uint64 // of the next op where no book gives numbers
}

// Begin starts the load once every place is ready. Wait must follow.
func (part Part) Begin(ctx context.Context) *Running {
	p := &Running{Part: part, done: make(chan struct{})}
	p.starts, p.shut = context.WithCancel(ctx)
	if p.Schedule != nil {
		p.places = newPlaces(0, p.InFlight)
	} else {
		n := max(p.InFlight, 1)
		p.places = newPlaces(n, n)
	}
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
	if p.Schedule != nil {
		launch(p.dispatch)
	} else {
		for _, s := range p.places.slots() {
			launch(func() { p.repeat(s) })
		}
	}
	ready.Wait()
	p.Epoch = time.Now()
	p.Ceilings.restart(p.Epoch)
	close(gate)
	go func() { p.ops.Wait(); close(p.done) }()
	return p
}

// repeat is one place of the closed model: an op starts when the one before
// has ended.
func (p *Running) repeat(s *slot) {
	back := newBackoff(p.Trial.Seed, s.id)
	for p.starts.Err() == nil {
		left := p.Length - time.Since(p.Epoch)
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
		case !Pause(p.starts, min(back.wait(), left)):
			return
		}
	}
}

// take books an op and gives its number; false ends the load of the caller.
func (p *Running) take() (seq uint64, ok bool) {
	if err := p.Ceilings.book(p.Books); err != nil {
		p.Host.Stop(err)
		return 0, false
	}
	if p.Book == nil {
		return ledger.Seq(p.Shard, p.number.Add(1)-1, p.WarmUp), true
	}
	seq, err := p.Book.Take(p.starts, p.WarmUp)
	if err == nil {
		return seq, true
	}
	p.Ceilings.settle(p.Books, 0)
	if p.starts.Err() == nil {
		p.Host.NotKept(err)
	}
	return 0, false
}

// planned is when an op of the open model was due, and when it could start: it
// was due, and there was a place for it.
type planned struct{ due, ready time.Duration }

// do does one op in a slot. It is false if the op had been left behind.
func (p *Running) do(s *slot, seq uint64, when *planned) (probes.Observation, bool) {
	op := probes.Op{
		Seq: seq, Name: ledger.Name(p.Run, p.Trial.Index, seq), Seed: ledger.Seed(p.Trial.Seed, seq),
		Size: p.Size, Epoch: p.Epoch, Slot: s.id, Meter: new(probes.Meter),
	}
	start := time.Since(p.Epoch)
	op.Due = start
	if when != nil {
		op.Due = when.due
		p.late.note(start-when.ready, when.ready > when.due)
	}
	ctx := s.begin(op, start)
	o := p.Session.Do(ctx, op)
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
func (p *Running) observe(o probes.Observation) {
	p.Ceilings.settle(p.Books, o.Sent+o.Received)
	if p.Book != nil {
		p.Book.Note(o)
	}
	if p.Judge != nil {
		p.Judge.Add(o.Slot, o)
	}
}
