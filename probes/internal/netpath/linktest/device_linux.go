package linktest

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// configure runs one interface ioctl on a socket of the current namespace.
func configure(name string, request uint, fill func(*unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := fill(ifr); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, request, ifr); err != nil {
		return fmt.Errorf("interface %s: request %#x: %w", name, request, err)
	}
	return nil
}

func setFlags(name string, flags uint16) error {
	return configure(name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(flags); return nil })
}

// setAddr gives the interface an address in a network of four and brings it up.
func setAddr(name string, addr netip.Addr) error {
	for _, step := range []struct {
		request uint
		addr    netip.Addr
	}{
		{unix.SIOCSIFADDR, addr},
		{unix.SIOCSIFNETMASK, netip.MustParseAddr("255.255.255.252")},
	} {
		four := step.addr.As4()
		if err := configure(name, step.request, func(r *unix.Ifreq) error { return r.SetInet4Addr(four[:]) }); err != nil {
			return err
		}
	}
	return setFlags(name, unix.IFF_UP|unix.IFF_RUNNING)
}

// openTUN makes a TUN device in the current namespace. Reads and writes are
// whole IP packets.
func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("TUN device %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil // non-blocking, so that Close ends a Read
}
