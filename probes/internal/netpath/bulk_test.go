package netpath

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// large is the size of a block that takes the short way into the kernel.
const large = 1 << 20

func TestLargeBlocksArriveWhole(t *testing.T) {
	data := make([]byte, 9<<20+5)
	rand.NewChaCha8([32]byte{}).Read(data)
	c := dial(t, &Dialer{}, listen(t, func(c net.Conn) { _, _ = io.Copy(c, c) }))
	go func() {
		for rest := data; len(rest) > 0; {
			n, err := c.Write(rest[:min(len(rest), large)])
			if err != nil || n == 0 {
				t.Errorf("Write = %d, %v", n, err)
				break
			}
			rest = rest[n:]
		}
		_ = c.CloseWrite()
	}()
	var got []byte
	for block := make([]byte, large); ; {
		n, err := c.Read(block)
		got = append(got, block[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil || n == 0 {
			t.Fatalf("Read = %d, %v after %d bytes", n, err, len(got))
		}
	}
	if !bytes.Equal(got, data) || c.In() != int64(len(data)) || c.Out() != int64(len(data)) {
		t.Errorf("%d bytes came back, counted %d in and %d out; want the %d that were sent", len(got), c.In(), c.Out(), len(data))
	}
}

// TestLargeBlocksFailAsSmallOnes: nothing above can tell the two ways apart.
func TestLargeBlocksFailAsSmallOnes(t *testing.T) {
	reset := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
	}
	silent := func(c net.Conn) { time.Sleep(2 * time.Second) }
	read := func(c *Conn, p []byte) (int, error) { return c.Read(p) }
	write := func(c *Conn, p []byte) (int, error) {
		for {
			if _, err := c.Write(p); err != nil {
				return 0, err
			}
		}
	}
	for _, fail := range []struct {
		name  string
		serve func(net.Conn)
		ready func(*Conn)
		do    func(*Conn, []byte) (int, error)
		is    error
	}{
		{"read at the end", func(net.Conn) {}, nil, read, io.EOF},
		{"read after a reset", reset, func(c *Conn) { _, _ = c.Write([]byte{1}); time.Sleep(50 * time.Millisecond) }, read, syscall.ECONNRESET},
		{"read past the deadline", silent, func(c *Conn) { _ = c.SetReadDeadline(time.Now().Add(30 * time.Millisecond)) }, read, os.ErrDeadlineExceeded},
		{"read of a closed connection", silent, func(c *Conn) { _ = c.Close() }, read, net.ErrClosed},
		{"read while it is closed", silent, func(c *Conn) { time.AfterFunc(30*time.Millisecond, func() { _ = c.Close() }) }, read, net.ErrClosed},
		{"write past the deadline", silent, func(c *Conn) { _ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) }, write, os.ErrDeadlineExceeded},
		{"write to a closed connection", silent, func(c *Conn) { _ = c.Close() }, write, net.ErrClosed},
		{"write after CloseWrite", silent, func(c *Conn) { _ = c.CloseWrite() }, write, syscall.EPIPE},
	} {
		t.Run(fail.name, func(t *testing.T) {
			t.Parallel()
			var said [2]string
			for i, size := range []int{1 << 10, large} {
				c := dial(t, &Dialer{}, listen(t, fail.serve))
				if fail.ready != nil {
					fail.ready(c)
				}
				n, err := fail.do(c, make([]byte, size))
				if n != 0 || !errors.Is(err, fail.is) {
					t.Errorf("%d bytes: %d, %v; want %v", size, n, err, fail.is)
				}
				said[i] = strings.NewReplacer(c.Local().String(), "here", c.Target(), "there").Replace(err.Error())
			}
			if said[0] != said[1] {
				t.Errorf("a small block says %q, a large one %q", said[0], said[1])
			}
		})
	}
}

// TestResetLeavesWhatArrived: bytes that came before a reset are handed out,
// and the reset is told once they are. All of them fit into the first window.
func TestResetLeavesWhatArrived(t *testing.T) {
	for _, sent := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 100_000} {
		for _, size := range []int{1 << 10, large} {
			written := make(chan struct{})
			c := dial(t, &Dialer{}, listen(t, func(c net.Conn) {
				_, _ = c.Write(make([]byte, sent))
				close(written)
				time.Sleep(30 * time.Millisecond)
				_ = c.(*net.TCPConn).SetLinger(0)
			}))
			<-written
			time.Sleep(60 * time.Millisecond)
			got, block := 0, make([]byte, size)
			for {
				n, err := c.Read(block)
				got += n
				if err == nil {
					continue
				}
				if !errors.Is(err, syscall.ECONNRESET) || got != sent {
					t.Errorf("%d bytes sent, read in blocks of %d: %d bytes and %v", sent, size, got, err)
				}
				break
			}
		}
	}
}

// TestDeadlineLeavesWhatWasWritten: a write that is given up says how much of
// it the kernel has taken.
func TestDeadlineLeavesWhatWasWritten(t *testing.T) {
	c := dial(t, &Dialer{}, listen(t, func(c net.Conn) { time.Sleep(2 * time.Second) }))
	block := make([]byte, 64<<20)
	_ = c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	n, err := c.Write(block)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == len(block) || c.Out() != int64(n) {
		t.Errorf("Write = %d, %v, counted %d; want a part and the deadline", n, err, c.Out())
	}
}
