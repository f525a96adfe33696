// Package relay is a TCP relay with a delay line: it gives a loopback path the
// round-trip time, and if asked the rate and the failures, of a real one,
// without root.
//
// Each direction is a first-in first-out line in which every chunk spends the
// one-way delay. The line holds up to Queue bytes, so that the product of rate
// and delay is not what limits a transfer.
//
// What it is not: a packet network. TCP's own windows end at the relay, so
// connect returns at once, the kernel's round-trip time is that of loopback,
// nothing is lost and resent, and there is no slow start; only windows above
// TCP (HTTP/2, TLS, application) feel the delay.
//
// Delays are time.Duration one way, rates bytes per second, sizes bytes.
package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultQueue is the bytes that each direction of a connection may hold:
// 50 ms at more than 1 GB/s.
const DefaultQueue = 64 << 20

// Options describe the path.
type Options struct {
	Listen string        // default 127.0.0.1:0
	To     string        // host:port to which every connection is relayed
	Delay  time.Duration // one way; the round trip is twice that
	Rate   int64         // bytes/s in each direction of each connection; 0: unlimited
	Queue  int64         // bytes in flight per direction of a connection; default DefaultQueue

	// Handshake makes the first bytes of a connection wait one round trip more,
	// which is what its TCP handshake would have cost. A client sees that time
	// not in connect but in what comes next, so it is for paths whose opening
	// matters and not for those whose phases are read.
	Handshake bool
}

// Relay relays every connection made to Addr.
type Relay struct {
	opt   Options
	ln    net.Listener
	fault atomic.Pointer[Fault]

	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	stopped  bool
	accepted atomic.Int64
	forward  atomic.Int64
	back     atomic.Int64
	wg       sync.WaitGroup
	cancel   context.CancelFunc
}

// New makes a relay that is not yet listening.
func New(o Options) (*Relay, error) {
	if o.To == "" {
		return nil, errors.New("relay: no destination (set Options.To to host:port)")
	}
	if o.Delay < 0 || o.Rate < 0 || o.Queue < 0 {
		return nil, fmt.Errorf("relay to %s: delay %v, rate %d and queue %d must not be negative", o.To, o.Delay, o.Rate, o.Queue)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Queue == 0 {
		o.Queue = DefaultQueue
	}
	return &Relay{opt: o, conns: make(map[net.Conn]struct{})}, nil
}

// Name says what the relay is and where it leads.
func (r *Relay) Name() string { return "relay to " + r.opt.To }

// Start listens and relays until Stop or until ctx ends.
func (r *Relay) Start(ctx context.Context) error {
	ln, err := net.Listen("tcp", r.opt.Listen)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name(), err)
	}
	ctx, r.cancel = context.WithCancel(ctx)
	r.ln = ln
	context.AfterFunc(ctx, r.close)
	r.wg.Go(func() { r.accept(ctx) })
	return nil
}

// Stop closes the listener and every connection, and waits until all is quiet.
func (r *Relay) Stop() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	r.close()
	r.wg.Wait()
	return nil
}

// Addr is the host:port to connect to, known after Start.
func (r *Relay) Addr() string { return r.ln.Addr().String() }

// Totals are counts since Start.
type Totals struct {
	Accepted int64 // connections
	Forward  int64 // bytes delivered to the destination
	Back     int64 // bytes delivered to the client
}

// Totals reads the counters.
func (r *Relay) Totals() Totals {
	return Totals{r.accepted.Load(), r.forward.Load(), r.back.Load()}
}

func (r *Relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.ln.Close()
	for c := range r.conns {
		c.Close()
	}
}

// track remembers c so that Stop can close it; false when already stopped.
func (r *Relay) track(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		c.Close()
		return false
	}
	r.conns[c] = struct{}{}
	return true
}

func (r *Relay) forget(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

func (r *Relay) accept(ctx context.Context) {
	for {
		c, err := r.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors: those in use may be freed
			time.Sleep(10 * time.Millisecond)
			continue
		}
		r.accepted.Add(1)
		if r.track(c) {
			r.wg.Go(func() { r.serve(ctx, c.(*net.TCPConn)) })
		}
	}
}

func (r *Relay) serve(ctx context.Context, client *net.TCPConn) {
	accepted := time.Now()
	defer r.forget(client)
	defer client.Close()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", r.opt.To)
	if err != nil {
		client.SetLinger(0) // the client sees a reset, as from a dead destination
		return
	}
	server := conn.(*net.TCPConn)
	if !r.track(server) {
		return
	}
	defer r.forget(server)
	defer server.Close()

	// One direction that fails ends both: a reset is a reset for either side.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	abort := func(reset bool) {
		if reset {
			client.SetLinger(0)
			server.SetLinger(0)
		}
		cancel()
		client.Close()
		server.Close()
	}
	fault := r.fault.Load()
	// When a real handshake would have ended at either side.
	var clientOpen, serverOpen time.Time
	if r.opt.Handshake {
		clientOpen, serverOpen = accepted.Add(2*r.opt.Delay), accepted.Add(3*r.opt.Delay)
	}
	var both sync.WaitGroup
	both.Go(func() {
		r.line(client, server, clientOpen, &r.forward, fault.on(Forward), abort).run(ctx)
	})
	both.Go(func() {
		r.line(server, client, serverOpen, &r.back, fault.on(Back), abort).run(ctx)
	})
	both.Wait()
}
