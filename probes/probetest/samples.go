package probetest

import (
	"sync"
	"testing"

	"loadline/probes"
)

// Samples collects what a session tells of its connections.
type Samples struct {
	mu  sync.Mutex
	all []probes.ConnSample
}

// From is a change for Open: the session tells these Samples.
func (x *Samples) From(on *probes.On) {
	on.Sampled = func(s probes.ConnSample) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.all = append(x.all, s)
	}
}

// All are the samples so far, in the order in which they were told.
func (x *Samples) All() []probes.ConnSample {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]probes.ConnSample(nil), x.all...)
}

// Sum is what all samples come to together; RTT is the largest.
func (x *Samples) Sum() (s probes.ConnSample) {
	for _, one := range x.All() {
		s.Acked, s.Received, s.Retrans, s.Unfollowed = s.Acked+one.Acked, s.Received+one.Received, s.Retrans+one.Retrans, s.Unfollowed+one.Unfollowed
		s.Busy, s.RwndLimit, s.RTT = s.Busy+one.Busy, s.RwndLimit+one.RwndLimit, max(s.RTT, one.RTT)
	}
	return s
}

// Holds measures up to four times: a machine that stands still for a moment
// spoils one measurement, a wrong figure spoils all.
func Holds(t *testing.T, measure func() probes.ConnSample, right func(probes.ConnSample) bool) {
	t.Helper()
	var seen []probes.ConnSample
	for range 4 {
		s := measure()
		if right(s) {
			return
		}
		seen = append(seen, s)
	}
	t.Errorf("not once in four tries as it must be: %+v", seen)
}
