package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"loadline/probes/internal/reach"
)

const (
	// blockSize is the size of writes and reads of bodies. From here on writes
	// stop getting cheaper per byte on loopback and 25 GbE alike, and a block
	// that was read still lies in the cache when it is verified.
	blockSize = 256 << 10
	// headBuffer holds an answer's header; reads of a body that are larger go
	// past it, straight into the caller's block.
	headBuffer = 16 << 10
	maxHead    = 1 << 20
	maxInterim = 64
	// continuePatience is how long a body waits for 100 Continue before it is
	// sent unasked; curl's figure.
	continuePatience = time.Second
	// lastWords is how long an answer is looked for on a connection that
	// refuses to be written to: a server may answer 413 and then reset.
	lastWords = time.Second
)

// h1 is an HTTP/1.1 connection.
type h1 struct {
	conn net.Conn
	// below is what TLS writes to; nil in clear.
	below *batch
	in    *headLimit
	br    *bufio.Reader
	out   []byte // of blockSize at most
	used  bool
	dead  atomic.Bool
	keep  bool // what the last answer said
}

func newH1(conn net.Conn, below *batch) *h1 {
	in := &headLimit{r: conn, left: math.MaxInt64}
	return &h1{conn: conn, below: below, in: in, br: bufio.NewReaderSize(in, headBuffer), out: make([]byte, 0, 1<<10), keep: true}
}

// headLimit bounds what is read for one header.
type headLimit struct {
	r    io.Reader
	left int64
	err  error // the last
}

func (l *headLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errHead
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	l.err = err
	return n, err
}

func (c *h1) reusable() bool { return c.keep && !c.dead.Load() }

func (c *h1) silence(*answer) { c.abort() }

func (c *h1) abort() {
	c.dead.Store(true)
	_ = c.conn.SetDeadline(time.Unix(1, 0))
}

func (c *h1) close() {
	c.dead.Store(true)
	_ = c.conn.Close()
}

// complete implements wire: HTTP/1.1 has sent everything before it returns an
// answer, except where the answer is partial.
func (c *h1) complete(a *answer) error {
	if c.br.Buffered() > 0 {
		c.keep = false
		return &reach.ProtocolError{Err: errTrailing}
	}
	return nil
}

func (c *h1) exchange(ctx context.Context, r *request, p *progress) (*answer, error) {
	c.used = true
	head := c.head(c.out[:0], r)
	c.out = head[:cap(head)]
	p.at(sending)
	p.stamp(&p.sendAt)
	if r.body == nil {
		if _, err := c.conn.Write(head); err != nil {
			return c.lastAnswer(r.method, p, err)
		}
		p.stamp(&p.sentAt)
		p.at(awaiting)
		resp, err := c.read(r.method, p, nil)
		return c.answer(resp), err
	}

	head = c.room(head, r.body)
	reply := &reply{done: make(chan struct{}), goOn: make(chan struct{}, 1)}
	go c.listen(r.method, p, reply)
	err := c.send(ctx, r, head, p, reply)
	if err == nil {
		p.stamp(&p.sentAt)
		p.at(awaiting)
		<-reply.done
		if reply.stop.Load() { // a refusal of a whole request costs no connection
			_ = c.conn.SetWriteDeadline(time.Time{})
		}
		return c.answer(reply.resp), reply.err
	}
	c.keep = false
	c.awaitLastWords(reply)
	if reply.resp == nil {
		if reply.stop.Load() && (errors.Is(err, errAnswered) || errors.Is(err, os.ErrDeadlineExceeded)) {
			err = reply.err // the listener ended the sending because the connection was gone
		}
		return nil, err
	}
	a := c.answer(reply.resp)
	a.partial = true
	return a, nil
}

// write hands a block to the kernel at once, also through TLS.
func (c *h1) write(block []byte) (int, error) {
	if c.below == nil {
		return c.conn.Write(block)
	}
	return c.below.writeBlock(c.conn, block)
}

// room makes the write buffer large enough for the head and a block of body.
func (c *h1) room(head []byte, body *source) []byte {
	want := min(int64(len(head))+body.length()+int64(framing), blockSize)
	if int64(len(c.out)) < want {
		c.out = make([]byte, want)
		head = c.out[:copy(c.out, head)]
	}
	return head
}

// reply is what the listening half of an upload hears.
type reply struct {
	done chan struct{}
	goOn chan struct{} // 100 Continue
	resp *http.Response
	err  error
	stop atomic.Bool // a final answer that is no success: stop sending
}

// listen reads the answer while the body is still being sent, and ends the
// sending when the answer is a refusal.
func (c *h1) listen(method string, p *progress, r *reply) {
	defer close(r.done)
	r.resp, r.err = c.read(method, p, func() {
		select {
		case r.goOn <- struct{}{}:
		default:
		}
	})
	if r.err != nil || r.resp.StatusCode >= 300 {
		r.stop.Store(true)
		_ = c.conn.SetWriteDeadline(time.Unix(1, 0)) // a write may be blocked for good
	}
}

var errAnswered = errors.New("answered before the body was sent")

