//go:build unix

package transfer

import (
	"errors"
	"syscall"

	"loadline/probes/internal/netpath"
)

// pending looks at what waits in a socket without taking it.
func pending(c *netpath.Conn) socketState {
	raw, err := c.SyscallConn()
	if err != nil {
		return closedSocket
	}
	state := closedSocket
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			state = quietSocket
		case err == nil && n > 0:
			state = readableSocket
		}
		return true
	})
	if err != nil {
		return closedSocket
	}
	return state
}
