package health

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// processCPU is the processor time that this process has used.
func processCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machine is processor time of the whole machine, seconds since boot; zero
// where there is no /proc.
type machine struct{ busy, all float64 }

func readMachine() machine {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return machine{}
	}
	stat, err := fs.Stat()
	if err != nil {
		return machine{}
	}
	c := stat.CPUTotal
	busy := c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal
	return machine{busy: busy, all: busy + c.Idle + c.Iowait}
}

// since is the share of the machine that was in use after the earlier reading.
// The kernel's counts of idle and waiting time may step back a little.
func (m machine) since(earlier machine) float64 {
	if m.all <= earlier.all {
		return 0
	}
	return min(max((m.busy-earlier.busy)/(m.all-earlier.all), 0), 1)
}

// sockets counts this process's open sockets, 0 where there is no /proc.
func sockets() int {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// Local reports whether an address, with or without a port, is one of this
// machine's, so that target and generator share its cores.
func Local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}
