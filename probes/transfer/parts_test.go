package transfer

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"loadline/probes/internal/netpath/nametest"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

func TestNamesAreResolvedOncePerTrial(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	system := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = system })
	u, err := url.Parse("http://files.example.org:" + port)
	if err != nil {
		t.Fatal(err)
	}
	for _, connect := range [][]string{nil, {"a.example:" + port}, {"a.example:" + port, "b.example:" + port}} {
		var lookups atomic.Int64
		net.DefaultResolver = nametest.Server(t, func(int) []string { lookups.Add(1); return []string{"127.0.0.2"} })
		k, err := newLinker(scenarios.Target{HTTP: scenarios.Auto, Connect: connect}, u, "", time.Second, 1)
		if err != nil {
			t.Fatal(err)
		}
		names := int64(max(1, len(connect)))
		epoch := time.Now()
		for trial := range int64(2) {
			for range 4 {
				k.trial(epoch.Add(time.Duration(trial) * time.Second))
				conn, err := k.dialer(k.home).Dial(t.Context(), u.Host)
				if err != nil {
					t.Fatal(err)
				}
				_ = conn.Close()
			}
			if n, want := lookups.Load(), (trial+1)*names; n != want {
				t.Errorf("connect %v: %d lookups by the end of trial %d, want %d", connect, n, trial, want)
			}
		}
		if k.dialer("http://elsewhere:80") == k.dialer(k.home) {
			t.Error("a redirect's origin is dialled at the target's address")
		}
	}
}

// written is a conn that keeps its writes apart.
type written struct {
	net.Conn
	writes [][]byte
}

func (w *written) Write(p []byte) (int, error) {
	w.writes = append(w.writes, bytes.Clone(p))
	return len(p), nil
}

func TestWindowUpdatesAreCollected(t *testing.T) {
	update := func(n uint32) []byte {
		return binary.BigEndian.AppendUint32([]byte{0, 0, 4, windowUpdate, 0, 0, 0, 0, 1}, n)
	}
	data := []byte{0, 0, 1, 0, 0, 0, 0, 0, 1, 'x'}
	w := &written{}
	hold := &windowHold{Conn: w}
	put := func(p []byte) {
		t.Helper()
		if n, err := hold.Write(p); n != len(p) || err != nil {
			t.Fatalf("Write says %d, %v for %d bytes", n, err, len(p))
		}
	}
	put(update(1000))
	put(append(update(1000), update(1000)...))
	if len(w.writes) != 0 {
		t.Fatal("small updates went out one by one")
	}
	put(data)
	if len(w.writes) != 1 || len(w.writes[0]) != 3*updateFrame+len(data) || !bytes.HasSuffix(w.writes[0], data) {
		t.Fatalf("%v: want the held updates, then the frame", w.writes)
	}
	put(update(holdUpdates - 1))
	put(update(1))
	if len(w.writes) != 2 || len(w.writes[1]) != 2*updateFrame {
		t.Fatalf("%d writes: a window that is used up must be granted at once", len(w.writes))
	}
	put(append(update(1), data...))
	if len(w.writes) != 3 {
		t.Error("an update together with another frame was held")
	}
}

func TestCountAt(t *testing.T) {
	const document = `{"stored": {"count": 2}, "items": [{"n": 7}, [1, 3]], "half": 1.5, "less": -1, "word": "2"}`
	for path, want := range map[string]int{"stored.count": 2, "$.stored.count": 2, "items[0].n": 7, "items[1][1]": 3} {
		if got, err := countAt([]byte(document), path); got != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", path, got, err, want)
		}
	}
	for _, path := range []string{"", "$", "stored", "stored.none", "items[9]", "items[x]", "items[-1]", "items[0", "half", "less", "word", "a..b"} {
		if got, err := countAt([]byte(document), path); err == nil {
			t.Errorf("%s: %d, want an error", path, got)
		}
	}
	if _, err := countAt([]byte("<html>"), "n"); err == nil {
		t.Error("a page that is no JSON has a count")
	}
}

func TestDecodable(t *testing.T) {
	for accept, want := range map[string]bool{"gzip": true, "": true, "gzip, deflate": true, "gzip;q=0.5, identity": true, "br": false, "gzip, zstd": false, "br;q=0, gzip": true, "*": false} {
		if got := decodable(accept); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
}

// FuzzRange: what is read writes itself as something that is read the same,
// and always lies inside the object or says that it does not.
func FuzzRange(f *testing.F) {
	for _, s := range []string{"tail 1MiB", "0-1048575", "random 64KiB", "5-2", "tail -1B", "random 1e9B", "0-9223372036854775807"} {
		f.Add(s, int64(1<<20), uint64(7))
	}
	f.Fuzz(func(t *testing.T, text string, size int64, seed uint64) {
		var r, again Range
		if size < 0 || r.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, _ := r.MarshalText()
		if err := again.UnmarshalText(written); err != nil || again != r {
			t.Errorf("%q is written as %q, which reads as %+v (%v), want %+v", text, written, again, err, r)
		}
		off, n, fits := r.of(unit.Bytes(size), seed)
		if fits && (off < 0 || n <= 0 || off > size-n) {
			t.Errorf("%q of %d bytes: %d bytes from %d", text, size, n, off)
		}
	})
}

// TestPlacesCarryNoSecrets: what is kept of an address is where it leads.
func TestPlacesCarryNoSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.example/login":                      "https://a.example/login",
		"https://a.example/login?ticket=s#s":           "https://a.example/login?…",
		"https://me:s@a.example:8443/x/y;jsession=s?s": "https://a.example:8443/x/y;…",
		"//me@a.example/x@y":                           "//a.example/x@y",
		"/login#s":                                     "/login#…",
		"?s":                                           "?…",
		"https://a.example":                            "https://a.example",
		"":                                             "",
	} {
		if got := place(address); got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
}
