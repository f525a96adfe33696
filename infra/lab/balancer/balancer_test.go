package balancer

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab/fault"
	"loadline/infra/lab/origin"
	"loadline/infra/lab/pki"
)

// stage is an origin behind a balancer with faults.
type stage struct {
	o *origin.Origin
	b *Balancer
	c *http.Client
}

func newStage(t testing.TB, faults ...string) stage {
	t.Helper()
	o, err := origin.New(origin.Options{ID: "o1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Stop() })
	opt := Options{Backends: []string{o.URL()}}
	for _, line := range faults {
		f, err := fault.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		opt.Faults = append(opt.Faults, f)
	}
	return stage{o, startBalancer(t, opt), client(t, nil)}
}

func startBalancer(t testing.TB, opt Options) *Balancer {
	t.Helper()
	b, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop() })
	return b
}

func client(t testing.TB, ca *pki.CA) *http.Client {
	tr := &http.Transport{ForceAttemptHTTP2: true, ReadBufferSize: 256 << 10, WriteBufferSize: 256 << 10}
	if ca != nil {
		tr.TLSClientConfig = &tls.Config{RootCAs: ca.Pool()}
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

type reply struct {
	status  int
	header  http.Header
	body    []byte
	err     error
	elapsed time.Duration
}

func (s stage) do(t testing.TB, method, name string, body io.Reader) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.b.URL()+"/files/"+name, body)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	resp, err := s.c.Do(req)
	if err != nil {
		return reply{err: err, elapsed: time.Since(began)}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, b, err, time.Since(began)}
}

