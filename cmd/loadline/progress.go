package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"loadline/probes/engine"
)

// quietEvery is how often progress is told where nobody watches a bar.
const quietEvery = 10 * time.Second

// progress tells how far a run is: a bar with rate, percentage and ETA on a
// terminal, a line every ten seconds elsewhere, whether or not anything happens
// meanwhile: whoever reads a log must be able to tell waiting from hanging.
type progress struct {
	w    io.Writer
	bars *mpb.Progress // nil where there is no terminal
	bar  *mpb.Bar
	quit chan struct{} // ends the lines
	over sync.WaitGroup

	mu   sync.Mutex // guards what follows
	last engine.Event
	at   time.Time // of the last event
	step time.Time // when its kind of step began
}

func newProgress(w io.Writer) *progress {
	now := time.Now()
	p := &progress{w: w, quit: make(chan struct{}), at: now, step: now}
	if isTerminal(w) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
		return p
	}
	p.over.Go(p.lines)
	return p
}

// event is engine.Options.Watch. The bar is never touched under the lock: it
// draws in a goroutine of its own, which asks how things stand.
func (p *progress) event(e engine.Event) {
	p.mu.Lock()
	p.at = time.Now()
	if stepOf(e) != stepOf(p.last) {
		p.step = p.at
	}
	p.last = e
	p.mu.Unlock()
	if p.bars == nil {
		return
	}
	if p.bar == nil {
		// A bar that knows its total from the start ends with the last trial;
		// the audit and the removal come after that.
		p.bar = p.bars.AddBar(0,
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.stands().text + " " })),
			mpb.AppendDecorators(decor.Percentage(), decor.Any(func(decor.Statistics) string { return p.stands().eta() })))
		p.bar.SetTotal(1000, false)
	}
	p.bar.SetCurrent(int64(p.stands().share * 1000))
}

// lines writes how things stand every ten seconds until done.
func (p *progress) lines() {
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			s := p.stands()
			if s.known {
				fmt.Fprintf(p.w, "%s · %.0f%%%s\n", s.text, s.share*100, s.eta())
			} else {
				fmt.Fprintf(p.w, "%s · for %s\n", s.text, s.spent.Round(time.Second))
			}
		}
	}
}

// done ends the bar or the lines, wherever they stand.
func (p *progress) done() {
	close(p.quit)
	p.over.Wait()
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// standing is how far the present step is: the trials all together, the audit,
// or the removal.
type standing struct {
	text  string
	share float64 // of the step that is done, if known
	known bool
	spent time.Duration // in the step so far
}

func (p *progress) stands() standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := standing{text: words(p.last), spent: time.Since(p.step)}
	if stepOf(p.last) == trials {
		s.spent = p.last.Elapsed + time.Since(p.at)
	}
	s.share, s.known = shareDone(p.last)
	return s
}

// eta extrapolates from the time that the share done has taken; nothing is
// known before the first of it.
func (s standing) eta() string {
	if s.share <= 0 {
		return ""
	}
	left := float64(s.spent) * (1 - s.share) / s.share
	return " · ETA " + time.Duration(left).Round(time.Second).String()
}

// trials is the step of all events of trials and blocks; any other kind of
// event, on each arm and cell, is a step of its own.
const trials = "trials"

func stepOf(e engine.Event) string {
	switch e.Kind {
	case engine.TrialStarted, engine.TrialTick, engine.TrialEnded, engine.BlockEnded:
		return trials
	}
	return string(e.Kind) + e.Arm + e.Cell
}

// words is what the run does now, with the rate of a running trial.
func words(e engine.Event) string {
	switch e.Kind {
	case "":
		return "starting"
	case engine.Auditing, engine.Removing:
		return fmt.Sprintf("%s %d of %d objects", e.Kind, e.Done, e.Total)
	case engine.Preparing:
		return fmt.Sprintf("preparing %s, %s", e.Arm, e.Cell)
	}
	s := strings.TrimSpace(fmt.Sprintf("block %d/%d trial %d/%d %s %s", e.Block, e.Blocks, e.Trial, e.Trials, e.Arm, e.Cell))
	switch e.Kind {
	case engine.TrialStarted:
		s += ", warming up"
	case engine.TrialEnded, engine.BlockEnded:
		s += ", ended"
	case engine.TrialTick:
		s += fmt.Sprintf(" %s, %d ended, %d in flight", e.Rate, e.Ended, e.InFlight)
		if e.Failed > 0 {
			s += fmt.Sprintf(", %d failed", e.Failed)
		}
	}
	return s
}

// shareDone is how much of the trials is done, of which a look may end the run
// sooner, or of the objects that are looked for or removed.
func shareDone(e engine.Event) (float64, bool) {
	if stepOf(e) != trials {
		if e.Total == 0 {
			return 0, false
		}
		return float64(e.Done) / float64(e.Total), true
	}
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
