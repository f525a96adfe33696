package storm

import (
	"fmt"
	"time"

	"loadline/probes"
	"loadline/probes/internal/reach"
	"loadline/scenarios"
)

// checkAfter is how long a connection may lie idle before it is asked, at the
// cost of a system call, whether the peer has closed it.
const checkAfter = 5 * time.Millisecond

// connect gives the lane's connection, or opens one: the lane has none, or its
// peer closed it while it was idle.
func (t *try) connect() (wire, error) {
	s, l := t.session, t.lane
	if s.o.Connections == Shared {
		w, err := s.sharedWire(t)
		if w != nil || err != nil {
			return w, err
		}
	}
	if w := l.wire; w != nil {
		if t.start+t.zero-l.last < checkAfter || t.alive(w) {
			return w, nil
		}
		s.warn("the peer closed kept connections while they were idle; each was replaced before the next op")
		l.leave(wire.close)
	}
	w, err := t.open()
	if err != nil {
		return nil, err
	}
	return w, l.use(w)
}

// alive asks a connection that was idle for long.
func (t *try) alive(w wire) bool {
	c, ok := w.(*h1)
	return w.reusable() && (!ok || c.link.Alive(c.peek))
}

// open opens a connection and keeps what that took.
func (t *try) open() (wire, error) {
	s := t.session
	link, err := s.way.Open(t.ctx)
	p := &t.o.Phases
	p.Resolve, p.Connect, p.TLS = link.Took.Resolve, link.Took.Connect, link.Took.TLS
	if err != nil {
		t.o.Peer = link.Peer()
		return nil, err
	}
	want, got := s.on.Arm.Target.HTTP, link.State.Protocol
	wants2 := want == scenarios.HTTP2 || want == scenarios.H2C
	switch {
	case s.way.Secured() && wants2 && got != "h2":
		_ = link.Close()
		return nil, &reach.Error{Outcome: probes.Protocol, Err: fmt.Errorf("the scenario asks for HTTP/2, and %s negotiated %s", link.TCP.Peer(), orNone(got))}
	case got == "h2" || !s.way.Secured() && wants2:
		w, err := newH2(s, link)
		if err != nil {
			_ = link.Close()
			return nil, fmt.Errorf("start HTTP/2: %w", err)
		}
		return w, nil
	}
	return newH1(s, link), nil
}

func orNone(protocol string) string {
	if protocol == "" {
		return "no protocol"
	}
	return protocol
}

// retire keeps a shared connection that takes no more requests, because others
// may still end what they began on it. It closes itself then; s.mu is held.
func (s *session) retire(w *h2) {
	if w == nil {
		return
	}
	open := s.retired[:0]
	for _, old := range append(s.retired, w) {
		if old.cc.State().Closed {
			old.close()
		} else {
			open = append(open, old)
		}
	}
	s.retired = open
}

// sharedWire is the session's one HTTP/2 connection; nil if the peer speaks
// HTTP/1.1, so that each lane has its own.
func (s *session) sharedWire(t *try) (wire, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.apart {
		return nil, nil
	}
	if s.shared == nil || !s.shared.reusable() {
		w, err := t.open()
		if err != nil {
			return nil, err
		}
		two, ok := w.(*h2)
		if !ok {
			s.warn("connections: shared needs HTTP/2, and HTTP/1.1 was negotiated: each place in flight has a connection of its own")
			s.apart = true
			return w, t.lane.use(w)
		}
		s.retire(s.shared)
		two.manyOps = true
		s.shared = two
	}
	return s.shared, t.lane.use(s.shared)
}
