// Package origin is the lab's HTTP origin: a file server that stores what is
// put, gives it back, says how often it stored it, and misbehaves on demand.
//
//	PUT|POST   /files/{name}   store a body: raw, chunked or multipart/form-data
//	GET|HEAD   /files/{name}   the body; one byte range; ETag; Content-Length
//	DELETE     /files/{name}, /sink/{name}
//	PUT|POST   /sink/{name}    take a body, count it, keep nothing of it
//	GET        /bytes/{n}      n pseudo-random bytes
//	POST       /echo           the body back, up to 1 MiB
//	GET        /stats/{name}   receipts, size and SHA-256 of one name (JSON)
//	GET        /stats          totals and every name (JSON)
//
// It speaks HTTP/1.1, HTTP/2 over TLS and HTTP/2 in cleartext with prior
// knowledge. Faults (package fault) strike /files, /sink, /bytes and /echo, never
// /stats: the witness stays honest. It is not a production store: nothing
// survives Stop. Sizes are bytes.
package origin

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"loadline/infra/lab/control"
	"loadline/infra/lab/fault"
	"loadline/infra/lab/pki"
)

// Store says what becomes of a body.
type Store string

// The stores.
const (
	Memory  Store = "memory"  // kept in memory up to Options.MemoryLimit, then in a temporary file
	Disk    Store = "disk"    // kept in a temporary file
	Discard Store = "discard" // only size and SHA-256 are kept; a download is 404
	Sink    Store = "sink"    // only the size is kept: for benchmarks
)

// DefaultMemory is how much the memory store keeps before it goes to a file.
const DefaultMemory = 2 << 30

// window is the HTTP/2 flow-control window of the origin, per stream and per
// connection: large, so that the origin is never what holds an upload back.
const window = 32 << 20

// Options describe one origin. The zero value is a healthy cleartext origin
// on a free port that keeps bodies in memory.
type Options struct {
	ID          string // in the X-Backend header of each answer; default "origin"
	Listen      string // default 127.0.0.1:0
	Store       Store  // default Memory
	MemoryLimit int64  // bytes; default DefaultMemory
	Dir         string // where the temporary file is made; default the system's

	// Shares makes this origin serve the objects of another one, as application
	// servers before one storage do. Objects and receipts are then common;
	// requests, connections and faults stay each origin's own.
	Shares *Origin

	CA         *pki.CA  // serve TLS with a certificate from this authority
	Names      []string // in that certificate; default pki.DefaultNames
	HTTP1Only  bool     // do not offer HTTP/2
	ClientCert bool     // refuse clients without a certificate of CA
	Auth       Auth     // ask for credentials

	Faults  []fault.Fault // in force from the start
	Control string        // loopback address of a control endpoint; empty: none
}

// Auth are the credentials that a request must carry: one of those set. The
// zero Auth asks for none.
type Auth struct {
	User, Password string // HTTP basic
	Token          string // bearer
}

// Origin is one running origin. Its faults may be changed at any time.
type Origin struct {
	opt    Options
	faults fault.Set
	arena  *arena
	table  *table

	srv     *http.Server
	ln      net.Listener
	control *control.Server
	cancel  context.CancelFunc

	connections, requests, broken atomic.Int64
	bytesIn, bytesOut             atomic.Int64
}

