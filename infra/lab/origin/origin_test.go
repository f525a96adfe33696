package origin

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/fault"
	"loadline/infra/lab/pki"
)

func start(t *testing.T, o Options, faults ...string) *Origin {
	t.Helper()
	for _, line := range faults {
		f, err := fault.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, f)
	}
	origin, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := origin.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { origin.Stop() })
	return origin
}

// client has connections of its own and follows no redirect.
func client(t *testing.T, o *Origin) *http.Client {
	t.Helper()
	tr := &http.Transport{ForceAttemptHTTP2: true, ReadBufferSize: 256 << 10, WriteBufferSize: 256 << 10}
	if o.opt.CA != nil {
		tr.TLSClientConfig = &tls.Config{RootCAs: o.opt.CA.Pool()}
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// reply is what one request got.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	length  int64
	err     error // of the request, or of reading the body
	elapsed time.Duration
}

func do(t *testing.T, c *http.Client, method, url string, body io.Reader, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	resp, err := c.Do(req)
	if err != nil {
		return reply{err: err, elapsed: time.Since(began)}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, b, resp.ContentLength, err, time.Since(began)}
}

func put(t *testing.T, c *http.Client, o *Origin, name string, body []byte) reply {
	t.Helper()
	return do(t, c, "PUT", o.URL()+"/files/"+name, bytes.NewReader(body))
}

func get(t *testing.T, c *http.Client, o *Origin, name string, headers ...string) reply {
	t.Helper()
	return do(t, c, "GET", o.URL()+"/files/"+name, nil, headers...)
}

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

func digest(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestStoresGivesBackAndWitnesses(t *testing.T) {
	ca, err := pki.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	for name, opt := range map[string]Options{
		"memory": {}, "disk": {Store: Disk}, "spill": {MemoryLimit: 3 << 20}, "tls": {CA: ca}, "tls, HTTP/1.1": {CA: ca, HTTP1Only: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := start(t, opt)
			c := client(t, o)
			for i, size := range []int{0, 1, 1000, extentSize - 1, extentSize, 5*extentSize + 77} {
				key, body := fmt.Sprintf("obj-%d", i), random(uint64(i), size)
				if r := put(t, c, o, key, body); r.status != 201 || r.err != nil || r.header.Get("X-Backend") != "origin" {
					t.Fatalf("PUT of %d: %+v", size, r)
				}
				if r := get(t, c, o, key); r.status != 200 || r.err != nil || !bytes.Equal(r.body, body) || r.length != int64(size) {
					t.Fatalf("GET of %d: status %d, %d bytes, length %d, error %v", size, r.status, len(r.body), r.length, r.err)
				}
				want := ObjectStats{Name: key, Receipts: 1, Received: 1, Stored: true, Size: int64(size), SHA256: digest(body)}
				var got ObjectStats
				if r := do(t, c, "GET", o.URL()+"/stats/"+key, nil); json.Unmarshal(r.body, &got) != nil || got != want {
					t.Errorf("stats %s, want %+v", r.body, want)
				}
			}
			if r := do(t, c, "DELETE", o.URL()+"/files/obj-2", nil); r.status != 204 {
				t.Errorf("DELETE: %+v", r)
			}
			if r := get(t, c, o, "obj-2"); r.status != 404 {
				t.Errorf("GET after DELETE: %+v", r)
			}
			if s := o.Stats("obj-2"); s.Receipts != 1 || s.Stored {
				t.Errorf("after DELETE: %+v", s)
			}
			if s := o.Stats("never-seen"); s != (ObjectStats{Name: "never-seen"}) {
				t.Errorf("a name never seen: %+v", s)
			}
			if tot := o.Totals(); tot.Receipts != 6 || tot.Connections < 1 || tot.BytesIn != tot.BytesOut || len(tot.Names) != 6 {
				t.Errorf("totals %+v", tot)
			}
		})
	}
}

func TestBodiesMayBeChunkedOrForms(t *testing.T) {
	o := start(t, Options{})
	c := client(t, o)
	body := random(1, 300_000)
	if r := do(t, c, "POST", o.URL()+"/files/chunked", io.MultiReader(bytes.NewReader(body))); r.status != 201 {
		t.Errorf("chunked: %+v", r)
	}
	var form bytes.Buffer
	mw := multipart.NewWriter(&form)
	mw.WriteField("title", "a field before the file")
	part, _ := mw.CreateFormFile("file", "data.bin")
	part.Write(body)
	mw.Close()
	if r := do(t, c, "POST", o.URL()+"/files/form", &form, "Content-Type", mw.FormDataContentType()); r.status != 201 {
		t.Errorf("form: %+v", r)
	}
	for _, name := range []string{"chunked", "form"} {
		if s := o.Stats(name); s.SHA256 != digest(body) {
			t.Errorf("%s stored as %+v", name, s)
		}
	}
	if r := do(t, c, "POST", o.URL()+"/files/empty-form", strings.NewReader("--x--"), "Content-Type", "multipart/form-data; boundary=x"); r.status != 400 {
		t.Errorf("a form without a file: %+v", r)
	}
}

func TestRangesHeadAndSmallBodies(t *testing.T) {
	o := start(t, Options{})
	c := client(t, o)
	body := random(2, 3*extentSize)
	put(t, c, o, "x", body)
	n := len(body)
	for rng, want := range map[string][]byte{
		"bytes=0-0": body[:1], "bytes=1048570-1048580": body[1048570:1048581], "bytes=-1000": body[n-1000:],
		"bytes=2000000-": body[2000000:], "bytes=0-999999999": body, "bytes=-999999999": body,
	} {
		r := get(t, c, o, "x", "Range", rng)
		if r.status != 206 || !bytes.Equal(r.body, want) || !strings.HasSuffix(r.header.Get("Content-Range"), fmt.Sprint("/", n)) {
			t.Errorf("%s: status %d, %d bytes, %s", rng, r.status, len(r.body), r.header.Get("Content-Range"))
		}
	}
	for _, rng := range []string{"bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=7"} {
		if r := get(t, c, o, "x", "Range", rng); r.status != 200 || len(r.body) != n {
			t.Errorf("%s: status %d, %d bytes", rng, r.status, len(r.body))
		}
	}
	if r := get(t, c, o, "x", "Range", "bytes=99999999-"); r.status != 416 {
		t.Errorf("a range past the end: %d", r.status)
	}
	if r := do(t, c, "HEAD", o.URL()+"/files/x", nil); r.status != 200 || r.length != int64(n) || len(r.body) != 0 || r.header.Get("ETag") == "" {
		t.Errorf("HEAD: %+v", r)
	}
	if r := do(t, c, "GET", o.URL()+"/bytes/1024", nil); len(r.body) != 1024 || r.length != 1024 {
		t.Errorf("/bytes: %+v", r)
	}
	if r := do(t, c, "POST", o.URL()+"/echo", strings.NewReader("ahoy")); string(r.body) != "ahoy" {
		t.Errorf("/echo: %+v", r)
	}
	if r := do(t, c, "POST", o.URL()+"/echo", bytes.NewReader(make([]byte, 2<<20))); r.status != 413 {
		t.Errorf("/echo of 2 MiB: %d", r.status)
	}
}

func TestCredentials(t *testing.T) {
	o := start(t, Options{Auth: Auth{User: "ada", Password: "p", Token: "tok"}})
	c := client(t, o)
	for _, x := range []struct {
		auth string
		want int
	}{{"", 401}, {"Bearer tok", 404}, {"Bearer no", 401}, {"Basic YWRhOnA=", 404}, {"Basic YWRhOng=", 401}} {
		if r := get(t, c, o, "x", "Authorization", x.auth); r.status != x.want {
			t.Errorf("%q: %d, want %d", x.auth, r.status, x.want)
		}
	}
	if r := do(t, c, "GET", o.URL()+"/stats", nil); r.status != 200 {
		t.Errorf("the witness asks for credentials: %d", r.status)
	}
}

func TestClientCertificates(t *testing.T) {
	ca, err := pki.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	o := start(t, Options{CA: ca, ClientCert: true})
	if r := get(t, client(t, o), o, "x"); r.err == nil {
		t.Errorf("a client without a certificate got %d", r.status)
	}
	pair, err := ca.Client("depositor")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, o)
	c.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{cert}
	if r := get(t, c, o, "x"); r.status != 404 {
		t.Errorf("a client with a certificate: %+v", r)
	}
}

