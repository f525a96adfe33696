package netpath

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a TCP connection that knows what passed through it. It is a net.Conn
// and safe for concurrent use like one.
type Conn struct {
	tcp    *net.TCPConn
	raw    syscall.RawConn
	id     uint64
	target string
	times  Times

	in, out             atomic.Int64 // bytes
	lastRead, lastWrite atomic.Int64 // age in nanoseconds; 0 for never
	reading, writing    stopwatch    // by age
	ackedAtOpen         int64        // the kernel counts the SYN as a byte
	writeClosed         atomic.Bool
	bulk                bulkCalls

	closing sync.Once
	final   atomic.Pointer[TCPInfo] // what the kernel knew last, from Close on
	closed  atomic.Bool
}

var (
	_ net.Conn      = (*Conn)(nil)
	_ io.ReaderFrom = (*Conn)(nil)
	_ syscall.Conn  = (*Conn)(nil)
)

// connIDs counts the connections of this process.
var connIDs atomic.Uint64

// Wrap makes a Conn of a connection that was not opened by a Dialer, an
// accepted one for example. Its times are those of the call.
func Wrap(tcp *net.TCPConn) *Conn {
	now := time.Now()
	return newConn(tcp, tcp.RemoteAddr().String(), Times{ConnectStart: now, ConnectEnd: now})
}

func newConn(tcp *net.TCPConn, target string, times Times) *Conn {
	c := &Conn{tcp: tcp, id: connIDs.Add(1), target: target, times: times}
	c.raw, _ = tcp.SyscallConn() // fails only for an invalid connection
	if info, err := c.Info(); err == nil {
		c.ackedAtOpen = info.BytesAcked
	}
	return c
}

// From finds the Conn below layers that can be unwrapped with NetConn, as
// *tls.Conn can. It takes httptrace.GotConnInfo.Conn.
func From(c net.Conn) (*Conn, bool) {
	for c != nil {
		if found, ok := c.(*Conn); ok {
			return found, true
		}
		layer, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil, false
		}
		c = layer.NetConn()
	}
	return nil, false
}

// ID numbers the connections of this process from 1.
func (c *Conn) ID() uint64 { return c.id }

// Target is the host:port that was dialed, as configured.
func (c *Conn) Target() string { return c.target }

// Times are the moments of opening.
func (c *Conn) Times() Times { return c.times }

// Peer is the address that the connection leads to.
func (c *Conn) Peer() netip.AddrPort { return addrPort(c.tcp.RemoteAddr()) }

// Local is this side's address.
func (c *Conn) Local() netip.AddrPort { return addrPort(c.tcp.LocalAddr()) }

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := tcp.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// In is the number of bytes read from the kernel so far.
func (c *Conn) In() int64 { return c.in.Load() }

// Out is the number of bytes handed to the kernel so far; Unacked of them have
// not reached the peer.
func (c *Conn) Out() int64 { return c.out.Load() }

// LastRead is when bytes were last read; the zero time if never.
func (c *Conn) LastRead() time.Time { return c.at(&c.lastRead) }

// LastWrite is when the kernel last took bytes; the zero time if never.
func (c *Conn) LastWrite() time.Time { return c.at(&c.lastWrite) }

func (c *Conn) at(mark *atomic.Int64) time.Time {
	d := mark.Load()
	if d == 0 {
		return time.Time{}
	}
	return c.times.ConnectEnd.Add(time.Duration(d))
}

// age is the time since the connection was opened, the clock of its marks.
func (c *Conn) age() time.Duration { return time.Since(c.times.ConnectEnd) }

// sent accounts for a call that handed n bytes to the kernel and began before.
func (c *Conn) sent(n int64) {
	now := c.age()
	c.writing.stop(now)
	if n > 0 {
		c.out.Add(n)
		c.lastWrite.Store(max(1, int64(now)))
	}
}

// Moved is the number of bytes that arrived here and that the peer has
// acknowledged. To detect a stall, compare it between two moments: it rises
// while one long Write is still under way, and it does not rise when the kernel
// merely buffers. Where the kernel cannot tell, it is what In and Out say.
func (c *Conn) Moved() (received, acked int64) {
	info, err := c.Info()
	if err != nil {
		return c.In(), c.Out()
	}
	acked = max(0, info.BytesAcked-c.ackedAtOpen)
	if c.writeClosed.Load() {
		acked = min(acked, c.Out()) // the kernel counts the FIN as a byte
	}
	return info.BytesReceived, acked
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.start(c.age())
	n, err := c.read(p)
	now := c.age()
	c.reading.stop(now)
	if n > 0 {
		c.in.Add(int64(n))
		c.lastRead.Store(max(1, int64(now)))
	}
	return n, err
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.start(c.age())
	n, err := c.write(p)
	c.sent(int64(n))
	return n, err
}

// copySize is the piece in which ReadFrom moves bytes: where larger writes stop
// being cheaper, and small enough to show progress.
const copySize = 256 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copySize]byte) }}

// ReadFrom implements io.ReaderFrom: net/http, which writes bodies in 32 KiB
// pieces otherwise, uses it. A file is handed to the kernel (sendfile), all
// else is copied in pieces of 256 KiB.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if file, ok := limited.R.(*os.File); ok {
			n, err := c.sendFile(file, limited.N)
			limited.N -= n
			return n, err
		}
	}
	if file, ok := r.(*os.File); ok {
		return c.sendFile(file, 1<<62)
	}
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	var total int64
	for {
		n, rerr := r.Read(buf[:])
		if n > 0 {
			m, werr := c.Write(buf[:n])
			total += int64(m)
			if werr != nil {
				return total, werr
			}
		}
		if rerr == io.EOF {
			return total, nil
		}
		if rerr != nil {
			return total, rerr
		}
	}
}

func (c *Conn) sendFile(file *os.File, most int64) (total int64, err error) {
	for total < most {
		piece := min(most-total, copySize)
		c.writing.start(c.age())
		n, err := c.tcp.ReadFrom(io.LimitReader(file, piece))
		c.sent(n)
		total += n
		if err != nil || n < piece {
			return total, err
		}
	}
	return total, nil
}

// Close implements net.Conn. What the kernel knew last stays available from
// Info.
func (c *Conn) Close() error {
	c.closing.Do(func() {
		if info, err := c.readInfo(); err == nil {
			c.final.Store(&info)
		}
		c.closed.Store(true)
	})
	return c.tcp.Close()
}

// Closed reports whether Close was called.
func (c *Conn) Closed() bool { return c.closed.Load() }

// CloseWrite tells the peer that nothing more will be sent.
func (c *Conn) CloseWrite() error {
	c.writeClosed.Store(true)
	return c.tcp.CloseWrite()
}

// SetLinger decides what Close does with unsent bytes, as net.TCPConn does: 0
// drops them and resets the connection.
func (c *Conn) SetLinger(seconds int) error { return c.tcp.SetLinger(seconds) }

// SetNoDelay turns the delay of small writes off (the default) or on.
func (c *Conn) SetNoDelay(off bool) error { return c.tcp.SetNoDelay(off) }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.tcp.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.tcp.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.tcp.SetWriteDeadline(t) }

// SyscallConn implements syscall.Conn. Bytes moved with it are not counted.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.tcp.SyscallConn() }
