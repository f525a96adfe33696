package netpath

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// gathered is how much a reader of a fast flow waits for. Being woken for
	// every few segments costs both ends more than moving the bytes does.
	gathered = 512 << 10
	// patience is how long it waits for that. A flow that does not bring so much
	// in that time (256 MB/s) is not fast, and is read as it comes.
	patience = 2 * time.Millisecond
)

// gather lets a large read sleep until a good piece has arrived (SO_RCVLOWAT),
// where that is known to follow and the flow has shown that it is fast. What
// is seen of a flow is late by patience at most, and never for long: the first
// piece that does not come in time ends it.
type gather struct {
	expected atomic.Int64 // bytes that are known to follow
	fast     atomic.Bool  // the last large read found a piece

	mu    sync.Mutex // guards the socket's mark
	mark  atomic.Int32
	timer *time.Timer
}

// Expect promises that n more bytes follow, as many as Content-Length says for
// example. A promise that is not kept costs a moment, nothing else.
func (c *Conn) Expect(n int64) { c.gather.expected.Store(n) }

// arrived accounts for n bytes that were read into a block of that size.
func (g *gather) arrived(n, block int) {
	if g.expected.Load() > 0 {
		g.expected.Add(-int64(n))
	}
	if block >= gathered {
		g.fast.Store(n >= gathered)
	}
}

// want is how many bytes a read of block may sleep for.
func (g *gather) want(block int) int {
	if !g.fast.Load() {
		return 1
	}
	return int(max(1, min(gathered, int64(block), g.expected.Load())))
}

// before is called when a large read is about to sleep, with the socket locked
// for reading.
func (g *gather) before(c *Conn, fd uintptr, block int) {
	want := g.want(block)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(fd, int32(want))
	switch {
	case want == 1:
	case g.timer == nil:
		g.timer = time.AfterFunc(patience, func() { g.fast.Store(false); g.relax(c) })
	default:
		g.timer.Reset(patience)
	}
}

// after is called when it has woken up.
func (g *gather) after() {
	if g.mark.Load() > 1 {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.timer.Stop()
	}
}

// relax lets the socket wake readers for every byte again, and at once if one
// is there.
func (g *gather) relax(c *Conn) {
	if g.mark.Load() > 1 {
		_ = c.raw.Control(func(fd uintptr) { // fails for a closed connection, on which nobody sleeps
			g.mu.Lock()
			defer g.mu.Unlock()
			g.set(fd, 1)
		})
	}
}

func (g *gather) set(fd uintptr, mark int32) {
	if mark == max(1, g.mark.Load()) {
		return
	}
	if syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, int(mark)) == nil {
		g.mark.Store(mark)
	}
}
