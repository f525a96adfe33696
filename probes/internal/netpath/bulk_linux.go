package netpath

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// bulk is the size from which a read or write takes the short way into the
// kernel. The runtime takes a processor away from a system call that lasts
// longer than 20 µs and hands it to another thread, which finds nothing to do;
// a large block lasts that long on every call although it never blocks, and at
// gigabytes per second the hand-overs cost a tenth of a transfer. The short way
// does not tell the runtime, which is harmless for a call that cannot block.
const bulk = 64 << 10

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

// readBulk and writeBulk are functions of their own because what they share
// with the kernel's turn is allocated, which a small read must not pay for.
func (c *Conn) readBulk(p []byte) (n int, err error) {
	var errno syscall.Errno
	waited := c.raw.Read(func(fd uintptr) bool {
		n, errno = gather(fd, p)
		return errno != syscall.EAGAIN
	})
	if n == 0 && errno == 0 && waited == nil {
		return 0, io.EOF
	}
	return n, c.broken("read", waited, errno)
}

// gather fills p with what is there, in pieces, and waits for nothing. The
// kernel acknowledges while the queue is short: emptied before any of it is
// looked at, a sender on the same machine is held up a tenth less than if it
// waits for each block to be worked on.
func gather(fd uintptr, p []byte) (n int, errno syscall.Errno) {
	for n < len(p) {
		piece := p[n:min(len(p), n+bulk)]
		m, errno := direct(syscall.SYS_READ, fd, piece)
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

func (c *Conn) writeBulk(p []byte) (n int, err error) {
	var errno syscall.Errno
	waited := c.raw.Write(func(fd uintptr) bool {
		for n < len(p) {
			m := 0
			if m, errno = direct(syscall.SYS_WRITE, fd, p[n:]); errno != 0 {
				return errno != syscall.EAGAIN
			}
			n += m
		}
		return true
	})
	return n, c.broken("write", waited, errno)
}

// direct reads or writes once on a socket that does not block.
func direct(call, fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
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
