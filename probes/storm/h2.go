package storm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"loadline/probes"
	"loadline/probes/internal/reach"
	"loadline/scenarios/unit"
)

// newH2Transport makes what HTTP/2 connections are configured by. It dials
// nothing itself.
func newH2Transport() (*http2.Transport, error) {
	t, err := http2.ConfigureTransports(&http.Transport{DisableCompression: true})
	if err != nil {
		return nil, fmt.Errorf("configure HTTP/2: %w", err)
	}
	return t, nil
}

// h2 is an HTTP/2 connection of the library's. Its requests are sent on the
// connection itself, which repeats none.
type h2 struct {
	wireLink
	cc      *http2.ClientConn
	conn    *reach.Greeting
	backend string // header that names the backend
	manyOps bool   // ops of other lanes use it at the same time
	dead    atomic.Bool
	mu      sync.Mutex // guards cancel, and socket where ops share it
	cancel  context.CancelCauseFunc
}

func newH2(s *session, l *reach.Link) (*h2, error) {
	greeting := reach.NewGreeting(l.Conn)
	cc, err := s.h2.NewClientConn(greeting)
	if err != nil {
		return nil, err
	}
	return &h2{wireLink: newWireLink(s, l, "HTTP/2.0"), cc: cc, conn: greeting, backend: s.on.Arm.Target.Backend}, nil
}

func (c *h2) reusable() bool { return !c.dead.Load() && c.cc.CanTakeNewRequest() }

func (c *h2) common() bool { return c.manyOps }

// abort ends the request of the lane. On a connection that others share, it is
// the op's own context that does.
func (c *h2) abort(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel(why)
	}
}

func (c *h2) close() {
	c.dead.Store(true)
	c.wireLink.close() // first, so that a blocked write cannot hold up the farewell
	_ = c.cc.Close()
}

func (c *h2) drop() {
	c.dead.Store(true)
	c.wireLink.drop()
	_ = c.cc.Close()
}

func (c *h2) socket(now time.Duration, reused, last bool) probes.Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wireLink.socket(now, reused, last)
}

// exchange implements wire.
func (c *h2) exchange(t *try) error {
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	done := c.abortable(t, cancel)
	defer done()
	s := &stream{t: t}
	req := (&http.Request{
		Method: t.r.method, Host: t.r.host, Header: t.r.header(t.op.Name, &t.id),
		URL:   &url.URL{Scheme: t.session.base.Scheme, Host: t.r.host, Opaque: "//" + t.r.host + t.r.target.with(t.op.Name, &t.id)},
		Proto: "HTTP/2.0", ProtoMajor: 2,
	}).WithContext(httptrace.WithClientTrace(ctx, s.trace()))
	if len(t.r.body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(&upload{Reader: bytes.NewReader(t.r.body), s: s}), int64(len(t.r.body))
	}
	t.lane.at(sending, t.sendAt+t.zero)
	resp, err := c.cc.RoundTrip(req)
	sent, sentAt, firstAt := s.end()
	t.sentAt, t.firstAt = sentAt, firstAt
	t.o.Sent = unit.Bytes(sent)
	if err != nil {
		return h2Error(c.conn.Explain(err))
	}
	if t.firstAt == 0 {
		t.firstAt = t.now()
	}
	return c.judge(t, resp)
}

// abortable lets the patience end this request. Where ops share a connection,
// the lane holds the cancelling apart from it.
func (c *h2) abortable(t *try, cancel context.CancelCauseFunc) (done func()) {
	if c.manyOps {
		_ = t.lane.use(&sharing{h2: c, cancel: cancel})
		return func() { _ = t.lane.use(c) }
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = cancel
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cancel = nil
	}
}

// sharing is a shared connection as one op has it.
type sharing struct {
	*h2
	cancel context.CancelCauseFunc
}

func (s *sharing) abort(why error) { s.cancel(why) }

