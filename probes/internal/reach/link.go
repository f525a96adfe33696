package reach

import (
	"errors"
	"net"
	"os"
	"time"

	"loadline/probes"
	"loadline/probes/internal/netpath"
	"loadline/scenarios/unit"
)

// past is a deadline that ends every call at once.
var past = time.Unix(1, 0)

// Link is an open connection to the target.
type Link struct {
	net.Conn               // the TLS connection, or TCP itself
	TCP      *netpath.Conn // below TLS, if there is any
	State    netpath.TLSState
	Took     Opening
	ID       uint64 // within the way, from 1

	before netpath.TCPInfo
	tried  string // the address, where TCP is nil
}

// Abort makes every call on the link fail at once. It may be called from any
// goroutine.
func (l *Link) Abort() { _ = l.TCP.SetDeadline(past) }

// Close closes the connection without TLS's farewell, which a peer that no
// longer reads could hold up.
func (l *Link) Close() error { return l.TCP.Close() }

// Drop closes the connection and resets it, so that what the kernel still
// holds does not run into the next measurement.
func (l *Link) Drop() {
	_ = l.TCP.SetLinger(0)
	_ = l.TCP.Close()
}

// Peer is whom the link leads to, or was to.
func (l *Link) Peer() probes.Peer {
	if l.TCP == nil {
		return probes.Peer{Address: l.tried}
	}
	return probes.Peer{Address: l.TCP.Peer().String(), Local: l.TCP.Local().String(), TLS: l.State.Version}
}

// Socket is what the kernel did with the link since the call before, or since
// the link was opened. It costs two system calls.
func (l *Link) Socket(reused bool) probes.Socket {
	s := probes.Socket{Conn: l.ID, Reused: reused}
	info, err := l.TCP.Info()
	if err != nil {
		return s // the kernel does not tell
	}
	since := info.Since(l.before)
	l.before = info
	s.RTT, s.MinRTT, s.Congestion = info.RTT, info.MinRTT, info.Congestion
	s.Retrans, s.Delivery = uint64(max(since.Retransmits, 0)), unit.BytesPerSecond(info.DeliveryRate)
	s.Busy, s.RwndLimit, s.SndbufLimt = since.Busy, since.RwndLimited, since.SndbufLimited
	return s
}

// Alive asks whether the peer has left an idle link open and silent. Nothing
// is sent, so a new connection in its place repeats no request. Under TLS,
// bytes that wait may be a message of TLS itself, which Read takes in; read
// must not be blocked by anything but the network.
func (l *Link) Alive(read func() error) bool {
	switch pending(l.TCP) {
	case quiet:
		return true
	case closed:
		return false
	}
	if l.State.Version == "" {
		return false // bytes that answer no request
	}
	_ = l.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	err := read()
	_ = l.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// waiting is what waits in a socket.
type waiting int

const (
	quiet waiting = iota
	readable
	closed
)
