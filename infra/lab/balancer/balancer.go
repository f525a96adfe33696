// Package balancer is the lab's own reverse proxy: what the demo, the self
// test and machines without HAProxy or nginx put in front of an origin.
//
// It streams in both directions with flat memory, takes its backends in turn,
// adds "Via: 1.1 loadline-lab", and has the named faults of package fault, for
// the loss, the doubling and the damage that happen in a balancer and not
// behind it. It is not a model of any product: no health checks, no buffering,
// no retries. The real ones are started by the parent package.
package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"loadline/infra/lab/control"
	"loadline/infra/lab/fault"
	"loadline/infra/lab/pki"
)

// Via is what the balancer adds to the Via header of requests and answers.
const Via = "1.1 loadline-lab"

// bufferSize is what one copy moves at a time.
const bufferSize = 256 << 10

// Options describe one balancer.
type Options struct {
	ID       string   // default "balancer"
	Listen   string   // default 127.0.0.1:0
	Backends []string // base URLs, taken in turn

	CA        *pki.CA  // serve TLS with a certificate from this authority, and trust it behind
	Names     []string // in that certificate
	HTTP1Only bool     // do not offer HTTP/2
	// StreamWindow is the HTTP/2 flow-control window of one upload, in bytes;
	// default 32 MiB. A small one holds an upload to a window per round trip.
	StreamWindow int

	Faults  []fault.Fault // in force from the start
	Control string        // loopback address of a control endpoint; empty: none
}

// Totals are the balancer's counts since its start.
type Totals struct {
	ID          string `json:"id"`
	Connections int64  `json:"connections"` // accepted from clients
	Requests    int64  `json:"requests"`
	Failed      int64  `json:"failed"` // requests that got no whole answer from a backend
}

// Balancer is one running balancer. Its faults may be changed at any time.
type Balancer struct {
	opt       Options
	backends  []*url.URL
	faults    fault.Set
	transport *http.Transport
	proxy     *httputil.ReverseProxy

	srv     *http.Server
	ln      net.Listener
	control *control.Server
	cancel  context.CancelFunc

	turn                          atomic.Uint64
	connections, requests, failed atomic.Int64
}

// New checks o and makes a balancer that is not yet listening.
func New(o Options) (*Balancer, error) {
	if o.ID == "" {
		o.ID = "balancer"
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.StreamWindow == 0 {
		o.StreamWindow = 32 << 20
	}
	if len(o.Backends) == 0 {
		return nil, fmt.Errorf("balancer %s: no backend (set Options.Backends to base URLs)", o.ID)
	}
	// What a balancer holds nothing to do with: other bodies, older ones, a commit.
	b := &Balancer{opt: o, faults: fault.Set{Lacks: []fault.Kind{fault.Swap, fault.Stale, fault.Commit}}}
	for _, base := range o.Backends {
		u, err := url.Parse(base)
		if err == nil && (u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			err = errors.New("want http://host:port or https://host:port")
		}
		if err != nil {
			return nil, fmt.Errorf("balancer %s: backend %q: %w", o.ID, base, err)
		}
		b.backends = append(b.backends, u)
	}
	if err := b.faults.Inject(o.Faults...); err != nil {
		return nil, fmt.Errorf("balancer %s: %w", o.ID, err)
	}
	b.transport = b.newTransport()
	b.proxy = b.newProxy()
	return b, nil
}

func (b *Balancer) newTransport() *http.Transport {
	t := &http.Transport{
		DisableCompression:  true,
		MaxIdleConnsPerHost: 1024,
		IdleConnTimeout:     time.Minute,
		ReadBufferSize:      bufferSize,
		WriteBufferSize:     bufferSize,
	}
	if b.opt.CA != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: b.opt.CA.Pool()}
	}
	return t
}

