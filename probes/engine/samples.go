package engine

import (
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/record"
)

// samples leads what a session tells of its connections to the trial that is
// being measured there. Sessions tell all the time; what falls into a warm-up,
// a pause or another arm's trial goes nowhere.
type samples struct{ now atomic.Pointer[measured] }

// measured is a trial's measured part.
type measured struct {
	epoch time.Time
	judge *record.Collector
}

func (s *samples) into(epoch time.Time, judge *record.Collector) {
	s.now.Store(&measured{epoch, judge})
}

func (s *samples) nowhere() { s.now.Store(nil) }

func (s *samples) pass(sample probes.ConnSample) {
	if m := s.now.Load(); m != nil {
		m.judge.Sample(sample.At.Sub(m.epoch), sample)
	}
}