func random(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func TestPassesEverythingOn(t *testing.T) {
	s := newStage(t)
	for i, size := range []int{0, 1, 100_000, 5 << 20} {
		name, body := fmt.Sprint("obj-", i), random(byte(i), size)
		put := s.do(t, "PUT", name, bytes.NewReader(body))
		if put.status != 201 || put.header.Get("X-Backend") != "o1" || put.header.Values("Via")[0] != Via || len(put.header.Values("Via")) != 1 {
			t.Fatalf("PUT of %d: %+v", size, put)
		}
		get := s.do(t, "GET", name, nil)
		if get.status != 200 || !bytes.Equal(get.body, body) || get.header.Get("Via") != Via || get.header.Get("Content-Length") != fmt.Sprint(size) {
			t.Fatalf("GET of %d: status %d, %d bytes, %v, %v", size, get.status, len(get.body), get.err, get.header)
		}
		if r := s.o.Stats(name).Receipts; r != 1 {
			t.Errorf("%d receipts", r)
		}
	}
	if r := s.do(t, "PUT", "chunked", io.MultiReader(bytes.NewReader(random(9, 100_000)))); r.status != 201 || s.o.Stats("chunked").Size != 100_000 {
		t.Errorf("chunked: %+v", r)
	}
	if r := s.do(t, "DELETE", "obj-0", nil); r.status != 204 {
		t.Errorf("DELETE: %+v", r)
	}
	if r := s.do(t, "GET", "obj-0", nil); r.status != 404 {
		t.Errorf("GET after DELETE: %+v", r)
	}
	if tot := s.b.Totals(); tot.Requests != 11 || tot.Failed != 0 {
		t.Errorf("%+v", tot)
	}
}

// TestFaultsShowOnTheWire has one line per fault: "status bytes-as-sent
// receipts" of three uploads and downloads, sick and healthy.
func TestFaultsShowOnTheWire(t *testing.T) {
	const healthy = "201/1/whole 201/1/whole 201/1/whole"
	for line, sick := range map[string]string{
		"lose every=3":                                "201/1/whole 201/1/whole 201/0/404",
		"duplicate every=2":                           "201/1/whole 201/2/whole 201/1/whole",
		"corrupt on=upload every=2 at=70000":          "201/1/whole 201/1/differs 201/1/whole",
		"corrupt on=download every=2 at=70000":        "201/1/whole 201/1/differs 201/1/whole",
		"zero-tail on=upload every=3 size=4096":       "201/1/whole 201/1/whole 201/1/differs",
		"truncate on=upload every=3 size=1000":        "201/1/whole 201/1/whole 201/1/short",
		"truncate on=download every=3 size=1000":      "201/1/whole 201/1/whole 201/1/short",
		"cut on=download every=3 at=1MB":              "201/1/whole 201/1/whole 201/1/broken",
		"reset on=download every=3 at=1MB":            "201/1/whole 201/1/whole 201/1/broken",
		"no-length every=1":                           healthy,
		"cut on=upload every=3 at=1MB":                "201/1/whole 201/1/whole broken/0/404",
		"refuse on=upload every=3 status=504 store=1": "201/1/whole 201/1/whole 504/1/whole",
		"refuse on=download every=3 status=503":       "201/1/whole 201/1/whole 201/1/503",
	} {
		t.Run(line, func(t *testing.T) {
			if got := cycle(t, newStage(t, line)); got != sick {
				t.Errorf("got %s, want %s", got, sick)
			}
		})
	}
	if got := cycle(t, newStage(t)); got != healthy {
		t.Errorf("the healthy twin: %s", got)
	}
}

func cycle(t *testing.T, s stage) string {
	var seen []string
	for i := range 3 {
		name, body := fmt.Sprint("obj-", i), random(byte(i), 3_000_000)
		put := s.do(t, "PUT", name, bytes.NewReader(body))
		get := s.do(t, "GET", name, nil)
		answer := fmt.Sprint(put.status)
		if put.err != nil {
			answer = "broken"
		}
		var back string
		switch {
		case get.err != nil:
			back = "broken"
		case get.status != 200:
			back = fmt.Sprint(get.status)
		case bytes.Equal(get.body, body):
			back = "whole"
		case len(get.body) < len(body):
			back = "short"
		default:
			back = "differs"
		}
		seen = append(seen, fmt.Sprintf("%s/%d/%s", answer, s.o.Stats(name).Receipts, back))
	}
	return strings.Join(seen, " ")
}

func TestTimeFaults(t *testing.T) {
	for _, line := range []string{"slow on=upload delay=400ms", "rate on=upload rate=10MB/s"} {
		took := func(lines ...string) time.Duration {
			r := newStage(t, lines...).do(t, "PUT", "x", bytes.NewReader(random(1, 4_000_000)))
			if r.status != 201 {
				t.Fatalf("%s: %+v", line, r)
			}
			return r.elapsed
		}
		if sick, healthy := took(line), took(); sick < 390*time.Millisecond || sick > 3*time.Second || healthy > 300*time.Millisecond {
			t.Errorf("%s: sick %v, healthy %v", line, sick, healthy)
		}
	}
	s := newStage(t)
	s.b.Faults().Freeze(400 * time.Millisecond)
	if r := s.do(t, "PUT", "x", strings.NewReader("ahoy")); r.elapsed < 350*time.Millisecond || r.status != 201 {
		t.Errorf("frozen: %+v", r)
	}
}

func TestSilences(t *testing.T) {
	for _, line := range []string{"silent on=upload", "silent on=download", "stall on=download at=1000"} {
		s := newStage(t, line)
		s.c.Timeout = 400 * time.Millisecond
		put := s.do(t, "PUT", "x", bytes.NewReader(random(1, 100_000)))
		get := s.do(t, "GET", "x", nil)
		r := get
		if strings.Contains(line, "upload") {
			r = put
		}
		var timeout net.Error
		if !errors.As(r.err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: %+v", line, r)
		}
		if n := s.o.Stats("x").Receipts; n != 1 {
			t.Errorf("%s: %d receipts", line, n)
		}
	}
}

func TestEarlyAndRedirect(t *testing.T) {
	s := newStage(t, "early times=1 at=1000")
	if r := s.do(t, "PUT", "x", bytes.NewReader(random(1, 100_000))); r.status != 201 || s.o.Stats("x").Receipts != 0 {
		t.Errorf("early: %+v", r)
	}
	s = newStage(t, "redirect on=download")
	if r := s.do(t, "GET", "x", nil); r.status != 307 || r.header.Get("Location") != "/files/x" {
		t.Errorf("redirect: %+v", r)
	}
}

func TestResetIsAReset(t *testing.T) {
	s := newStage(t, "reset on=download at=1000")
	s.do(t, "PUT", "x", bytes.NewReader(random(1, 3_000_000)))
	if r := s.do(t, "GET", "x", nil); !errors.Is(r.err, syscall.ECONNRESET) {
		t.Errorf("%v", r.err)
	}
}

func TestBackendsInTurnOverTLS(t *testing.T) {
	ca, err := pki.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	var bases []string
	for i := range 3 {
		o, err := origin.New(origin.Options{ID: fmt.Sprint("o", i), CA: ca})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.Stop() })
		bases = append(bases, o.URL())
	}
	b := startBalancer(t, Options{Backends: bases, CA: ca})
	c, seen := client(t, ca), map[string]int{}
	for range 9 {
		resp, err := c.Get(b.URL() + "/bytes/10")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Proto != "HTTP/2.0" {
			t.Fatal(resp.Proto)
		}
		seen[resp.Header.Get("X-Backend")]++
	}
	if seen["o0"] != 3 || seen["o1"] != 3 || seen["o2"] != 3 {
		t.Errorf("%v", seen)
	}
}

func TestDeadBackendIs502(t *testing.T) {
	b := startBalancer(t, Options{Backends: []string{"http://127.0.0.1:1"}})
	resp, err := client(t, nil).Get(b.URL() + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 502 || b.Totals().Failed != 1 || resp.Header.Get("Via") != Via {
		t.Errorf("%d, %+v", resp.StatusCode, b.Totals())
	}
}

func TestBadOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"no backend":     {},
		"want http":      {Backends: []string{"localhost:80"}},
		"cannot have it": {Backends: []string{"http://x"}, Faults: []fault.Fault{{Kind: fault.Swap}}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// BenchmarkUpload measures the way through: client, balancer and origin share
// this machine's cores.
func BenchmarkUpload(b *testing.B) {
	const size = 256 << 20
	s := newStage(b)
	body := make([]byte, size)
	b.SetBytes(size)
	for b.Loop() {
		if r := s.do(b, "PUT", "x", bytes.NewReader(body)); r.status != 201 {
			b.Fatalf("%+v", r)
		}
	}
}
