package engine

import (
	"context"
	"fmt"
	"time"

	"loadline/probes"
	"loadline/scenarios/unit"
)

const (
	// tickEvery is how often running ops are looked at.
	tickEvery = 100 * time.Millisecond
	// stopDrain is how long started ops may go on when the run is stopped.
	stopDrain = 2 * time.Second
	// heedGrace is how long an op may take to heed its cancellation.
	heedGrace = time.Second
)

// watch looks at the running ops until the last has ended. From the end of the
// part on it cuts those that cannot end in the drain, and at the end of the
// drain, or soon after the run is stopped, all. It returns what the ops did.
func (p *part) watch(ctx context.Context, done <-chan struct{}) sums {
	defer p.close()
	p.run.limits.restart(p.epoch)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	end, cause, stopped := p.length+p.drain, probes.ErrCut, ctx.Done()
	over := time.NewTimer(end)
	defer over.Stop()
	for now := time.Duration(0); now < end; now = time.Since(p.epoch) {
		select {
		case <-done:
			return p.look(end)
		case <-stopped:
			now = time.Since(p.epoch)
			end, cause, stopped = min(end, now+stopDrain), probes.ErrStop, nil
			over.Reset(end - now)
		case <-tick.C:
			p.look(end)
		case <-over.C:
		}
	}
	p.shut()
	for _, s := range p.places.slots() {
		s.cut(cause)
	}
	select {
	case <-done:
	case <-time.After(heedGrace):
		p.abandon()
	}
	return p.look(end)
}

// look samples every place, and cuts what is hopeless. When one op is, those
// that still wait for a place are too, and are not started.
func (p *part) look(end time.Duration) sums {
	now := time.Since(p.epoch)
	judging := now >= p.length || p.starts.Err() != nil
	var all sums
	for _, s := range p.places.slots() {
		seen, cut := s.sample(now, end-now, p.expect, judging)
		all.add(seen)
		if cut {
			p.shut()
		}
	}
	if p.judge != nil {
		p.judge.Tick(now, all.moved)
	}
	if err := p.run.limits.check(p.epoch.Add(now), all.moved); err != nil {
		p.run.stop(err)
	}
	p.report(now, all)
	return all
}

// report tells the watcher of the run how the measured part goes, twice a
// second.
func (p *part) report(now time.Duration, all sums) {
	const every = 500 * time.Millisecond
	if p.warmUp || now-p.told.at < every {
		return
	}
	e := p.event(TrialTick)
	e.At, e.Length = now, p.length
	e.Moved, e.Ended, e.Failed, e.InFlight = all.moved, all.ended, all.failed, all.running
	e.Rate = unit.BytesPerSecond(perSecond(max(all.moved-p.told.moved, 0), now-p.told.at))
	p.told = point{now, all.moved}
	p.run.tell(e)
}

// abandon leaves behind the ops that did not heed their cancellation and
// observes them as cut.
func (p *part) abandon() {
	n := 0
	for _, s := range p.places.slots() {
		op, moved, ok := s.abandon()
		if !ok {
			continue
		}
		n++
		o := probes.Observation{Outcome: probes.Cut, Err: errIgnored}
		if p.uploads {
			o.Sent = moved
		} else {
			o.Received = moved
		}
		s.mu.Lock()
		complete(&o, op, s.speed.begin)
		s.mu.Unlock()
		p.observe(o)
	}
	if n > 0 {
		p.run.warn(fmt.Sprintf("arm %s, cell %s, trial %d: %d ops did not end within %v of being told to and were left behind", p.arm.ID, p.cell.ID, p.plan.Index, n, heedGrace))
	}
}

// close ends what the part still holds.
func (p *part) close() {
	p.shut()
	for _, s := range p.places.slots() {
		s.close()
	}
}
