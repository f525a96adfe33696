//go:build !linux

package netpath

import (
	"fmt"
	"syscall"
)

// Info returns ErrNotAvailable.
func (c *Conn) Info() (TCPInfo, error) { return TCPInfo{}, ErrNotAvailable }

func (c *Conn) readInfo() (TCPInfo, error) { return TCPInfo{}, ErrNotAvailable }

// Unacked returns ErrNotAvailable.
func (c *Conn) Unacked() (int64, error) { return 0, ErrNotAvailable }

// Unsent returns ErrNotAvailable.
func (c *Conn) Unsent() (int64, error) { return 0, ErrNotAvailable }

func (d *Dialer) setOptions(_, _ string, _ syscall.RawConn) error {
	if d.Congestion != "" || d.SendBuffer > 0 || d.ReceiveBuffer > 0 {
		return &optionError{"congestion control and socket buffers", "leave them unset, or run on Linux", ErrNotAvailable}
	}
	return nil
}

// CongestionControls returns ErrNotAvailable.
func CongestionControls() ([]string, error) {
	return nil, fmt.Errorf("netpath: congestion controls: %w", ErrNotAvailable)
}
