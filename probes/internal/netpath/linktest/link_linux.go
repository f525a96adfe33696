package linktest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// NearAddr and FarAddr are the addresses of the two sides, the same on every
// link: each lives in namespaces of its own.
var (
	NearAddr = netip.MustParseAddr("192.0.2.1")
	FarAddr  = netip.MustParseAddr("192.0.2.2")
)

// Link is two network namespaces and what joins them. It lasts as long as the
// test.
type Link struct {
	near, far *namespace
}

// Near runs f on a thread that is inside the near namespace. Sockets that f
// opens on its own goroutine belong there for life; goroutines that f starts do
// not.
func (l *Link) Near(f func()) { l.near.run(f) }

// Far is Near for the other side.
func (l *Link) Far(f func()) { l.far.run(f) }

// ReceiveBuffer is a configuration for Listen: connections get a receive buffer
// of n bytes (the kernel doubles it), which bounds what may be under way; 0
// leaves it to the kernel.
func ReceiveBuffer(n int) *net.ListenConfig {
	if n == 0 {
		return nil
	}
	return &net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		if cerr := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, n) }); cerr != nil {
			return cerr
		}
		return err
	}}
}

// Listen opens a TCP listener on the far side, closed with the test. configure
// may set options before listening; nil for none.
func (l *Link) Listen(t testing.TB, configure *net.ListenConfig) net.Listener {
	t.Helper()
	if configure == nil {
		configure = &net.ListenConfig{}
	}
	var ln net.Listener
	var err error
	l.Far(func() {
		ln, err = configure.Listen(context.Background(), "tcp4", netip.AddrPortFrom(FarAddr, 0).String())
	})
	if err != nil {
		t.Fatalf("linktest: listen on the far side: %v", err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// DialFunc is the shape of http.Transport.DialContext.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// FromNear makes dial run on the near side, whatever goroutine calls it. The
// address must be a literal: a lookup would leave the namespace.
func (l *Link) FromNear(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		l.Near(func() { c, err = dial(ctx, network, addr) })
		return c, err
	}
}

// namespace is an unnamed network namespace, held open by a descriptor.
type namespace struct{ file *os.File }

// newLink makes two namespaces with their loopback up.
func newLink(t testing.TB) *Link {
	t.Helper()
	l := &Link{near: newNamespace(t), far: newNamespace(t)}
	for _, ns := range []*namespace{l.near, l.far} {
		ns.must(t, func() error { return setFlags("lo", unix.IFF_UP) })
	}
	return l
}

func newNamespace(t testing.TB) *namespace {
	t.Helper()
	var ns *namespace
	err := onOwnThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		f, err := openNamespace()
		ns = &namespace{f}
		return err
	})
	if err != nil {
		unable(t, fmt.Sprintf("cannot make a network namespace: %v", err))
	}
	t.Cleanup(func() { _ = ns.file.Close() })
	return ns
}

func openNamespace() (*os.File, error) { return os.Open("/proc/thread-self/ns/net") }

// onOwnThread runs f on a thread whose namespace f may change; afterwards the
// thread is put back, or given up if that fails.
func onOwnThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := openNamespace()
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		err = f()
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread() // else the thread ends with the goroutine
		}
		done <- err
	}()
	return <-done
}

func (ns *namespace) run(f func()) {
	err := onOwnThread(func() error {
		if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		f()
		return nil
	})
	if err != nil {
		panic("linktest: enter the namespace: " + err.Error())
	}
}

// must runs a set-up step inside the namespace and ends the test if it fails.
func (ns *namespace) must(t testing.TB, f func() error) {
	t.Helper()
	var err error
	ns.run(func() { err = f() })
	if err != nil {
		t.Fatalf("linktest: set up the link: %v", err)
	}
}

// command runs a program inside the namespace it is called in.
func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// need ends the test if this machine cannot make links.
func need(t testing.TB, tools ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		unable(t, "making network namespaces needs root")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			unable(t, tool+" is not installed (Debian package iproute2)")
		}
	}
}

// unable skips, or fails where tests must not be skipped.
func unable(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("linktest: %s; under CI this test must not be skipped", why)
	}
	t.Skipf("linktest: skipped: %s", why)
}