// judge reads the answer and judges it.
func (c *h2) judge(t *try, resp *http.Response) error {
	defer resp.Body.Close()
	p := &t.o.Peer
	p.Status = resp.StatusCode
	p.Server, p.Via = strings.Join(resp.Header.Values("Server"), ", "), strings.Join(resp.Header.Values("Via"), ", ")
	if c.backend != "" {
		p.Backend = strings.Join(resp.Header.Values(c.backend), ", ")
	}
	if !t.r.expect.wants(p.Status) {
		t.theirs, t.again = oneLine(theirID(resp.Header)), oneLine(resp.Header.Get("Retry-After"))
	}
	d := newDigester(t.r.digest != nil)
	t.lane.at(receiving, t.firstAt+t.zero)
	err := d.read(resp.Body, func(n int) {
		t.op.Meter.Add(n)
		t.lane.at(receiving, t.now()+t.zero)
	})
	switch {
	case err != nil && !t.r.expect.wants(resp.StatusCode): // said is said
		return &refusal{probes.Status, fmt.Errorf("%w, then broke off", refusedStatus(resp.StatusCode, t.again, ""))}
	case errors.Is(err, io.ErrUnexpectedEOF):
		t.o.Received = unit.Bytes(d.size)
		return &refusal{probes.Short, fmt.Errorf("answered %d, and the stream ended after %d bytes of the body", resp.StatusCode, d.size)}
	case err != nil:
		t.o.Received = unit.Bytes(d.size)
		return fmt.Errorf("answered %d, but not to the end of the answer: %w", resp.StatusCode, h2Error(err))
	}
	t.keep = true
	return t.answered(resp.StatusCode, d.size, d.sum(), d.start)
}

// fromPeer is the cause the library gives to resets that the peer sent; its own
// complaints about the peer's frames have others.
const fromPeer = "received from peer"

// h2Error tells a broken connection from a broken protocol.
func h2Error(err error) error {
	var away http2.GoAwayError
	var stream http2.StreamError
	var frames http2.ConnectionError
	switch {
	case errors.As(err, &away):
		return fmt.Errorf("the peer ended the HTTP/2 connection: %v", away.ErrCode)
	case reach.Untaken(err):
		return fmt.Errorf("the peer ended the HTTP/2 connection (GOAWAY) without having taken the request: %w", err)
	case errors.As(err, &stream) && (stream.Cause == nil || stream.Cause.Error() == fromPeer):
		return fmt.Errorf("the peer reset the HTTP/2 stream: %v", stream.Code)
	case errors.As(err, &stream), errors.As(err, &frames), errors.Is(err, http2.ErrFrameTooLarge):
		return &reach.ProtocolError{Err: err}
	case strings.HasPrefix(err.Error(), "http2: ") && !errors.Is(err, context.Canceled):
		return &reach.ProtocolError{Err: err}
	}
	return err
}

// stream is what the library tells of a request from goroutines of its own;
// it may tell more after the request has ended.
type stream struct {
	t *try

	mu              sync.Mutex
	ended           bool
	sent            int
	sentAt, firstAt time.Duration
}

func (s *stream) note(f func(now time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		f(s.t.now())
	}
}

// end is what was told until now; nothing is noted any more.
func (s *stream) end() (sent int, sentAt, firstAt time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return s.sent, s.sentAt, s.firstAt
}

func (s *stream) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			s.note(func(now time.Duration) {
				if info.Err == nil && s.sentAt == 0 {
					s.sentAt = now
					s.t.lane.at(awaiting, now+s.t.zero)
				}
			})
		},
		GotFirstResponseByte: func() {
			s.note(func(now time.Duration) { s.firstAt = max(s.firstAt, now) })
		},
	}
}

// upload is a request's body that counts.
type upload struct {
	io.Reader
	s *stream
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.s.note(func(now time.Duration) {
		u.s.sent += n
		u.s.t.op.Meter.Add(n)
		u.s.t.lane.at(sending, now+u.s.t.zero)
	})
	return n, err
}