func TestProtocols(t *testing.T) {
	ca, err := pki.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		opt  Options
		h2c  bool
		want string
	}{{Options{}, false, "HTTP/1.1"}, {Options{}, true, "HTTP/2.0"}, {Options{CA: ca}, false, "HTTP/2.0"}, {Options{CA: ca, HTTP1Only: true}, false, "HTTP/1.1"}} {
		o := start(t, x.opt)
		c := client(t, o)
		if x.h2c {
			var p http.Protocols
			p.SetUnencryptedHTTP2(true)
			c.Transport.(*http.Transport).Protocols = &p
		}
		resp, err := c.Get(o.URL() + "/bytes/10")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Proto != x.want {
			t.Errorf("%+v h2c=%v: %s, want %s", x.opt, x.h2c, resp.Proto, x.want)
		}
	}
}

func TestStoresThatKeepNoBody(t *testing.T) {
	body := random(3, 100_000)
	for store, want := range map[Store]string{Discard: digest(body), Sink: ""} {
		o := start(t, Options{Store: store})
		c := client(t, o)
		put(t, c, o, "x", body)
		if s := o.Stats("x"); s.Size != 100_000 || s.Receipts != 1 || s.SHA256 != want {
			t.Errorf("%s: %+v", store, s)
		}
		if r := get(t, c, o, "x"); r.status != 404 {
			t.Errorf("%s gave %d bytes back", store, len(r.body))
		}
	}
}

