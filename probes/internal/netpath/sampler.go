package netpath

import (
	"context"
	"sync"
	"time"
)

// Sample is one interval of one connection.
type Sample struct {
	Conn uint64    // Conn.ID, or what Follow was told
	At   time.Time // the end of the interval
	Last bool      // the connection is closed; nothing follows
	Interval
}

// Sampler reads the kernel's view of live connections at fixed times and hands
// on what happened in between. It keeps one reading per connection and no
// history, so its memory is bounded by the number of connections it follows.
type Sampler struct {
	every time.Duration
	most  int
	emit  func(Sample)

	mu      sync.Mutex
	tracked map[*Conn]tracked
	skipped uint64
}

// tracked is a connection that is followed.
type tracked struct {
	as     uint64
	before TCPInfo // the previous reading
}

// NewSampler samples up to most connections each interval and calls emit for
// every sample, on the goroutine of Run, one at a time. emit must not block for
// long: sampling waits for it.
func NewSampler(every time.Duration, most int, emit func(Sample)) *Sampler {
	return &Sampler{every: every, most: most, emit: emit, tracked: make(map[*Conn]tracked)}
}

// Add follows a connection until it is closed. It fits Dialer.OnOpen. Beyond
// the limit connections are counted, not followed.
func (s *Sampler) Add(c *Conn) { s.Follow(c, c.id) }

// Follow is Add for callers that number their connections themselves.
func (s *Sampler) Follow(c *Conn, as uint64) {
	if s.full() { // asked first: many short connections should not pay for a reading each
		return
	}
	info, err := c.Info()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || len(s.tracked) >= s.most {
		s.skipped++
		return
	}
	s.tracked[c] = tracked{as, info}
}

// full counts one more connection as left out if the limit is reached.
func (s *Sampler) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tracked) < s.most {
		return false
	}
	s.skipped++
	return true
}

// Skipped is the number of connections that were not followed, because the
// limit was reached or the kernel does not tell.
func (s *Sampler) Skipped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skipped
}

// Run samples until ctx ends, and once more then.
func (s *Sampler) Run(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.Round()
			return
		case <-tick.C:
			s.Round()
		}
	}
}

// Round samples every followed connection now. Run calls it; call it directly
// to sample at other moments, but not while Run is running.
func (s *Sampler) Round() {
	s.mu.Lock()
	conns := make([]*Conn, 0, len(s.tracked))
	for c := range s.tracked {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		if sample, ok := s.read(c); ok {
			s.emit(sample)
		}
	}
}

func (s *Sampler) read(c *Conn) (Sample, bool) {
	last := c.Closed() // asked first: a close after it leaves one sample for the next round
	info, err := c.Info()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tracked[c]
	if err != nil || last {
		delete(s.tracked, c)
	} else {
		s.tracked[c] = tracked{t.as, info}
	}
	if err != nil {
		return Sample{}, false
	}
	return Sample{Conn: t.as, At: info.At, Last: last, Interval: info.Since(t.before)}, true
}
