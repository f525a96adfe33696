package load

import (
	"errors"
	"time"

	"loadline/probes"
	"loadline/probes/engine/ledger"
)

// errUnstarted is what a dropped op says.
var errUnstarted = errors.New("it was due and never started")

// wakeEarly is how long before an op is due the coarse timer ends.
const wakeEarly = 1200 * time.Microsecond

// dispatch is the open model: it starts every op when it is due. An op that
// finds all places taken waits for one, and those after it wait behind it,
// each with its own due time kept; when the drain ends, the rest are dropped.
func (p *Running) dispatch() {
	defer p.places.dismiss()
	shard := p.Shard
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
		p.hand(s, start{seq, planned{due: due, ready: max(due, since.Sub(p.Epoch))}})
	}
}

// start is an op of the open model that is to be started now.
type start struct {
	seq  uint64
	when planned
}

// hand gives a start to a slot's own goroutine. One for each op would have to
// grow its stack anew each time, which is a tenth of a small request's cost.
func (p *Running) hand(s *slot, now start) {
	if s.starts == nil {
		s.starts = make(chan start, 1) // room for one, since a slot may be free a moment before it listens
		p.ops.Go(func() {
			for next := range s.starts {
				if _, ok := p.do(s, next.seq, &next.when); !ok {
					return
				}
				p.places.put(s)
			}
		})
	}
	s.starts <- now
}

// dueAt is when op n is due; false if that is not before the end of the part.
func (p *Running) dueAt(n uint64) (time.Duration, bool) {
	due, ok := p.Schedule.Due(n)
	return due, ok && due < p.Length
}

// until waits until an op is due, to about a tenth of a millisecond; false if
// no op may start any more.
func (p *Running) until(due time.Duration) bool {
	for {
		rest := due - time.Since(p.Epoch)
		switch {
		case rest <= 0:
			return p.starts.Err() == nil
		case rest > wakeEarly:
			if !Pause(p.starts, rest-wakeEarly) {
				return false
			}
		default:
			shortSleep(rest)
		}
	}
}

// drop observes op n and all later ones that are due by now as Dropped.
func (p *Running) drop(n, step uint64, wantOfPlace bool) {
	now, dropped := time.Since(p.Epoch), uint64(0)
	for ; ; n += step {
		due, ok := p.dueAt(n)
		if !ok || due > now {
			break
		}
		dropped++
		if p.Judge != nil {
			seq := ledger.Seq(p.Shard, n/step, p.WarmUp)
			p.Judge.Add(int(n), probes.Observation{
				Seq: seq, Name: ledger.Name(p.Run, p.Trial.Index, seq),
				Due: probes.MarkAt(due), Outcome: probes.Dropped, Err: errUnstarted,
			})
		}
	}
	p.offer(dropped)
	p.late.drop(dropped, wantOfPlace)
}

func (p *Running) offer(n uint64) {
	if p.Judge != nil && n > 0 {
		p.Judge.Offer(n)
	}
}
