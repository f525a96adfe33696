package engine

import (
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/record"
)

// samples leads what a session tells of its connections, and of the bodies it
// was served, to the trial that is being measured there. Sessions tell all the
// time; what falls into a warm-up, a pause or another arm's trial goes nowhere.
type samples struct {
	now  atomic.Pointer[measured]
	ends atomic.Pointer[record.Collector]
}

// measured is a trial's measured part.
type measured struct {
	epoch time.Time
	judge *record.Collector
}

// await takes bodies from before the epoch is known: the first op may end by then.
func (s *samples) await(judge *record.Collector) { s.ends.Store(judge) }

func (s *samples) into(epoch time.Time, judge *record.Collector) {
	s.now.Store(&measured{epoch, judge})
}

func (s *samples) nowhere() {
	s.now.Store(nil)
	s.ends.Store(nil)
}

func (s *samples) pass(sample probes.ConnSample) {
	if m := s.now.Load(); m != nil {
		m.judge.Sample(sample.At.Sub(m.epoch), sample)
	}
}

func (s *samples) serve(body probes.Served) {
	if judge := s.ends.Load(); judge != nil {
		judge.Serve(body)
	}
}
