package storm

import (
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/internal/reach"
)

// socketEvery is how often the kernel is asked about a connection. Its answer
// costs two system calls, as much as half an op.
const socketEvery = 250 * time.Millisecond

// wireLink is what both protocols know of their connection.
type wireLink struct {
	link  *reach.Link
	whom  probes.Peer
	used  atomic.Int64 // ops so far
	asked time.Duration
}

func newWireLink(s *session, l *reach.Link, protocol string) wireLink {
	p := l.Peer()
	p.Protocol = protocol
	return wireLink{link: l, whom: p}
}

// take counts an op that uses the connection.
func (w *wireLink) take() (reused bool) { return w.used.Add(1) > 1 }

func (w *wireLink) peer() *probes.Peer { return &w.whom }

// socket asks the kernel after the first op, at times, and at the end; in
// between it only says which connection was used.
func (w *wireLink) socket(now time.Duration, reused, last bool) probes.Socket {
	if reused && !last && now-w.asked < socketEvery {
		return probes.Socket{Conn: w.link.ID, Reused: true}
	}
	w.asked = now
	return w.link.Socket(reused)
}

func (w *wireLink) close() { _ = w.link.Close() }

func (w *wireLink) drop() { w.link.Drop() }
