package record

import (
	"math"
	"time"

	"loadline/probes"
	"loadline/scenarios/unit"
)

// The bounds of what a trial keeps of its connections: at most 16 series of at
// most 240 points, and 960 points in all, some 60 kB of JSON.
const (
	maxConns       = 16
	maxConnPoints  = 240
	allConnsPoints = 960
)

// ConnSeries is what the kernel did on one connection during a trial, in
// intervals. Where there were too many of them, neighbours are joined.
type ConnSeries struct {
	// Conn is the connection's number in its session, as in Raw.
	Conn       uint64
	Congestion string
	Points     []ConnPoint
}

// ConnPoint is one interval of a connection; see probes.ConnSample. Of joined
// intervals, counts and times are sums, MinRTT is the least, and all else is
// the mean over time.
type ConnPoint struct {
	// At is the end of the interval from the start of the measured part.
	At, Span                     time.Duration
	Acked, Received              unit.Bytes
	Retrans                      uint64 // segments
	RTT, MinRTT                  time.Duration
	Delivery                     unit.BytesPerSecond
	Cwnd                         float64 // segments
	Busy, RwndLimit, SndbufLimit time.Duration
	WindowFill                   float64 // 0 is not known
	// SndbufBound is the share of the time in which the send buffer set the rate.
	SndbufBound float64
}

func pointOf(at time.Duration, s *probes.ConnSample) ConnPoint {
	p := ConnPoint{
		At: at, Span: s.Span, Acked: s.Acked, Received: s.Received, Retrans: s.Retrans,
		RTT: s.RTT, MinRTT: s.MinRTT, Delivery: s.Delivery, Cwnd: float64(s.Cwnd),
		Busy: s.Busy, RwndLimit: s.RwndLimit, SndbufLimit: s.SndbufLimit, WindowFill: known(s.WindowFill),
	}
	if s.SendBufferBound {
		p.SndbufBound = 1
	}
	return p
}

// join makes one interval of two that follow each other.
func (p ConnPoint) join(next ConnPoint) ConnPoint {
	mean := func(a, b float64) float64 {
		whole := float64(p.Span + next.Span)
		if whole <= 0 {
			return b
		}
		return (a*float64(p.Span) + b*float64(next.Span)) / whole
	}
	j := ConnPoint{
		At: next.At, Span: p.Span + next.Span,
		Acked: p.Acked + next.Acked, Received: p.Received + next.Received, Retrans: p.Retrans + next.Retrans,
		RTT:      time.Duration(mean(float64(p.RTT), float64(next.RTT))),
		MinRTT:   min(p.MinRTT, next.MinRTT),
		Delivery: unit.BytesPerSecond(mean(float64(p.Delivery), float64(next.Delivery))),
		Cwnd:     mean(p.Cwnd, next.Cwnd),
		Busy:     p.Busy + next.Busy, RwndLimit: p.RwndLimit + next.RwndLimit, SndbufLimit: p.SndbufLimit + next.SndbufLimit,
		WindowFill:  mean(p.WindowFill, next.WindowFill),
		SndbufBound: mean(p.SndbufBound, next.SndbufBound),
	}
	// What one of the two does not know is what the other says.
	if p.MinRTT == 0 || next.MinRTT == 0 {
		j.MinRTT = max(p.MinRTT, next.MinRTT)
	}
	if p.WindowFill == 0 || next.WindowFill == 0 {
		j.WindowFill = max(p.WindowFill, next.WindowFill)
	}
	return j
}

// connSeries is a series under way: points of as many samples as it takes to
// stay within maxConnPoints.
type connSeries struct {
	ConnSeries
	each, last int // samples per point, and in the last point
	closed     bool
}

func (s *connSeries) add(p ConnPoint) {
	if n := len(s.Points); n > 0 && s.last < s.each {
		s.Points[n-1] = s.Points[n-1].join(p)
		s.last++
		return
	}
	if len(s.Points) >= maxConnPoints {
		s.Points = joinedPoints(s.Points)
		s.each *= 2
	}
	s.Points = append(s.Points, p)
	s.last = 1
}