// send writes the head and the body. The head travels with the first block
// unless it has to be answered first.
func (c *h1) send(ctx context.Context, r *request, head []byte, p *progress, reply *reply) error {
	if r.expect {
		if _, err := c.conn.Write(head); err != nil {
			return err
		}
		if err := awaitContinue(ctx, p, reply); err != nil {
			return err
		}
		head = head[:0]
	}
	body := r.body.reader()
	for first := true; ; first = false {
		if reply.stop.Load() {
			return errAnswered
		}
		block, payload, last := c.block(head, body, r.body.chunked)
		head = c.out[:0]
		if len(block) == 0 {
			return nil
		}
		before := len(block) - payload
		if r.body.chunked && !first {
			before = 0 // framing is not body, but lies on both sides of it
		}
		n, err := c.write(block)
		p.sent(min(max(n-before, 0), payload))
		if err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

// framing is what a chunk and the last, empty one need around a block.
const framing = len("40000\r\n") + len("\r\n0\r\n\r\n")

// block fills the write buffer behind what head already holds and says how
// many bytes of it are body.
func (c *h1) block(head []byte, body io.Reader, chunked bool) (block []byte, payload int, last bool) {
	if !chunked {
		n := fill(body, c.out[len(head):])
		return c.out[:len(head)+n], n, len(head)+n < len(c.out)
	}
	room := len(c.out) - len(head) - framing
	at := len(head) + len("40000\r\n")
	n := fill(body, c.out[at:at+room])
	end := at + n
	if n > 0 {
		size := strconv.FormatInt(int64(n), 16)
		for len(size) < 5 {
			size = "0" + size // leading zeros are allowed and keep the body in its place
		}
		copy(c.out[len(head):], size+"\r\n")
		end += copy(c.out[end:], "\r\n")
	} else {
		end = len(head)
	}
	if last = n < room; last {
		end += copy(c.out[end:], "0\r\n\r\n")
	}
	return c.out[:end], n, last
}

func awaitContinue(ctx context.Context, p *progress, reply *reply) error {
	began := time.Now()
	defer func() { p.waits.Store(int64(time.Since(began))) }()
	patience := time.NewTimer(continuePatience)
	defer patience.Stop()
	select {
	case <-reply.goOn:
	case <-patience.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-reply.done:
		if reply.stop.Load() {
			return errAnswered
		}
	}
	return nil
}

// awaitLastWords lets the listener finish: at once if it has, else after the
// time in which an answer that was sent before a reset must have been read.
func (c *h1) awaitLastWords(r *reply) {
	select {
	case <-r.done:
		return
	case <-time.After(lastWords):
	}
	_ = c.conn.SetReadDeadline(time.Unix(1, 0))
	<-r.done
}

// lastAnswer looks for an answer that was sent before the connection refused
// the request's head.
func (c *h1) lastAnswer(method string, p *progress, err error) (*answer, error) {
	c.keep = false
	if c.dead.Load() {
		return nil, err
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lastWords))
	resp, rerr := c.read(method, p, nil)
	if rerr != nil {
		return nil, err
	}
	a := c.answer(resp)
	a.partial = true
	return a, nil
}

// read reads heads until a final one.
func (c *h1) read(method string, p *progress, goOn func()) (*http.Response, error) {
	for range maxInterim {
		c.in.left = maxHead
		if _, err := c.br.Peek(1); err != nil {
			return nil, err
		}
		first := p.now()
		resp, err := http.ReadResponse(c.br, &http.Request{Method: method})
		c.in.left = math.MaxInt64
		switch {
		case err != nil:
			return nil, c.headError(err)
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, &reach.ProtocolError{Err: errUpgrade}
		case resp.StatusCode >= 200:
			p.firstAt.Store(first)
			return resp, nil
		}
		p.heard.Add(1)
		if resp.StatusCode == http.StatusContinue && goOn != nil {
			goOn()
		}
	}
	return nil, &reach.ProtocolError{Err: errInterim}
}

// headError tells a connection that broke from a head that is not HTTP. The
// parser takes a line that was cut off for a malformed one.
func (c *h1) headError(err error) error {
	var broken net.Error
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, &broken):
		return err
	case c.in.err != nil && c.in.left > 0 && !strings.HasPrefix(err.Error(), "malformed HTTP"):
		return c.in.err
	case c.in.left <= 0:
		return &reach.ProtocolError{Err: errHead}
	}
	return &reach.ProtocolError{Err: err}
}

func (c *h1) answer(resp *http.Response) *answer {
	if resp == nil {
		return nil
	}
	c.keep = c.keep && !resp.Close
	return &answer{status: resp.StatusCode, proto: resp.Proto, header: resp.Header, length: resp.ContentLength, body: resp.Body}
}

// head appends the request line and the header.
func (c *h1) head(b []byte, r *request) []byte {
	b = append(b, r.method...)
	b = append(b, ' ')
	b = append(b, r.target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.host...)
	for _, f := range r.fields {
		b = append(b, "\r\n"...)
		b = append(b, f.name...)
		b = append(b, ": "...)
		b = append(b, f.value...)
	}
	switch {
	case r.body == nil:
	case r.body.chunked:
		b = append(b, "\r\nTransfer-Encoding: chunked"...)
	default:
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, r.body.length(), 10)
	}
	if r.expect {
		b = append(b, "\r\nExpect: 100-continue"...)
	}
	return append(b, "\r\n\r\n"...)
}
