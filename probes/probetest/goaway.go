package probetest

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// GoingAway speaks HTTP/2 in clear, answers so many requests on each connection
// with 200 and "ok", and ends it with GOAWAY at the next, as balancers do after
// keepalive_requests and when they are reloaded. What it had not taken it says
// so of; with taken it claims to have taken the request, and never answers.
// Taken counts the requests that it took.
type GoingAway struct {
	Address string
	Taken   atomic.Int64
}

// GoAway starts one that ends with the test.
func GoAway(t testing.TB, each int, taken bool) *GoingAway {
	g := &GoingAway{}
	g.Address = Listen(t, func(c *net.TCPConn) { g.serve(c, each, taken) })
	return g
}

func (g *GoingAway) serve(c net.Conn, each int, taken bool) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	last := uint32(0)
	for n := 0; ; {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		id, done := frame.Header().StreamID, frame.Header().Flags.Has(http2.FlagDataEndStream)
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				_ = f.WritePing(true, frame.Data)
			}
		case *http2.HeadersFrame:
			switch n++; {
			case n <= each:
				last = id
				g.Taken.Add(1)
			case n == each+1 && taken:
				_ = f.WriteGoAway(id, http2.ErrCodeNo, nil)
				return
			case n == each+1:
				_ = f.WriteGoAway(last, http2.ErrCodeNo, nil)
			}
		}
		if done && id != 0 && id <= last {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: success(), EndHeaders: true})
			_ = f.WriteData(id, true, []byte("ok"))
		}
	}
}

// success is the head of an answer; no connection's table is needed for it.
func success() []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"}) // a buffer never fails
	return b.Bytes()
}
