package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// chunkSize is what one read takes at most. With smaller reads the wake-ups of
// the delay line cost more than the copying.
const chunkSize = 128 << 10

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// chunk is bytes in flight. A nil buf is the end of the stream.
type chunk struct {
	buf *[chunkSize]byte
	n   int
	due time.Time
}

// line is one direction of one connection.
type line struct {
	from, to *net.TCPConn
	delay    time.Duration
	rate     int64
	moved    *atomic.Int64
	fault    *Fault
	abort    func(reset bool)

	flying chan chunk
	room   *credit
	free   time.Time // when the next byte may enter: after the handshake, then by the rate
}

func (r *Relay) line(from, to *net.TCPConn, opened time.Time, moved *atomic.Int64, f *Fault, abort func(bool)) *line {
	return &line{
		from: from, to: to, delay: r.opt.Delay, rate: r.opt.Rate, free: opened,
		moved: moved, fault: f, abort: abort,
		// Reads may return little, so the channel has room for many small
		// chunks; when it is full the sender simply waits.
		flying: make(chan chunk, 4096),
		room:   newCredit(r.opt.Queue),
	}
}

func (l *line) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { l.read(ctx) })
	l.write(ctx)
	wg.Wait()
}

// read takes bytes from the sender and stamps them with their time of arrival.
func (l *line) read(ctx context.Context) {
	defer close(l.flying)
	defer context.AfterFunc(ctx, l.room.close)()
	for {
		if !l.room.take(chunkSize) {
			return
		}
		buf := chunks.Get().(*[chunkSize]byte)
		n, err := l.from.Read(buf[:])
		l.room.give(chunkSize - n)
		c := chunk{buf: buf, n: n, due: l.arrival(n)}
		if n == 0 {
			chunks.Put(buf)
			c.buf = nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			l.abort(true)
			return
		}
		if n > 0 || err != nil {
			select {
			case l.flying <- c:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// arrival is when n bytes read now reach the other end.
func (l *line) arrival(n int) time.Time {
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	if l.rate > 0 {
		l.free = l.free.Add(time.Duration(float64(n) / float64(l.rate) * float64(time.Second)))
	}
	return l.free.Add(l.delay)
}

// write hands each chunk over when it is due. The end of the stream closes the
// sending half only, so that an answer can still come back.
func (l *line) write(ctx context.Context) {
	defer l.drain()
	var passed int64
	for c := range l.flying {
		if !sleepUntil(ctx, c.due) {
			return
		}
		if c.buf == nil {
			l.to.CloseWrite()
			continue
		}
		n, end := l.fault.bend(c.buf[:c.n], passed)
		if n > 0 {
			if _, err := l.to.Write(c.buf[:n]); err != nil {
				chunks.Put(c.buf)
				l.abort(true)
				return
			}
			l.moved.Add(int64(n))
		}
		passed += int64(c.n)
		chunks.Put(c.buf)
		l.room.give(c.n)
		switch end {
		case endReset, endClose:
			l.abort(end == endReset)
			return
		case endNot:
		}
	}
}

// drain lets the reader end after the writer has given up.
func (l *line) drain() {
	l.room.close()
	for c := range l.flying {
		if c.buf != nil {
			chunks.Put(c.buf)
		}
	}
}

func sleepUntil(ctx context.Context, due time.Time) bool {
	d := time.Until(due)
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// credit bounds the bytes in flight.
type credit struct {
	mu     sync.Mutex
	more   sync.Cond
	left   int64
	closed bool
}

func newCredit(n int64) *credit {
	c := &credit{left: max(n, chunkSize)}
	c.more.L = &c.mu
	return c
}

func (c *credit) take(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.left < int64(n) && !c.closed {
		c.more.Wait()
	}
	c.left -= int64(n)
	return !c.closed
}

func (c *credit) give(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left += int64(n)
	c.more.Signal()
}

func (c *credit) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.more.Broadcast()
}
