package storm_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
)

const getWork = "kind: http.storm\ntargets:\n  - {path: /small}\n"

// small is 1 KiB that looks like text.
var small = func() []byte {
	b := make([]byte, 1024)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}()

// digestOfSmall is the SHA-256 of small, by sha256sum.
const digestOfSmall = "dba4a6315b76548b7a4dd079ef6aa29a7b34fa8b92c11668473441715c5f0af5"

// serve starts a server that answers with small, and echoes what is posted.
func serve(t testing.TB, change ...func(*httptest.Server)) scenarios.Target {
	t.Helper()
	return serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
			return
		}
		w.Header().Set("Server", "small")
		_, _ = w.Write(small)
	}, change...)
}

func serveWith(t testing.TB, h http.HandlerFunc, change ...func(*httptest.Server)) scenarios.Target {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	for _, f := range change {
		f(s)
	}
	if s.EnableHTTP2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return scenarios.Target{URL: s.URL, HTTP: scenarios.Auto, TLS: scenarios.TLS{Insecure: s.EnableHTTP2}}
}

func withHTTP2(s *httptest.Server) { s.EnableHTTP2 = true }

// frozen starts a server that accepts, reads and never answers.
func frozen(t *testing.T) scenarios.Target {
	t.Helper()
	return scenarios.Target{URL: "http://" + probetest.Listen(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })}
}

func TestConformance(t *testing.T) {
	for name, c := range map[string]struct {
		work   string
		target func(*testing.T) scenarios.Target
	}{
		"get":    {getWork, func(t *testing.T) scenarios.Target { return serve(t) }},
		"post":   {"kind: http.storm\ntargets:\n  - {method: POST, path: '/x?{name}', body: hello}\n", func(t *testing.T) scenarios.Target { return serve(t) }},
		"put":    {putWork, func(t *testing.T) scenarios.Target { return newStore(t).target }},
		"put h2": {putWork, func(t *testing.T) scenarios.Target { return newStore(t, withHTTP2).target }},
		"fresh":  {getWork + "connections: fresh\n", func(t *testing.T) scenarios.Target { return serve(t) }},
		"http2":  {getWork, func(t *testing.T) scenarios.Target { return serve(t, withHTTP2) }},
		"shared": {getWork + "connections: shared\n", func(t *testing.T) scenarios.Target { return serve(t, withHTTP2) }},
	} {
		t.Run(name, func(t *testing.T) {
			probetest.Run(t, probetest.Case{
				Probe: storm.Probe{}, Work: c.work, Moves: true, SameBody: true,
				Healthy: c.target, Frozen: frozen,
				Bad: map[string]string{
					"kind: http.storm\n":                             "targets: is missing",
					"kind: http.storm\ntargets: [{path: nowhere}]\n": "does not start with a slash",
				},
			})
		})
	}
}