func TestASinkBesideTheStore(t *testing.T) {
	o := start(t, Options{})
	c := client(t, o)
	if r := do(t, c, "PUT", o.URL()+"/sink/x", bytes.NewReader(make([]byte, 3<<20))); r.status != 201 {
		t.Errorf("%+v", r)
	}
	if s := o.Stats("x"); s.Receipts != 1 || s.Size != 3<<20 || o.arena.used != 0 {
		t.Errorf("%+v, %d bytes kept", s, o.arena.used)
	}
}

func TestOriginsMayShareTheirObjects(t *testing.T) {
	a := start(t, Options{ID: "a"})
	b := start(t, Options{ID: "b", Shares: a})
	c := client(t, a)
	put(t, c, a, "x", []byte("ahoy"))
	if r := get(t, c, b, "x"); string(r.body) != "ahoy" || r.header.Get("X-Backend") != "b" {
		t.Errorf("%+v", r)
	}
	if a.Totals().Requests != 1 || b.Totals().Requests != 1 || b.Stats("x").Receipts != 1 {
		t.Errorf("%+v %+v", a.Totals(), b.Totals())
	}
	b.Stop()
	if r := get(t, c, a, "x"); string(r.body) != "ahoy" {
		t.Errorf("after the sharer has stopped: %+v", r)
	}
}

func TestAHalfUploadIsNotStored(t *testing.T) {
	o := start(t, Options{})
	c := client(t, o)
	r := do(t, c, "PUT", o.URL()+"/files/half", io.MultiReader(bytes.NewReader(make([]byte, 100_000)), failing{}))
	if r.err == nil {
		t.Fatalf("the broken upload got %d", r.status)
	}
	for range 100 {
		if o.Totals().Broken == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if tot := o.Totals(); tot.Broken != 1 || tot.Receipts != 0 {
		t.Errorf("totals %+v", tot)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the client gives up") }

func TestMemoryReturnsAndNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	o := start(t, Options{MemoryLimit: 4 << 20, Dir: dir})
	c := client(t, o)
	for i := range 20 {
		put(t, c, o, "same", random(uint64(i), 8<<20))
		put(t, c, o, "small", random(uint64(i), 100))
	}
	if o.arena.end > 32<<20 {
		t.Errorf("the file grew to %d MiB for three live generations of 8 MiB", o.arena.end>>20)
	}
	do(t, c, "DELETE", o.URL()+"/files/same", nil)
	do(t, c, "DELETE", o.URL()+"/files/small", nil)
	if o.arena.used != 0 {
		t.Errorf("%d bytes still counted as used", o.arena.used)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("files in the directory: %v", left)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}

func TestBadOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"no store":           {Store: "tape"},
		"client certificate": {ClientCert: true},
		"no such kind":       {Faults: []fault.Fault{{Kind: "melt"}}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}
