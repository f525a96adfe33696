package netpath

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestConnCounts(t *testing.T) {
	c := dial(t, &Dialer{}, listen(t, func(c net.Conn) { _, _ = io.Copy(c, io.LimitReader(c, 1000)) }))
	if !c.LastRead().IsZero() || !c.LastWrite().IsZero() {
		t.Error("a new connection has a last read or write")
	}
	before := time.Now()
	if n, err := c.Write(make([]byte, 1000)); n != 1000 || err != nil {
		t.Fatal(n, err)
	}
	if got, err := io.ReadAll(c); len(got) != 1000 || err != nil {
		t.Fatal(len(got), err)
	}
	if c.In() != 1000 || c.Out() != 1000 {
		t.Errorf("in %d, out %d; want 1000 each", c.In(), c.Out())
	}
	if c.LastRead().Before(before) || c.LastWrite().Before(before) || time.Since(c.LastRead()) < 0 {
		t.Errorf("last read %v, last write %v, started %v", c.LastRead(), c.LastWrite(), before)
	}
}

type onlyReader struct{ io.Reader }

func TestReadFromMovesAndCountsEverything(t *testing.T) {
	const size = 3<<20 + 17
	data := bytes.Repeat([]byte("loadline"), size/8+1)[:size]
	name := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	for _, c := range []struct {
		name   string
		source io.Reader
		want   int
	}{
		{"reader", onlyReader{bytes.NewReader(data)}, size},
		{"limited reader", io.LimitReader(onlyReader{bytes.NewReader(data)}, 1<<20), 1 << 20},
		{"file", open(), size},
		{"limited file", &io.LimitedReader{R: open(), N: 1<<20 + 1}, 1<<20 + 1},
		{"file shorter than its limit", &io.LimitedReader{R: open(), N: size + 1000}, size},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan []byte, 1)
			conn := dial(t, &Dialer{}, listen(t, func(c net.Conn) { b, _ := io.ReadAll(c); got <- b }))
			n, err := conn.ReadFrom(c.source)
			if n != int64(c.want) || err != nil || conn.Out() != n {
				t.Errorf("ReadFrom = %d, %v; counted %d; want %d", n, err, conn.Out(), c.want)
			}
			if l, ok := c.source.(*io.LimitedReader); ok && l.N != 0 && l.N != 1000 {
				t.Errorf("the limit was left at %d", l.N)
			}
			_ = conn.CloseWrite()
			if !bytes.Equal(<-got, data[:c.want]) {
				t.Error("other bytes arrived")
			}
		})
	}
}

func TestReadFromReportsTheSourcesError(t *testing.T) {
	c := dial(t, &Dialer{}, listen(t, discard))
	n, err := c.ReadFrom(io.MultiReader(bytes.NewReader(make([]byte, 10)), brokenReader{}))
	if n != 10 || err != io.ErrUnexpectedEOF {
		t.Errorf("ReadFrom = %d, %v", n, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestFromLooksBelowTLS(t *testing.T) {
	c := dial(t, &Dialer{}, listen(t, discard))
	for _, layer := range []net.Conn{c, tls.Client(c, &tls.Config{}), tls.Client(tls.Client(c, &tls.Config{}), &tls.Config{})} {
		if got, ok := From(layer); !ok || got != c {
			t.Errorf("From(%T) = %v, %v", layer, got, ok)
		}
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, ok := From(a); ok {
		t.Error("found a Conn below a pipe")
	}
	if _, ok := From(nil); ok {
		t.Error("found a Conn below nil")
	}
}
