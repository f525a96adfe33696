package transfer

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"loadline/probes/internal/reach"
)

const (
	// What a server may send ahead on one stream: the window that all streams
	// of a session share, within bounds. The library's 4 MiB hold a download to
	// 80 MB/s at 50 ms; what is not read in time lies in memory.
	h2Windows   = 64 << 20
	h2MaxWindow = 16 << 20
	h2MinWindow = 4 << 20
	// h2ReadFrame is the largest frame that is accepted: larger frames cost
	// less per byte.
	h2ReadFrame = 256 << 10
)

// newH2Transport makes what a number of HTTP/2 connections are configured by;
// 0 is unknown. It dials nothing itself.
func newH2Transport(conns int) (*http2.Transport, error) {
	base := &http.Transport{
		ExpectContinueTimeout: continuePatience,
		DisableCompression:    true,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     min(max(h2Windows/max(conns, 1), h2MinWindow), h2MaxWindow),
			MaxReceiveBufferPerConnection: 1 << 30,
			MaxReadFrameSize:              h2ReadFrame,
		},
	}
	t, err := http2.ConfigureTransports(base)
	if err != nil {
		return nil, fmt.Errorf("configure HTTP/2: %w", err)
	}
	// More ops than the peer takes at a time wait for their turn, as streams
	// of one connection do; they open no second one.
	t.StrictMaxConcurrentStreams = true
	return t, nil
}

// h2 is an HTTP/2 connection.
type h2 struct {
	conn   *reach.Greeting
	cc     *http2.ClientConn
	shared bool // other ops may have streams on it
	dead   atomic.Bool
}

// newH2 starts HTTP/2 on a connection. One that will be shared first hears how
// many streams the peer takes at a time: its settings come before its answer
// to a ping, and until then more could be opened than it allows.
func newH2(ctx context.Context, t *http2.Transport, conn net.Conn, shared bool) (*h2, error) {
	greeting := reach.NewGreeting(conn)
	cc, err := t.NewClientConn(&windowHold{Conn: greeting})
	if err != nil {
		return nil, err
	}
	if shared {
		if err := greeting.Explain(cc.Ping(ctx)); err != nil {
			return nil, fmt.Errorf("await the peer's settings: %w", err)
		}
	}
	return &h2{conn: greeting, cc: cc, shared: shared}, nil
}

func (c *h2) reusable() bool { return !c.dead.Load() && c.cc.CanTakeNewRequest() }

// abort breaks the connection unless others use it; their streams are ended
// by their own contexts.
func (c *h2) abort() {
	if !c.shared {
		c.dead.Store(true)
		_ = c.conn.SetDeadline(time.Unix(1, 0))
	}
}

// silence resets the stream; the connection stays.
func (c *h2) silence(a *answer) { _ = a.body.Close() }

func (c *h2) close() {
	c.dead.Store(true)
	_ = c.conn.Close() // first, so that a blocked write cannot hold up the farewell
	_ = c.cc.Close()
}

func (c *h2) exchange(ctx context.Context, r *request, p *progress) (*answer, error) {
	u, err := url.ParseRequestURI(r.target)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", r.target, err)
	}
	u.Scheme, u.Host = r.scheme, r.host
	s := &stream{p: p, wrote: make(chan struct{})}
	req := (&http.Request{
		Method: r.method, URL: u, Host: r.host, Header: make(http.Header, len(r.fields)+1),
		Proto: "HTTP/2.0", ProtoMajor: 2,
	}).WithContext(httptrace.WithClientTrace(ctx, s.trace()))
	for _, f := range r.fields {
		req.Header[textproto.CanonicalMIMEHeaderKey(f.name)] = []string{f.value}
	}
	if r.body != nil {
		s.body = r.body.reader()
		req.Body = s
		req.ContentLength = r.body.length()
		if r.body.chunked {
			req.ContentLength = -1
		} else if req.ContentLength == 0 {
			req.Body = http.NoBody
		}
		if r.expect {
			req.Header["Expect"] = []string{"100-continue"}
		}
	}
	p.at(sending)
	p.stamp(&p.sendAt)
	resp, err := c.cc.RoundTrip(req)
	if err != nil {
		_ = s.Close()
		return nil, c.conn.Explain(err)
	}
	if s.interim.Load() {
		p.firstAt.Store(p.now()) // the trace's first byte was that of an interim answer
	} else {
		p.stamp(&p.firstAt)
	}
	s.resp = resp
	return &answer{
		status: resp.StatusCode, proto: resp.Proto, header: resp.Header, length: resp.ContentLength,
		body: &streamBody{ReadCloser: resp.Body, s: s}, partial: resp.StatusCode >= 300 && !s.written(),
	}, nil
}

// complete implements wire: a success may be announced before the body was
// sent whole, and then has to be waited for.
func (c *h2) complete(a *answer) error {
	b, ok := a.body.(*streamBody)
	if !ok || b.s.body == nil || a.partial {
		return nil
	}
	<-b.s.wrote // ended by the op's context at the latest
	return b.s.wroteErr
}

// stream is one request on an HTTP/2 connection: its body, and what the
// library tells of its progress from goroutines of its own.
type stream struct {
	p       *progress
	resp    *http.Response
	interim atomic.Bool
	waitAt  atomic.Int64

	once     sync.Once
	wrote    chan struct{}
	wroteErr error

	mu     sync.Mutex
	body   io.Reader
	closed bool
}

// Read hands out the body; after Close it touches nothing of the op.
func (s *stream) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	s.continued()
	n, err := s.body.Read(b)
	s.p.sent(n)
	return n, err
}

func (s *stream) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return nil
}

// continued ends the wait for 100 Continue, however it ended.
func (s *stream) continued() {
	if at := s.waitAt.Swap(0); at != 0 {
		s.p.waits.Store(s.p.now() - at)
	}
}

func (s *stream) written() bool {
	select {
	case <-s.wrote:
		return true
	default:
		return false
	}
}

func (s *stream) trace() *httptrace.ClientTrace {
	p := s.p
	return &httptrace.ClientTrace{
		Wait100Continue: func() { s.waitAt.Store(p.now()) },
		Got100Continue:  func() { s.interim.Store(true); p.heard.Add(1); s.continued() },
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			s.interim.Store(true)
			p.heard.Add(1)
			return nil
		},
		GotFirstResponseByte: func() { p.stamp(&p.firstAt) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			s.once.Do(func() {
				s.wroteErr = info.Err
				if info.Err == nil {
					p.stamp(&p.sentAt)
					p.stage.CompareAndSwap(int32(sending), int32(awaiting))
				}
				close(s.wrote)
			})
		},
	}
}

// streamBody is an answer's body that knows its stream.
type streamBody struct {
	io.ReadCloser
	s *stream
}

// Close ends the stream and with it all that the request still does.
func (b *streamBody) Close() error {
	_ = b.s.Close()
	return b.ReadCloser.Close()
}
