package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/unit"
)

// errDeaf is what an op says that was left behind.
var errDeaf = errors.New("it did not end when it was told to, and was left behind")

const (
	// tickEvery is how often running ops are looked at.
	tickEvery = 100 * time.Millisecond
	// stopDrain is how long started ops may go on when the run is stopped.
	stopDrain = 2 * time.Second
	// heedGrace is how long an op may take to heed its cancellation.
	heedGrace = time.Second
)

// Wait looks at the running ops until the last has ended. From the end of the
// part on it cuts those that cannot end in the drain, and at the end of the
// drain, or soon after the run is stopped, all. ctx is the one it began with.
func (p *Running) Wait(ctx context.Context) Seen {
	defer p.close()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	end, cause, stopped := p.Length+p.Drain, probes.ErrCut, ctx.Done()
	over := time.NewTimer(end)
	defer over.Stop()
	for now := time.Duration(0); now < end; now = time.Since(p.Epoch) {
		select {
		case <-p.done:
			return p.seen(ctx, p.look(end))
		case <-stopped:
			now = time.Since(p.Epoch)
			end, cause, stopped = min(end, now+drainAfter(ctx)), probes.ErrStop, nil
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
	case <-p.done:
	case <-time.After(heedGrace):
		p.abandon()
	}
	return p.seen(ctx, p.look(end))
}

// drainAfter is how long started ops may go on when the run was stopped.
func drainAfter(ctx context.Context) time.Duration {
	var limit Reached
	if errors.As(context.Cause(ctx), &limit) && limit.AtOnce {
		return 0
	}
	return stopDrain
}

// Seen is what came of a part.
type Seen struct {
	// Span is the time until the last op ended or was cut, and at least the
	// part's length: a load that is idle at its end, or backs off, took it all.
	Span time.Duration
	// Late has the fields of a trial's health that say how well the schedule
	// was kept.
	Late record.Health
}

// seen sums up a part that is over, or was stopped.
func (p *Running) seen(ctx context.Context, all sums) Seen {
	length := p.Length
	if ctx.Err() != nil {
		length = min(length, time.Since(p.Epoch))
	}
	s := Seen{Span: max(length, all.last)}
	p.late.into(&s.Late)
	return s
}

// look samples every place, and cuts what is hopeless. When one op is, those
// that still wait for a place are too, and are not started.
func (p *Running) look(end time.Duration) sums {
	now := time.Since(p.Epoch)
	judging := now >= p.Length || p.starts.Err() != nil
	var all sums
	for _, s := range p.places.slots() {
		seen, cut := s.sample(now, end-now, p.Expect, judging)
		all.add(seen)
		if cut {
			p.shut()
		}
	}
	if p.Judge != nil {
		p.Judge.Tick(now, all.moved)
	}
	if err := p.Ceilings.check(p.Epoch.Add(now), all.moved); err != nil {
		p.Host.Stop(err)
	}
	p.report(now, all)
	return all
}

// report tells the watcher of the run how the measured part goes, twice a
// second.
func (p *Running) report(now time.Duration, all sums) {
	const every = 500 * time.Millisecond
	if p.WarmUp || now-p.told.at < every {
		return
	}
	rate := perSecond(max(all.moved-p.told.moved, 0), now-p.told.at)
	p.told = point{now, all.moved}
	p.Host.Tick(Progress{
		At: now, Moved: all.moved, Ended: all.ended, Failed: all.failed, InFlight: all.running,
		Rate: unit.BytesPerSecond(rate),
	})
}

// abandon leaves behind the ops that did not heed their cancellation and
// observes them as cut.
func (p *Running) abandon() {
	n := 0
	for _, s := range p.places.slots() {
		if o, ok := s.abandon(p.Uploads); ok {
			n++
			p.observe(o)
		}
	}
	if n > 0 {
		p.Host.Warn(fmt.Sprintf("trial %d: %d ops did not end within %v of being told to and were left behind", p.Trial.Index, n, heedGrace))
	}
}

// close ends what the part still holds.
func (p *Running) close() {
	p.shut()
	for _, s := range p.places.slots() {
		s.close()
	}
}
