package peer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// block is the size of reads and writes of streams.
	block = 256 << 10
	// idleLimit is how long a connection may lie idle between two requests,
	// and stallLimit how long one may move no byte.
	idleLimit  = 10 * time.Minute
	stallLimit = 2 * time.Minute
)

// Server answers the connections of one listener.
type Server struct {
	listener net.Listener
	work     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // nil once closed
}

// Serve answers on a listener until Close. For TLS, hand it the listener of
// tls.NewListener.
func Serve(l net.Listener) *Server {
	s := &Server{listener: l, conns: map[net.Conn]bool{}}
	s.work.Go(s.accept)
	return s
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close stops listening, ends every connection and waits for them.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.work.Wait()
	return err
}

func (s *Server) accept() {
	for wait := time.Duration(0); ; {
		c, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, for instance; it may pass
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			time.Sleep(wait)
			continue
		}
		wait = 0
		if !s.keep(c) {
			_ = c.Close()
			return
		}
		s.work.Go(func() {
			defer s.drop(c)
			serve(c)
		})
	}
}

func (s *Server) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[c] = true
	return true
}

func (s *Server) drop(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// serve does what one connection asks until it ends.
func serve(c net.Conn) {
	x := &exchange{conn: c, br: bufio.NewReaderSize(c, MaxEcho+MaxLine)}
	for {
		_ = c.SetDeadline(time.Now().Add(idleLimit))
		line, err := x.br.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				x.refuse(errors.New("not a request of " + protocol))
			}
			return
		}
		r, err := parse(string(line))
		if err == nil {
			err = x.do(r)
		}
		if err != nil {
			x.refuse(err)
			return
		}
	}
}

// exchange is one connection with its memory.
type exchange struct {
	conn net.Conn
	br   *bufio.Reader
	buf  []byte
}

// refuse says what is wrong, if it is not the connection itself. What the
// client still sends is swallowed for a moment: closing on unread bytes would
// reset the connection and with it the reason.
func (x *exchange) refuse(err error) {
	var broken net.Error
	if errors.As(err, &broken) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return
	}
	_ = x.conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(x.conn, "no %v\n", err); err != nil {
		return
	}
	if half, ok := x.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, x.br)
	}
}

func (x *exchange) do(r Request) error {
	switch r.Verb {
	case Echo:
		return x.echo(int(r.Size))
	case Upload:
		return x.upload(r)
	}
	return x.download(r)
}

// echo gives back what it was sent, right or wrong: the client compares.
func (x *exchange) echo(n int) error {
	body, err := x.br.Peek(n)
	if err != nil {
		return err
	}
	x.buf = append(append(x.buf[:0], "ok\n"...), body...)
	_, _ = x.br.Discard(n)
	_, err = x.conn.Write(x.buf)
	return err
}

func (x *exchange) upload(r Request) error {
	x.room()
	s := NewStream(r.Seed)
	for done := int64(0); done < r.Size; {
		_ = x.conn.SetReadDeadline(time.Now().Add(stallLimit))
		n, err := x.br.Read(x.buf[:min(r.Size-done, block)])
		if wrong := s.Check(x.buf[:n]); wrong >= 0 {
			return fmt.Errorf("%s%d of %d", corrupt, done+int64(wrong), r.Size)
		}
		done += int64(n)
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(x.conn, "ok\n")
	return err
}

func (x *exchange) download(r Request) error {
	if _, err := io.WriteString(x.conn, "ok\n"); err != nil {
		return err
	}
	s := NewStream(r.Seed)
	for left := r.Size; left > 0; {
		_ = x.conn.SetWriteDeadline(time.Now().Add(stallLimit))
		n, err := x.conn.Write(s.Next(int(min(left, block))))
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}

func (x *exchange) room() {
	if cap(x.buf) < block {
		x.buf = make([]byte, block)
	}
	x.buf = x.buf[:block]
}