// New checks o and makes an origin that is not yet listening.
func New(o Options) (*Origin, error) {
	if o.ID == "" {
		o.ID = "origin"
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Store == "" {
		o.Store = Memory
	}
	if o.MemoryLimit == 0 {
		o.MemoryLimit = DefaultMemory
	}
	if len(o.Names) == 0 {
		o.Names = pki.DefaultNames
	}
	switch o.Store {
	case Memory, Discard, Sink:
	case Disk:
		o.MemoryLimit = 0
	default:
		return nil, fmt.Errorf("origin %s: no store %q (known: %s %s %s %s)", o.ID, o.Store, Memory, Disk, Discard, Sink)
	}
	if o.ClientCert && o.CA == nil {
		return nil, fmt.Errorf("origin %s: client certificates need TLS (set Options.CA)", o.ID)
	}
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	origin := &Origin{opt: o, arena: &arena{limit: o.MemoryLimit, dir: o.Dir}, table: &table{entries: make(map[string]*entry)}}
	if o.Shares != nil {
		origin.arena, origin.table = o.Shares.arena, o.Shares.table
	}
	if err := origin.faults.Inject(o.Faults...); err != nil {
		return nil, fmt.Errorf("origin %s: %w", o.ID, err)
	}
	return origin, nil
}

// Name is the origin's ID.
func (o *Origin) Name() string { return o.opt.ID }

// Start listens and serves until Stop or until ctx ends.
func (o *Origin) Start(ctx context.Context) error {
	ln, err := net.Listen("tcp", o.opt.Listen)
	if err != nil {
		return fmt.Errorf("origin %s: %w", o.opt.ID, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	o.ln, o.cancel = ln, cancel
	o.srv = &http.Server{
		Handler:     o.handler(),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: withConn,
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				o.connections.Add(1)
			}
		},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // aborted connections are the origin's trade
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerConnection: window,
			MaxReceiveBufferPerStream:     window,
			MaxReadFrameSize:              1 << 20,
			MaxConcurrentStreams:          1000,
		},
		Protocols: protocols(o.opt.HTTP1Only),
	}
	if err := o.startControl(); err != nil {
		ln.Close()
		cancel()
		return err
	}
	if o.opt.CA == nil {
		go o.srv.Serve(ln)
	} else if err := o.serveTLS(); err != nil {
		o.Stop()
		return err
	}
	context.AfterFunc(ctx, func() { o.srv.Close() })
	return nil
}

func (o *Origin) startControl() (err error) {
	if o.opt.Control == "" {
		return nil
	}
	o.control, err = control.Listen(o.opt.Control, &o.faults, func() any { return o.Totals() })
	return err
}

func (o *Origin) serveTLS() error {
	pair, err := o.opt.CA.Server(o.opt.Names...)
	if err != nil {
		return fmt.Errorf("origin %s: %w", o.opt.ID, err)
	}
	cert, err := pair.TLS()
	if err != nil {
		return fmt.Errorf("origin %s: %w", o.opt.ID, err)
	}
	o.srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	if o.opt.ClientCert {
		o.srv.TLSConfig.ClientAuth = tls.RequireAndVerifyClientCert
		o.srv.TLSConfig.ClientCAs = o.opt.CA.Pool()
	}
	go o.srv.ServeTLS(o.ln, "", "")
	return nil
}

func protocols(http1Only bool) *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(!http1Only)
	p.SetUnencryptedHTTP2(!http1Only)
	return &p
}

// Stop closes the listener and every connection and forgets every body that is
// its own. An origin that others share is stopped after them.
func (o *Origin) Stop() error {
	if o.srv == nil {
		return nil
	}
	o.cancel()
	err := o.srv.Close()
	o.control.Stop(context.Background())
	if o.opt.Shares == nil {
		o.table.clear()
		o.arena.close()
	}
	return err
}

// Addr is the host:port to connect to, known after Start.
func (o *Origin) Addr() string { return o.ln.Addr().String() }

// URL is the base of every path, without a slash at its end, addressed by the
// origin's IP address.
func (o *Origin) URL() string {
	if o.opt.CA != nil {
		return "https://" + o.Addr()
	}
	return "http://" + o.Addr()
}

// ControlURL is the base of the control endpoint; empty when there is none.
func (o *Origin) ControlURL() string {
	if o.control == nil {
		return ""
	}
	return o.control.URL()
}

// Faults is the list of faults in force, to be changed at any time.
func (o *Origin) Faults() *fault.Set { return &o.faults }
