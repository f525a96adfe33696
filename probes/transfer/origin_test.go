package transfer_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loadline/probes/probetest"
	"loadline/scenarios"
)

func TestMain(m *testing.M) { probetest.Main(m) }

// origin is a small store on real sockets: PUT, POST (forms too), GET with
// ranges, DELETE, and what a test wants to know of the requests it got.
type origin struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	stores  map[string]int
	seen    []*http.Request // without their bodies
	conns   map[string]bool
	// bend may answer a request itself; it returns false to leave it alone.
	bend func(w http.ResponseWriter, r *http.Request) bool
}

type flavour struct {
	tls, h2, h2c bool
	configure    func(*httptest.Server)
}

func newOrigin(t testing.TB, f flavour) *origin {
	t.Helper()
	o := &origin{objects: map[string][]byte{}, stores: map[string]int{}, conns: map[string]bool{}}
	o.Server = httptest.NewUnstartedServer(o)
	o.EnableHTTP2 = f.h2
	o.Config.Protocols = new(http.Protocols)
	o.Config.Protocols.SetHTTP1(true)
	o.Config.Protocols.SetHTTP2(f.h2)
	o.Config.Protocols.SetUnencryptedHTTP2(f.h2c)
	o.Config.ErrorLog = log.New(io.Discard, "", 0)
	if f.configure != nil {
		f.configure(o.Server)
	}
	if f.tls {
		o.StartTLS()
	} else {
		o.Start()
	}
	t.Cleanup(func() {
		o.CloseClientConnections()
		o.Close()
	})
	return o
}

// target is the origin as an arm's target.
func (o *origin) target(t testing.TB) scenarios.Target {
	target := scenarios.Target{URL: o.URL, HTTP: scenarios.Auto, Resolve: "once", Backend: "X-Backend"}
	if cert := o.Certificate(); cert != nil {
		target.TLS.CA = writePEM(t, cert)
	}
	return target
}

func writePEM(t testing.TB, cert *x509.Certificate) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.seen = append(o.seen, r)
	o.conns[r.RemoteAddr] = true
	bend := o.bend
	o.mu.Unlock()
	w.Header().Set("Server", "test-origin")
	w.Header().Set("Via", "1.1 test-hop")
	w.Header().Set("X-Backend", "b1")
	if bend != nil && bend(w, r) {
		return
	}
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch r.Method {
	case http.MethodPut, http.MethodPost:
		o.store(w, r, name)
	case http.MethodGet, http.MethodHead:
		o.serve(w, r, name)
	case http.MethodDelete:
		o.mu.Lock()
		defer o.mu.Unlock()
		if _, ok := o.objects[name]; !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		delete(o.objects, name)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (o *origin) store(w http.ResponseWriter, r *http.Request, name string) {
	var body []byte
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		file, head, ferr := r.FormFile("file")
		if ferr != nil {
			http.Error(w, ferr.Error(), http.StatusBadRequest)
			return
		}
		defer file.Close()
		name = head.Filename
		body, err = io.ReadAll(file)
	} else {
		body, err = io.ReadAll(r.Body)
	}
	if err != nil {
		return // the client is gone
	}
	o.put(name, body)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, "stored "+strconv.Itoa(len(body)))
}

func (o *origin) put(name string, body []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.objects[name] = body
	o.stores[name]++
}

func (o *origin) get(name string) ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, ok := o.objects[name]
	return body, ok
}

// stored are all objects, by name.
func (o *origin) stored() map[string][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.objects)
}

func (o *origin) serve(w http.ResponseWriter, r *http.Request, name string) {
	body, ok := o.get(name)
	if !ok {
		http.Error(w, "no such object", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(body)))
}

// requests counts the requests of a method so far.
func (o *origin) requests(method string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.seen {
		if r.Method == method {
			n++
		}
	}
	return n
}

func (o *origin) last() *http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[len(o.seen)-1]
}

func (o *origin) connections() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

// bending sets what answers from now on.
func (o *origin) bending(f func(w http.ResponseWriter, r *http.Request) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bend = f
}

// script is a server that handles every connection by hand, for answers that
// no HTTP library would give. It ends with the test.
func script(t testing.TB, handle func(c *net.TCPConn)) scenarios.Target {
	t.Helper()
	return scenarios.Target{URL: "http://" + probetest.Listen(t, handle), HTTP: scenarios.Auto, Resolve: "once"}
}

// frozen accepts and reads, and never answers.
func frozen(t *testing.T) scenarios.Target {
	return script(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
}
