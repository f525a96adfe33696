package storm

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/internal/reach"
	"loadline/scenarios/unit"
)

const (
	// readBuffer holds an answer's head and, if small, its body.
	readBuffer = 16 << 10
	// together is the size of a body up to which it is sent in one piece with
	// the head; larger bodies are sent in pieces of writePiece.
	together   = 32 << 10
	writePiece = 256 << 10
	// maxInterim is how many answers of the 1xx kind may precede the answer.
	maxInterim = 16
	// lastWords is how long an answer is looked for on a connection that
	// refuses to be written to: a server may answer 413 and then reset.
	lastWords = time.Second
)

// h1 is an HTTP/1.1 connection. One goroutine writes and then reads.
type h1 struct {
	wireLink
	br   *bufio.Reader
	head head
	keep bool
	dead atomic.Bool
}

func newH1(s *session, l *reach.Link) *h1 {
	c := &h1{wireLink: newWireLink(s, l, "HTTP/1.1"), keep: true}
	c.br = bufio.NewReaderSize(l, readBuffer)
	c.head.backendName = strings.ToLower(s.on.Arm.Target.Backend)
	return c
}

func (c *h1) reusable() bool { return c.keep && !c.dead.Load() }

func (c *h1) abort(error) {
	c.dead.Store(true)
	c.link.Abort()
}

func (c *h1) common() bool { return false }

// peek looks whether something waits.
func (c *h1) peek() error {
	_, err := c.br.Peek(1)
	return err
}

// exchange implements wire.
func (c *h1) exchange(t *try) error {
	c.keep = false // until the answer has been read to its end
	if err := c.send(t); err != nil {
		return c.lastAnswer(t, err)
	}
	t.sentAt = t.now()
	t.lane.at(awaiting, t.sentAt+t.zero)
	err := c.receive(t)
	t.keep = c.keep
	return err
}

// send writes the head and the body.
func (c *h1) send(t *try) error {
	t.lane.at(sending, t.sendAt+t.zero)
	r, l := t.r, t.lane
	out := r.head.appendTo(l.out[:0], t.op.Name, &t.id)
	rest := r.body
	if len(rest) <= together {
		out, rest = append(out, rest...), nil
	}
	l.out = out
	if _, err := c.link.Write(out); err != nil {
		return err
	}
	for len(rest) > 0 {
		n, err := c.link.Write(rest[:min(len(rest), writePiece)])
		t.o.Sent += unit.Bytes(n)
		t.op.Meter.Add(n)
		rest = rest[n:]
		if err != nil {
			return err
		}
		t.lane.at(sending, t.now()+t.zero)
	}
	if len(r.body) > 0 && len(r.body) <= together {
		t.o.Sent = unit.Bytes(len(r.body))
		t.op.Meter.Add(len(r.body))
	}
	return nil
}

// lastAnswer looks for an answer that was sent before the connection refused
// the request.
func (c *h1) lastAnswer(t *try, failed error) error {
	if c.dead.Load() {
		return failed
	}
	_ = c.link.SetReadDeadline(time.Now().Add(lastWords))
	t.lane.at(awaiting, t.now()+t.zero)
	err := c.receive(t)
	c.keep, t.keep = false, false
	var refused *refusal
	if errors.As(err, &refused) {
		return err
	}
	if err == nil {
		t.o.Outcome = ""
		return fmt.Errorf("answered %d before the body was sent: %w", t.o.Peer.Status, failed)
	}
	t.firstAt = 0
	return failed
}

// receive reads the answer and judges it.
func (c *h1) receive(t *try) error {
	if _, err := c.br.Peek(1); err != nil {
		return err
	}
	t.firstAt = t.now()
	waits, _ := c.br.Peek(c.br.Buffered())
	if c.head.parse(waits, t.r.method) {
		_, _ = c.br.Discard(c.head.size)
		c.met(t)
		if n := c.head.length; n <= readBuffer {
			return c.small(t, int(n))
		}
		return c.stream(t, io.LimitReader(c.br, c.head.length), c.head.length)
	}
	return c.unusual(t)
}

// met keeps whom the op spoke to.
func (c *h1) met(t *try) {
	c.keep = c.head.keep
	p := &t.o.Peer
	p.Status, p.Server, p.Via, p.Backend = c.head.status, c.head.server.text, c.head.via.text, c.head.backend.text
	if !t.r.expect.wants(c.head.status) {
		t.theirs, t.again = oneLine(string(c.head.theirs)), oneLine(string(c.head.again))
	}
}

