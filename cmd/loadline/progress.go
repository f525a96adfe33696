package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"loadline/probes/engine"
)

// quietEvery is how often progress is told where nobody watches a bar.
const quietEvery = 10 * time.Second

// progress tells how far a run is: a bar with rate, percentage and ETA on a
// terminal, a line every ten seconds elsewhere.
type progress struct {
	w    io.Writer
	bars *mpb.Progress // nil where there is no terminal
	bar  *mpb.Bar
	said time.Time

	mu   sync.Mutex
	last engine.Event
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, said: time.Now()}
	if isTerminal(w) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	}
	return p
}

// event is engine.Options.Watch. The bar is never touched under the lock: it
// draws in a goroutine of its own, which asks for the last event.
func (p *progress) event(e engine.Event) {
	p.mu.Lock()
	p.last = e
	p.mu.Unlock()
	if p.bars == nil {
		p.line(e)
		return
	}
	if p.bar == nil {
		p.bar = p.bars.AddBar(1000,
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return words(p.now()) + " " })),
			mpb.AppendDecorators(decor.Percentage(), decor.Any(func(s decor.Statistics) string { return " ETA " + eta(p.now(), s.Current).String() })))
	}
	if share, ok := shareDone(e); ok {
		p.bar.SetCurrent(int64(share * 1000))
	}
}

// now is the last event.
func (p *progress) now() engine.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *progress) line(e engine.Event) {
	if time.Since(p.said) < quietEvery {
		return
	}
	p.said = time.Now()
	share, known := shareDone(e)
	if !known {
		fmt.Fprintf(p.w, "%s\n", words(e))
		return
	}
	fmt.Fprintf(p.w, "%s · %.0f%% · ETA %s\n", words(e), share*100, eta(e, int64(share*1000)))
}

// done ends the bar, wherever it stands.
func (p *progress) done() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// words is what the run does now, with the rate of a running trial.
func words(e engine.Event) string {
	switch e.Kind {
	case engine.Auditing, engine.Removing:
		return fmt.Sprintf("%s %d of %d", e.Kind, e.Done, e.Total)
	case engine.Preparing:
		return fmt.Sprintf("preparing %s, %s", e.Arm, e.Cell)
	}
	s := fmt.Sprintf("block %d/%d trial %d/%d %s %s", e.Block, e.Blocks, e.Trial, e.Trials, e.Arm, e.Cell)
	if e.Kind == engine.TrialTick {
		s += fmt.Sprintf(" %s, %d ended, %d in flight", e.Rate, e.Ended, e.InFlight)
		if e.Failed > 0 {
			s += fmt.Sprintf(", %d failed", e.Failed)
		}
	}
	return s
}

// shareDone is how much of the trials is done; a look may end the run sooner.
func shareDone(e engine.Event) (float64, bool) {
	if e.Trials == 0 {
		return 0, false
	}
	done := float64(e.Trial - 1)
	if e.Kind == engine.TrialTick && e.Length > 0 {
		done += min(float64(e.At)/float64(e.Length), 1)
	}
	if e.Kind == engine.TrialEnded || e.Kind == engine.BlockEnded {
		done = float64(e.Trial)
	}
	return max(done, 0) / float64(e.Trials), true
}

// eta extrapolates from the time that the share done has taken.
func eta(e engine.Event, perMille int64) time.Duration {
	if perMille <= 0 {
		return 0
	}
	left := float64(e.Elapsed) * float64(1000-perMille) / float64(perMille)
	return time.Duration(left).Round(time.Second)
}
