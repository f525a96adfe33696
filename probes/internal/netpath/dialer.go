package netpath

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultTimeout limits resolving and connecting, each, where a Dialer names
// none.
const DefaultTimeout = 10 * time.Second

// Dialer opens connections of one arm. The zero value dials what it is asked
// for, pins the first address of each name and uses the system's congestion
// control. Fields must not change after the first Dial; Dial is safe for
// concurrent use.
type Dialer struct {
	// Connect replaces the address asked for: "host:port" or, to rotate over
	// several, a list, used in turn. Host header and SNI stay the caller's.
	Connect []string
	// Resolve says what a name stands for; the zero value pins its first address.
	Resolve Resolve
	// Network is "tcp", "tcp4" or "tcp6"; empty means "tcp".
	Network string
	// Timeout limits resolving and connecting, each; 0 means DefaultTimeout.
	Timeout time.Duration
	// Congestion names the TCP congestion control of every socket, as in
	// /proc/sys/net/ipv4/tcp_available_congestion_control; empty leaves the
	// system's. What a socket really uses is in TCPInfo.
	Congestion string
	// SendBuffer and ReceiveBuffer fix the socket buffers, bytes; 0 leaves the
	// kernel's automatic sizes. The kernel doubles what it is given.
	SendBuffer, ReceiveBuffer int
	// KeepAlive is the idle time after which the kernel sends a probe; 0 means
	// none, because probes would hide a path that forgets idle connections.
	KeepAlive time.Duration
	// Resolver looks names up; nil means net.DefaultResolver.
	Resolver *net.Resolver
	// OnOpen sees every new connection before its first byte, on the dialing
	// goroutine. Sampler.Add fits.
	OnOpen func(*Conn)

	turn  atomic.Uint64 // of Connect
	mu    sync.Mutex    // guards the rest
	pins  map[string]netip.AddrPort
	names map[string]visits
	dials uint64 // to names
}

// Times are the moments of opening a connection, with monotonic readings. The
// resolve times are zero if no name was looked up: the address was a literal or
// pinned before.
type Times struct {
	ResolveStart, ResolveEnd time.Time
	ConnectStart, ConnectEnd time.Time
}

// Resolve is the time it took to look the name up; 0 if that was not needed.
func (t Times) Resolve() time.Duration { return t.ResolveEnd.Sub(t.ResolveStart) }

// Connect is the time it took the kernel to connect.
func (t Times) Connect() time.Duration { return t.ConnectEnd.Sub(t.ConnectStart) }

// DialContext is Dial in the shape of http.Transport.DialContext. The network
// asked for is ignored: the Dialer's own decides.
func (d *Dialer) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	c, err := d.Dial(ctx, addr)
	if err != nil {
		return nil, err // not a typed nil
	}
	return c, nil
}

// Dial opens one connection with one attempt. Its error is a *DialError, which
// says at what stage it failed.
func (d *Dialer) Dial(ctx context.Context, addr string) (*Conn, error) {
	target := addr
	if n := uint64(len(d.Connect)); n > 0 {
		target = d.Connect[(d.turn.Add(1)-1)%n]
	}
	if err := CheckAddr(target); err != nil {
		return nil, &DialError{Stage: StageAddress, Target: target, Err: err}
	}
	var times Times
	peer, err := d.lookup(ctx, target, &times)
	if err != nil {
		return nil, &DialError{Stage: StageResolve, Target: target, Err: err, Limit: d.timeout()}
	}
	tcp, err := d.connect(ctx, peer, &times)
	if err != nil {
		return nil, &DialError{Stage: stageOf(err), Target: target, Peer: peer, Err: err, Limit: d.timeout()}
	}
	c := newConn(tcp, target, times)
	if d.OnOpen != nil {
		d.OnOpen(c)
	}
	return c, nil
}

func (d *Dialer) connect(ctx context.Context, peer netip.AddrPort, times *Times) (*net.TCPConn, error) {
	nd := net.Dialer{
		Timeout:       d.timeout(),
		FallbackDelay: -1, // one address, one attempt
		KeepAlive:     -1,
		Control:       d.setOptions,
	}
	if d.KeepAlive > 0 {
		nd.KeepAlive = d.KeepAlive
	}
	nd.SetMultipathTCP(false)
	times.ConnectStart = time.Now()
	c, err := nd.DialContext(ctx, d.network(), peer.String())
	times.ConnectEnd = time.Now()
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil // the network is one of tcp, tcp4, tcp6
}

func (d *Dialer) timeout() time.Duration {
	if d.Timeout > 0 {
		return d.Timeout
	}
	return DefaultTimeout
}

func (d *Dialer) network() string {
	if d.Network == "" {
		return "tcp"
	}
	return d.Network
}
