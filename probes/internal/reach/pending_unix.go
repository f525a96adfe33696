//go:build unix

package reach

import (
	"errors"
	"syscall"

	"loadline/probes/internal/netpath"
)

// pending looks at what waits in a socket without taking it.
func pending(c *netpath.Conn) waiting {
	raw, err := c.SyscallConn()
	if err != nil {
		return closed
	}
	state := closed
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			state = quiet
		case err == nil && n > 0:
			state = readable
		}
	})
	if err != nil {
		return closed
	}
	return state
}