// small judges a body that fits into the buffer, in place.
func (c *h1) small(t *try, n int) error {
	if c.br.Buffered() < n {
		t.lane.at(receiving, t.firstAt+t.zero)
	}
	body, err := c.br.Peek(n)
	t.op.Meter.Add(len(body))
	if err != nil {
		return c.broken(t, err, int64(len(body)), int64(n))
	}
	var digest []byte
	if t.r.digest != nil {
		t.sum = sha256.Sum256(body)
		digest = t.sum[:]
	}
	err = t.answered(c.head.status, int64(n), digest, body[:min(n, startSize)])
	_, _ = c.br.Discard(n)
	return c.ended(t, err)
}

// ended makes sure that nothing follows the answer.
func (c *h1) ended(t *try, err error) error {
	if c.br.Buffered() == 0 {
		return err
	}
	c.keep = false
	if err != nil {
		return err
	}
	return &reach.ProtocolError{Err: errors.New("bytes follow the answer that answer no request")}
}

// broken is the outcome of a body that breaks off.
func (c *h1) broken(t *try, err error, got, want int64) error {
	c.keep = false
	t.o.Received = unit.Bytes(got)
	if !t.r.expect.wants(t.o.Peer.Status) { // said is said, even if the rest is lost
		return &refusal{probes.Status, fmt.Errorf("%w, then broke off", refusedStatus(t.o.Peer.Status, t.again, ""))}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		of := ""
		if want >= 0 {
			of = fmt.Sprintf(" of %d", want)
		}
		return &refusal{probes.Short, fmt.Errorf("answered %d, and the connection ended after %d%s bytes of the body", t.o.Peer.Status, got, of)}
	}
	return fmt.Errorf("answered %d, but not to the end of the answer: %w", t.o.Peer.Status, err)
}

// stream judges a body piece by piece; want is its size, −1 if not known.
func (c *h1) stream(t *try, body io.Reader, want int64) error {
	d := newDigester(t.r.digest != nil)
	err := d.read(body, func(n int) {
		t.op.Meter.Add(n)
		t.lane.at(receiving, t.now()+t.zero)
	})
	if err == nil && want >= 0 && d.size < want {
		err = io.ErrUnexpectedEOF
	}
	var protocol *reach.ProtocolError
	switch {
	case errors.As(err, &protocol):
		return err
	case err != nil:
		return c.broken(t, err, d.size, want)
	}
	return c.ended(t, t.answered(t.o.Peer.Status, d.size, d.sum(), d.start))
}

// unusual leaves an answer's head that is not of the plain kind to the
// standard library: one in several pieces, chunked, interim, without a length,
// folded, doubled, or wrong.
func (c *h1) unusual(t *try) error {
	t.lane.at(receiving, t.firstAt+t.zero)
	for range maxInterim {
		resp, err := http.ReadResponse(c.br, &http.Request{Method: t.r.method})
		if err != nil {
			return headError(err)
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return &reach.ProtocolError{Err: errors.New("101 Switching Protocols was not asked for")}
		}
		if resp.StatusCode < 200 {
			t.lane.at(awaiting, t.now()+t.zero)
			if _, err := c.br.Peek(1); err != nil {
				return err
			}
			t.firstAt = t.now()
			continue
		}
		c.head.library(resp)
		c.met(t)
		err = c.stream(t, chunks{resp.Body}, resp.ContentLength)
		_ = resp.Body.Close()
		return err
	}
	return &reach.ProtocolError{Err: fmt.Errorf("more than %d interim answers", maxInterim)}
}

// chunks tells a chunked body that is malformed from one that breaks off.
type chunks struct{ io.Reader }

func (c chunks) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err != nil && (strings.Contains(err.Error(), "chunk") || strings.Contains(err.Error(), "trailer")) { // these errors have no types
		err = &reach.ProtocolError{Err: err}
	}
	return n, err
}

// headError tells a head that is not HTTP from a connection that broke.
func headError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	var network interface{ Timeout() bool }
	if errors.As(err, &network) {
		return err
	}
	return &reach.ProtocolError{Err: err}
}
