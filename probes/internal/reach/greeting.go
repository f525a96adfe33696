package reach

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// greetingPatience is how long the first words of a peer are waited for that
// refuses to be written to. They were sent before it did.
const greetingPatience = time.Second

// ErrHTTP1 is a peer that was spoken to in HTTP/2 and answers in HTTP/1.
var ErrHTTP1 = errors.New("the peer speaks HTTP/1, not HTTP/2")

// Greeting is the connection below an HTTP/2 client that remembers how the
// peer began to speak. A server of HTTP/1 answers 400 and closes; where its
// reset overtakes that answer, a write fails first, and the client closes the
// connection without having read why.
type Greeting struct {
	net.Conn
	once  sync.Once
	heard chan struct{} // closed when the start was read, or cannot be
	start []byte        // of what the peer said, len(http1) bytes at most
	other bool          // it was HTTP/1; settled when heard is closed
}

const http1 = "HTTP/1."

// NewGreeting listens on a connection on which nothing was read yet.
func NewGreeting(conn net.Conn) *Greeting {
	return &Greeting{Conn: conn, heard: make(chan struct{})}
}

// NetConn is the layer below, as *tls.Conn has it.
func (g *Greeting) NetConn() net.Conn { return g.Conn }

// Read implements net.Conn, for one reader at a time.
func (g *Greeting) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if missing := len(http1) - len(g.start); missing > 0 {
		g.start = append(g.start, p[:min(n, missing)]...)
		if err != nil || len(g.start) == len(http1) {
			g.once.Do(func() {
				g.other = string(g.start) == http1
				close(g.heard)
			})
		}
	}
	return n, err
}

// Write implements net.Conn. A refusal is passed on only after the reader has
// heard the peer's first words, or has waited a second for them.
func (g *Greeting) Write(p []byte) (int, error) {
	n, err := g.Conn.Write(p)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		select {
		case <-g.heard:
		case <-time.After(greetingPatience):
		}
	}
	return n, err
}

// Explain is the reason behind the failure of an exchange: a ProtocolError of
// ErrHTTP1 where the peer speaks that, else the failure as it is.
func (g *Greeting) Explain(failed error) error {
	if failed == nil {
		return nil
	}
	select {
	case <-g.heard:
		if g.other {
			return &ProtocolError{ErrHTTP1}
		}
	default:
	}
	return failed
}
