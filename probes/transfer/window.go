package transfer

import (
	"encoding/binary"
	"net"
)

// windowHold is the conn below HTTP/2 that collects window updates. The
// library sends one for every read of a body, which costs a download a record
// and a system call per 8 to 16 KiB; peers are as well off with one per
// holdUpdates bytes, a fraction of the smallest window that they have.
type windowHold struct {
	net.Conn
	held    []byte // whole WINDOW_UPDATE frames
	granted int64  // bytes that they allow
}

const (
	holdUpdates  = h2MinWindow / 4
	updateFrame  = 9 + 4 // bytes
	windowUpdate = 0x8
)

// NetConn is the layer below, as *tls.Conn has it.
func (w *windowHold) NetConn() net.Conn { return w.Conn }

// Write holds frames back if they are window updates and nothing else. Frames
// of other kinds go out behind what was held. The library serializes writes.
func (w *windowHold) Write(p []byte) (int, error) {
	if granted, only := updates(p); only && w.granted+granted < holdUpdates {
		w.held = append(w.held, p...)
		w.granted += granted
		return len(p), nil
	}
	if len(w.held) == 0 {
		return w.Conn.Write(p)
	}
	held := len(w.held)
	n, err := w.Conn.Write(append(w.held, p...))
	w.held, w.granted = w.held[:0], 0
	return max(n-held, 0), err
}

// updates is how many bytes the window updates in p allow; only is false if
// there is anything else in it.
func updates(p []byte) (granted int64, only bool) {
	if len(p) == 0 || len(p)%updateFrame != 0 {
		return 0, false
	}
	for ; len(p) > 0; p = p[updateFrame:] {
		length := int(p[0])<<16 | int(p[1])<<8 | int(p[2])
		if length != updateFrame-9 || p[3] != windowUpdate {
			return 0, false
		}
		granted += int64(binary.BigEndian.Uint32(p[9:13]) & 0x7fffffff)
	}
	return granted, true
}
