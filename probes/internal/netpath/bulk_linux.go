package netpath

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bulk is the size from which a read or write takes the short way into the
// kernel. The runtime takes a processor away from a system call that lasts
// longer than 20 µs and hands it to another thread, which finds nothing to do;
// a large block lasts that long on every call although it never blocks, and at
// gigabytes per second the hand-overs cost a tenth of a transfer. The short way
// does not tell the runtime, which is harmless for a call that cannot block.
const bulk = 64 << 10

// gatherPiece is how much is taken from a socket at a time. The kernel tells the
// sender of new room once per call: half of it costs a twentieth of the rate on
// loopback in calls, twice as much a fifth in waiting.
const gatherPiece = 128 << 10

func (c *Conn) read(p []byte) (int, error) {
	if len(p) < bulk {
		return c.tcp.Read(p)
	}
	return c.readBulk(p)
}

func (c *Conn) write(p []byte) (int, error) {
	if len(p) < bulk {
		return c.tcp.Write(p)
	}
	return c.writeBulk(p)
}

// bulkCall is what a read or write shares with the kernel's turn. It is kept
// with the connection, because what a closure shares is allocated anew.
type bulkCall struct {
	mu    sync.Mutex
	p     []byte
	n     int
	errno syscall.Errno
	turn  func(fd uintptr) bool
}

// bulkCalls are those of a connection: one read and one write at a time.
type bulkCalls struct{ read, write bulkCall }

func (c *Conn) readBulk(p []byte) (int, error) {
	b := &c.bulk.read
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turn == nil {
		b.turn = func(fd uintptr) bool {
			b.n, b.errno = gather(fd, b.p)
			return b.errno != syscall.EAGAIN
		}
	}
	b.p, b.n, b.errno = p, 0, 0
	waited := c.raw.Read(b.turn)
	b.p = nil
	if b.n == 0 && b.errno == 0 && waited == nil {
		return 0, io.EOF
	}
	return b.n, c.broken("read", waited, b.errno)
}

// gather fills p with what is there, in pieces, and waits for nothing. The
// kernel acknowledges while the queue is short: emptied before any of it is
// looked at, a sender on the same machine is held up a tenth less than if it
// waits for each block to be worked on.
func gather(fd uintptr, p []byte) (n int, errno syscall.Errno) {
	for n < len(p) {
		piece := p[n:min(len(p), n+gatherPiece)]
		m, errno := direct(unix.SYS_RECVFROM, fd, piece)
		n += m
		switch {
		case errno == syscall.EAGAIN && n > 0:
			return n, 0
		case errno != 0:
			return n, errno // told once: the next read would find the end instead
		case m < len(piece):
			return n, 0
		}
	}
	return n, 0
}

func (c *Conn) writeBulk(p []byte) (int, error) {
	b := &c.bulk.write
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turn == nil {
		b.turn = func(fd uintptr) bool {
			for b.n < len(b.p) {
				m := 0
				if m, b.errno = direct(unix.SYS_SENDTO, fd, b.p[b.n:]); b.errno != 0 {
					return b.errno != syscall.EAGAIN
				}
				b.n += m
			}
			return true
		}
	}
	b.p, b.n, b.errno = p, 0, 0
	waited := c.raw.Write(b.turn)
	b.p = nil
	return b.n, c.broken("write", waited, b.errno)
}

// direct receives or sends once on a socket that does not block. These calls
// go past the layer of files, which is 3 % of a download.
func direct(call, fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// broken is the error of package net for a call that failed in waiting or in
// the kernel, nil for one that did not.
func (c *Conn) broken(op string, waited error, errno syscall.Errno) error {
	var known *net.OpError
	switch {
	case errors.As(waited, &known):
		waited = known.Err
	case waited == nil && errno != 0:
		waited = os.NewSyscallError(op, errno)
	case waited == nil:
		return nil
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: waited}
}