// joinedPoints joins neighbours in pairs.
func joinedPoints(points []ConnPoint) []ConnPoint {
	out := make([]ConnPoint, 0, (len(points)+1)/2)
	for i := 0; i < len(points); i += 2 {
		p := points[i]
		if i+1 < len(points) {
			p = p.join(points[i+1])
		}
		out = append(out, p)
	}
	return out
}

// conns are the connections of a trial. Of too many it keeps every second,
// then every fourth, and so on, in the order in which they appeared.
type conns struct {
	kept   []*connSeries
	others map[uint64]struct{} // left out and open
	stride uint64
	seen   uint64 // connections in all
	fills  shares
	bound  uint64 // samples in which the send buffer set the rate
	sent   uint64 // samples in which data was acknowledged
}

// add folds one sample; those in which nothing happened only tell of an end.
func (c *conns) add(at time.Duration, s *probes.ConnSample) {
	c.seen += s.Unfollowed
	if s.Acked > 0 || s.Received > 0 || s.Busy > 0 || s.Retrans > 0 {
		c.count(s)
		if series := c.series(s.Conn); series != nil {
			series.Congestion = s.Congestion
			series.add(pointOf(at, s))
		}
	}
	if s.Last {
		delete(c.others, s.Conn)
		for _, k := range c.kept {
			k.closed = k.closed || k.Conn == s.Conn
		}
	}
}

func (c *conns) count(s *probes.ConnSample) {
	if s.Acked <= 0 {
		return
	}
	c.sent++
	if s.SendBufferBound {
		c.bound++
	}
	if fill := known(s.WindowFill); fill > 0 {
		c.fills.add(fill)
	}
}

// series is the place for a connection's samples, nil if it is left out.
func (c *conns) series(id uint64) *connSeries {
	for _, s := range c.kept {
		if s.Conn == id {
			return s
		}
	}
	if _, out := c.others[id]; out {
		return nil
	}
	if c.others == nil {
		c.others, c.stride = map[uint64]struct{}{}, 1
	}
	c.seen++
	if (c.seen-1)%c.stride != 0 {
		c.others[id] = struct{}{}
		return nil
	}
	if len(c.kept) >= 2*maxConns {
		c.halve()
	}
	s := &connSeries{ConnSeries: ConnSeries{Conn: id}, each: 1}
	c.kept = append(c.kept, s)
	return s
}

// halve leaves every second series out.
func (c *conns) halve() {
	for i, s := range c.kept {
		switch {
		case i%2 == 0:
			c.kept[i/2] = s
		case !s.closed:
			c.others[s.Conn] = struct{}{}
		}
	}
	clear(c.kept[len(c.kept)/2:])
	c.kept = c.kept[:len(c.kept)/2]
	c.stride *= 2
}

// into writes what is kept to the trial.
func (c *conns) into(t *Trial) {
	n := min(len(c.kept), maxConns)
	for i := range n {
		s := c.kept[i*len(c.kept)/n].ConnSeries
		for len(s.Points) > max(allConnsPoints/n, 1) {
			s.Points = joinedPoints(s.Points)
		}
		t.Conns = append(t.Conns, s)
	}
	t.ConnsLeftOut = c.seen - uint64(n)
	t.Network.WindowFill = c.fills.median()
	t.Network.Samples = c.sent
	if c.sent > 0 {
		t.Network.SndbufBound = float64(c.bound) / float64(c.sent)
	}
}

// shares counts shares of 0 to 2 to the hundredth; larger ones count as 2.
type shares struct {
	n   [201]uint32
	all uint32
}

func (s *shares) add(x float64) {
	s.n[int(math.Round(min(max(x, 0), 2)*100))]++
	s.all++
}

// median is 0 if there are none.
func (s *shares) median() float64 {
	seen := uint32(0)
	for i, n := range s.n {
		if seen += n; 2*seen >= s.all && s.all > 0 {
			return float64(i) / 100
		}
	}
	return 0
}
