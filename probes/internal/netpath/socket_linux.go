package netpath

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Info reads the kernel's view of the connection; after Close it is the last
// one.
func (c *Conn) Info() (TCPInfo, error) {
	if final := c.final.Load(); final != nil {
		return *final, nil
	}
	info, err := c.readInfo()
	if final := c.final.Load(); err != nil && final != nil {
		return *final, nil // closed in between
	}
	return info, err
}

func (c *Conn) readInfo() (TCPInfo, error) {
	var raw *unix.TCPInfo
	var congestion string
	err := c.control(func(fd int) (err error) {
		if raw, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err != nil {
			return err
		}
		congestion, err = unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		return err
	})
	if err != nil {
		return TCPInfo{}, fmt.Errorf("netpath: TCP_INFO of the connection to %s: %w", c.target, err)
	}
	info := translate(raw)
	info.At = time.Now()
	age := info.At.Sub(c.times.ConnectEnd)
	info.InRead, info.InWrite = c.reading.read(age), c.writing.read(age)
	info.Congestion = strings.TrimRight(congestion, "\x00")
	return info, nil
}

func translate(raw *unix.TCPInfo) TCPInfo {
	micro := func(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }
	// Bytes 6 and 7 are bit fields that unix.TCPInfo leaves to padding:
	// snd_wscale:4, rcv_wscale:4, delivery_rate_app_limited:1, …; the first of
	// a byte lies lowest on little-endian machines and highest on the others.
	bits := (*[8]byte)(unsafe.Pointer(raw))
	scales, limited := bits[6], bits[7]&1 != 0
	sendScale, receiveScale := scales&15, scales>>4
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 {
		limited, sendScale, receiveScale = bits[7]&0x80 != 0, scales>>4, scales&15
	}
	return TCPInfo{
		State:            raw.State,
		RTT:              micro(raw.Rtt),
		RTTVar:           micro(raw.Rttvar),
		MinRTT:           minRTT(raw.Min_rtt),
		ReceiveRTT:       micro(raw.Rcv_rtt),
		RTO:              micro(raw.Rto),
		SendMSS:          int64(raw.Snd_mss),
		ReceiveMSS:       int64(raw.Rcv_mss),
		CongestionWindow: int64(raw.Snd_cwnd),
		SlowStart:        int64(raw.Snd_ssthresh),
		SendWindow:       int64(raw.Snd_wnd),
		ReceiveWindow:    int64(raw.Rcv_wnd),
		SendScale:        sendScale,
		ReceiveScale:     receiveScale,
		Unacked:          int64(raw.Unacked),
		Lost:             int64(raw.Lost),
		Sacked:           int64(raw.Sacked),
		NotSent:          int64(raw.Notsent_bytes),
		BytesSent:        int64(raw.Bytes_sent),
		BytesAcked:       int64(raw.Bytes_acked),
		BytesReceived:    int64(raw.Bytes_received),
		BytesRetrans:     int64(raw.Bytes_retrans),
		Retransmits:      int64(raw.Total_retrans),
		SegmentsSent:     int64(raw.Segs_out),
		SegmentsGot:      int64(raw.Segs_in),
		Duplicates:       int64(raw.Dsack_dups),
		ReorderingEvents: int64(raw.Reord_seen),
		DeliveryRate:     int64(raw.Delivery_rate),
		AppLimited:       limited,
		PacingRate:       rate(raw.Pacing_rate),
		Busy:             time.Duration(raw.Busy_time) * time.Microsecond,
		RwndLimited:      time.Duration(raw.Rwnd_limited) * time.Microsecond,
		SndbufLimited:    time.Duration(raw.Sndbuf_limited) * time.Microsecond,
	}
}

// minRTT: the kernel starts with all bits set, meaning none yet.
func minRTT(n uint32) time.Duration {
	if n == 1<<32-1 {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}

// rate: all bits set mean no limit.
func rate(n uint64) int64 { return int64(min(n, 1<<63-1)) }

// Unacked is the number of bytes handed to the kernel that the peer has not
// acknowledged (SIOCOUTQ), sent or not. 0 after Close.
func (c *Conn) Unacked() (int64, error) { return c.queue("SIOCOUTQ", unix.SIOCOUTQ) }

// Unsent is the part of Unacked that has not left this machine (SIOCOUTQNSD).
func (c *Conn) Unsent() (int64, error) { return c.queue("SIOCOUTQNSD", unix.SIOCOUTQNSD) }

func (c *Conn) queue(name string, request uint) (int64, error) {
	if c.Closed() {
		return 0, nil
	}
	var n int
	err := c.control(func(fd int) (err error) {
		n, err = unix.IoctlGetInt(fd, request)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("netpath: %s of the connection to %s: %w", name, c.target, err)
	}
	return int64(n), nil
}

func (c *Conn) control(f func(fd int) error) error {
	var inner error
	if err := c.raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// setOptions runs between socket and connect, so that buffers take part in the
// negotiation of the window scale.
func (d *Dialer) setOptions(_, _ string, raw syscall.RawConn) error {
	var failed *optionError
	err := raw.Control(func(fd uintptr) {
		if d.Congestion != "" {
			if err := unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, d.Congestion); err != nil {
				failed = &optionError{"congestion control " + d.Congestion, congestionRemedy(), err}
				return
			}
		}
		for option, n := range map[int]int{unix.SO_SNDBUF: d.SendBuffer, unix.SO_RCVBUF: d.ReceiveBuffer} {
			if n <= 0 {
				continue
			}
			if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, n); err != nil {
				failed = &optionError{fmt.Sprintf("socket buffer of %d bytes", n), "give a size the kernel accepts", err}
			}
		}
	})
	if err == nil && failed != nil {
		return failed
	}
	return err
}

// CongestionControls lists the TCP congestion controls that this kernel offers.
func CongestionControls() ([]string, error) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	if err != nil {
		return nil, fmt.Errorf("netpath: congestion controls: %w", err)
	}
	return strings.Fields(string(text)), nil
}

func congestionRemedy() string {
	list, err := CongestionControls()
	if err != nil {
		return "name one that this kernel offers"
	}
	return "this kernel offers " + strings.Join(list, ", ")
}
