package engine

import (
	"errors"
	"time"

	"loadline/probes"
	"loadline/probes/engine/ledger"
	"loadline/probes/pace"
	"loadline/scenarios"
)

// errUnstarted is what a dropped op says.
var errUnstarted = errors.New("it was due and never started")

// wakeEarly is how long before an op is due the coarse timer ends.
const wakeEarly = 1200 * time.Microsecond

// dispatch is the open model: it starts every op when it is due. An op that
// finds all places taken waits for one, and those after it wait behind it,
// each with its own due time kept; when the drain ends, the rest are dropped.
func (p *part) dispatch() {
	shard := p.run.plan.Shard
	step := uint64(max(shard.Count, 1))
	for n := uint64(shard.Index); ; n += step {
		due, ok := p.dueAt(n)
		if !ok {
			return
		}
		if !p.until(due) {
			p.drop(n, step, false)
			return
		}
		s, since := p.places.take(p.starts)
		if s == nil {
			p.drop(n, step, true)
			return
		}
		seq, ok := p.take()
		if !ok {
			return // the run ends
		}
		p.offer(1)
		when := &planned{due: due, ready: max(due, since.Sub(p.epoch))}
		p.ops.Go(func() {
			if _, ok := p.do(s, seq, when); ok {
				p.places.put(s)
			}
		})
	}
}

// dueAt is when op n is due; false if that is not before the end of the part.
func (p *part) dueAt(n uint64) (time.Duration, bool) {
	due, ok := p.schedule.Due(n)
	return due, ok && due < p.length
}

// until waits until an op is due, to about a tenth of a millisecond; false if
// no op may start any more.
func (p *part) until(due time.Duration) bool {
	for {
		rest := due - time.Since(p.epoch)
		switch {
		case rest <= 0:
			return p.starts.Err() == nil
		case rest > wakeEarly:
			if !pause(p.starts, rest-wakeEarly) {
				return false
			}
		default:
			shortSleep(rest)
		}
	}
}

// drop observes op n and all later ones that are due by now as Dropped.
func (p *part) drop(n, step uint64, wantOfPlace bool) {
	now, dropped := time.Since(p.epoch), uint64(0)
	for ; ; n += step {
		due, ok := p.dueAt(n)
		if !ok || due > now {
			break
		}
		dropped++
		if p.judge != nil {
			seq := ledger.Seq(p.run.plan.Shard, n/step, p.warmUp)
			p.judge.Add(int(n), probes.Observation{
				Seq: seq, Name: ledger.Name(p.run.id, p.plan.Index, seq),
				Due: probes.MarkAt(due), Outcome: probes.Dropped, Err: errUnstarted,
			})
		}
	}
	p.offer(dropped)
	p.late.drop(dropped, wantOfPlace)
}

func (p *part) offer(n uint64) {
	if p.judge != nil && n > 0 {
		p.judge.Offer(n)
	}
}

// scheduleOf is the schedule of an open load over its measured part, nil for a
// closed one.
func scheduleOf(l scenarios.Load, seed uint64) (pace.Rated, error) {
	rate := float64(l.Rate)
	switch {
	case l.Model != scenarios.Open:
		return nil, nil
	case len(l.Stages) > 0:
		return pace.Stages(stagesOf(l))
	case l.Shape == scenarios.Poisson:
		return pace.Poisson(rate, l.Measure, seed)
	case l.Shape == scenarios.Linear:
		return pace.Linear(rate, float64(l.To), l.Measure)
	case l.Shape == scenarios.Sine:
		return pace.Sine(rate, float64(l.Amplitude), l.Period, 0, l.Measure)
	}
	return pace.Constant(rate, l.Measure)
}

// stagesOf starts each stage at the rate where the one before ended; the first
// holds its own.
func stagesOf(l scenarios.Load) []pace.Stage {
	list := make([]pace.Stage, len(l.Stages))
	from := l.Stages[0].Rate
	for i, s := range l.Stages {
		list[i] = pace.Stage{Start: float64(from), End: float64(s.Rate), Duration: s.Duration}
		from = s.Rate
	}
	return list
}

// warmUpOf is a constant schedule at the rate with which the measured part
// begins, or at its mean where it begins at none.
func warmUpOf(l scenarios.Load, measured pace.Rated) (pace.Schedule, error) {
	rate := measured.Rate(0)
	if n, finite := pace.Count(measured); rate <= 0 && finite {
		rate = float64(n) / l.Measure.Seconds()
	}
	if rate <= 0 {
		return nil, nil
	}
	return pace.Constant(rate, l.Warmup)
}