func (b *Balancer) newProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport:  b.transport,
		BufferPool: &bufferPool{},
		// Every write goes out at once where a fault paces the body; elsewhere
		// whole buffers do.
		FlushInterval: 0,
		ErrorLog:      log.New(io.Discard, "", 0), // failures are counted and answered, not logged
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(b.backends[b.turn.Add(1)%uint64(len(b.backends))])
			p.Out.Host = p.In.Host
			p.SetXForwarded()
			p.Out.Header.Add("Via", Via)
		},
		ModifyResponse: b.bendAnswer,
		ErrorHandler:   b.unanswered,
	}
}

// Name is the balancer's ID.
func (b *Balancer) Name() string { return b.opt.ID }

// Start listens and serves until Stop or until ctx ends.
func (b *Balancer) Start(ctx context.Context) error {
	ln, err := net.Listen("tcp", b.opt.Listen)
	if err != nil {
		return fmt.Errorf("balancer %s: %w", b.opt.ID, err)
	}
	ctx, b.cancel = context.WithCancel(ctx)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!b.opt.HTTP1Only)
	protocols.SetUnencryptedHTTP2(!b.opt.HTTP1Only)
	b.ln = ln
	b.srv = &http.Server{
		Handler:     http.HandlerFunc(b.serve),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: withConn,
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				b.connections.Add(1)
			}
		},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
		Protocols:         &protocols,
		HTTP2:             &http.HTTP2Config{MaxReceiveBufferPerConnection: 32 << 20, MaxReceiveBufferPerStream: b.opt.StreamWindow, MaxReadFrameSize: 1 << 20},
	}
	if b.opt.Control != "" {
		if b.control, err = control.Listen(b.opt.Control, &b.faults, func() any { return b.Totals() }); err != nil {
			ln.Close()
			return err
		}
	}
	if err := b.listenAndServe(); err != nil {
		b.Stop()
		return err
	}
	context.AfterFunc(ctx, func() { b.srv.Close() })
	return nil
}

func (b *Balancer) listenAndServe() error {
	if b.opt.CA == nil {
		go b.srv.Serve(b.ln)
		return nil
	}
	names := b.opt.Names
	if len(names) == 0 {
		names = pki.DefaultNames
	}
	pair, err := b.opt.CA.Server(names...)
	if err != nil {
		return fmt.Errorf("balancer %s: %w", b.opt.ID, err)
	}
	cert, err := pair.TLS()
	if err != nil {
		return fmt.Errorf("balancer %s: %w", b.opt.ID, err)
	}
	b.srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	go b.srv.ServeTLS(b.ln, "", "")
	return nil
}

// Stop closes the listener and every connection.
func (b *Balancer) Stop() error {
	if b.srv == nil {
		return nil
	}
	b.cancel()
	err := b.srv.Close()
	b.transport.CloseIdleConnections()
	b.control.Stop(context.Background())
	return err
}

// Addr is the host:port to connect to, known after Start.
func (b *Balancer) Addr() string { return b.ln.Addr().String() }

// URL is the base of every path, without a slash at its end.
func (b *Balancer) URL() string {
	if b.opt.CA != nil {
		return "https://" + b.Addr()
	}
	return "http://" + b.Addr()
}

// ControlURL is the base of the control endpoint; empty when there is none.
func (b *Balancer) ControlURL() string {
	if b.control == nil {
		return ""
	}
	return b.control.URL()
}

// Faults is the list of faults in force, to be changed at any time. Those that
// need a store (swap, stale, commit) are refused.
func (b *Balancer) Faults() *fault.Set { return &b.faults }

// Totals reads the counters.
func (b *Balancer) Totals() Totals {
	return Totals{b.opt.ID, b.connections.Load(), b.requests.Load(), b.failed.Load()}
}

// bufferPool lends buffers to the proxy's copies.
type bufferPool struct{ p sync.Pool }

func (p *bufferPool) Get() []byte {
	if b, ok := p.p.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, bufferSize)
}

func (p *bufferPool) Put(b []byte) { p.p.Put(&b) }
