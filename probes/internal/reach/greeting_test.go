package reach_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"loadline/probes/internal/reach"
)

// refusing is a connection whose peer no longer takes anything.
type refusing struct {
	net.Conn
	with error
}

func (r refusing) Write([]byte) (int, error) { return 0, r.with }

// TestGreeting plants a peer that speaks and then refuses to be written to; the
// write fails before anybody has read.
func TestGreeting(t *testing.T) {
	settings := []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		name  string
		says  []byte
		fails error
		http1 bool
	}{
		{"HTTP/1, broken pipe", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), syscall.EPIPE, true},
		{"HTTP/1, reset", []byte("HTTP/1.0 505\r\n\r\n"), syscall.ECONNRESET, true},
		{"HTTP/2, broken pipe", settings, syscall.EPIPE, false},
		{"silent, broken pipe", nil, syscall.EPIPE, false},
		{"cut off", []byte("HTTP"), syscall.EPIPE, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { _ = ours.Close() })
			g := reach.NewGreeting(refusing{ours, c.fails})
			go func() {
				_, _ = theirs.Write(c.says)
				_ = theirs.Close()
			}()
			read := make(chan []byte)
			go func() {
				time.Sleep(20 * time.Millisecond)
				all, _ := io.ReadAll(&oneByOne{g})
				read <- all
			}()
			_, failed := g.Write([]byte("PRI"))
			if !errors.Is(failed, c.fails) {
				t.Fatalf("write: %v", failed)
			}
			got := g.Explain(failed)
			var protocol *reach.ProtocolError
			if found := errors.As(got, &protocol) && errors.Is(got, reach.ErrHTTP1); found != c.http1 {
				t.Errorf("explained as %v, want HTTP/1: %v", got, c.http1)
			}
			if !c.http1 && !errors.Is(got, c.fails) {
				t.Errorf("explained as %v, want the failure itself", got)
			}
			if all := <-read; !bytes.Equal(all, c.says) {
				t.Errorf("read %q, want %q", all, c.says)
			}
		})
	}
}

// oneByOne reads a byte at a time: words may arrive in pieces.
type oneByOne struct{ r io.Reader }

func (o *oneByOne) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }
