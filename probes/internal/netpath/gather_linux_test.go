package netpath

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// TestExpectedBytesAreNeverHeldBack: a reader that was promised more than comes
// gets what did come, and soon.
func TestExpectedBytesAreNeverHeldBack(t *testing.T) {
	const fast, late, gap = 32 << 20, 10, 300 * time.Millisecond
	c := dial(t, &Dialer{}, listen(t, func(c net.Conn) {
		_, _ = c.Write(make([]byte, fast)) // fast, so that the reader waits for large pieces
		for range late {
			time.Sleep(gap)
			_, _ = c.Write([]byte{1}) // and then a byte now and then
		}
		_, _ = c.Read(make([]byte, 1)) // silent, but not gone
	}))
	c.Expect(1 << 30)
	block, got := make([]byte, large), 0
	began := time.Now()
	for got < fast+late {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := c.Read(block)
		if err != nil {
			t.Fatalf("%v after %d of %d bytes", err, got, fast+late)
		}
		got += n
	}
	if took := time.Since(began); took > 2*late*gap {
		t.Errorf("took %v, although the last byte was sent after %v", took, late*gap)
	}
	if mark := lowMark(t, c); mark != 1 {
		t.Errorf("the socket still waits for %d bytes", mark)
	}
}

// TestSmallReadsAreWokenForEveryByte: after a body, the head of the next
// answer may be short.
func TestSmallReadsAreWokenForEveryByte(t *testing.T) {
	const body, rounds = 32 << 20, 3
	c := dial(t, &Dialer{}, listen(t, func(c net.Conn) {
		for range rounds {
			_, _ = c.Read(make([]byte, 1))
			for range body / large {
				_, _ = c.Write(make([]byte, large))
				time.Sleep(300 * time.Microsecond) // so that the reader sleeps
			}
			_, _ = c.Read(make([]byte, 1))
			_, _ = c.Write([]byte{1})
		}
	}))
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	waited := 0
	for range rounds {
		_, _ = c.Write([]byte{1})
		c.Expect(body + large) // more than will come
		for got, block := 0, make([]byte, large); got < body; {
			n, err := c.Read(block)
			if got += n; err != nil {
				t.Fatal(got, err)
			}
			waited = max(waited, lowMark(t, c))
		}
		_, _ = c.Write([]byte{1})
		if n, err := c.Read(make([]byte, 16<<10)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if mark := lowMark(t, c); mark != 1 {
			t.Errorf("a small read waits for %d bytes", mark)
		}
	}
	if waited != gathered {
		t.Errorf("large reads of a fast flow waited for %d bytes, want %d", waited, gathered)
	}
}

// lowMark is how many bytes the kernel lets a reader sleep for.
func lowMark(t *testing.T, c *Conn) (mark int) {
	t.Helper()
	err := c.raw.Control(func(fd uintptr) { mark, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT) })
	if err != nil {
		t.Fatal(err)
	}
	return mark
}
