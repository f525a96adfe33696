package tcp_test

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"

	"loadline/probes/probetest"
	"loadline/probes/tcp"
	"loadline/probes/tcp/peer"
	"loadline/scenarios"
)

const (
	echoWork     = "kind: net.tcp\nmode: echo\n"
	uploadWork   = "kind: net.tcp\nmode: upload\nsize: 3MiB\n"
	downloadWork = "kind: net.tcp\nmode: download\nsize: 3MiB\n"
	connectWork  = "kind: net.tcp\nmode: connect\n"
	tlsWork      = "kind: net.tcp\nmode: tls\n"
)

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// clear starts a peer without TLS.
func clear(t testing.TB) scenarios.Target {
	t.Helper()
	s := peer.Serve(listen(t))
	t.Cleanup(func() { _ = s.Close() })
	return scenarios.Target{URL: "http://" + s.Addr().String()}
}

// secure starts a peer behind TLS, with the certificate of httptest.
func secure(t testing.TB) scenarios.Target {
	t.Helper()
	lender := httptest.NewTLSServer(nil)
	certificates := lender.TLS.Certificates
	lender.Close()
	s := peer.Serve(tls.NewListener(listen(t), &tls.Config{Certificates: certificates}))
	t.Cleanup(func() { _ = s.Close() })
	return scenarios.Target{URL: "https://" + s.Addr().String(), TLS: scenarios.TLS{Insecure: true}}
}

// accept starts a server that hands each connection to f and closes it then.
func accept(t testing.TB, f func(net.Conn)) scenarios.Target {
	t.Helper()
	return scenarios.Target{URL: "http://" + probetest.Listen(t, func(c *net.TCPConn) { f(c) })}
}

// frozen accepts, and never reads or answers.
func frozen(t *testing.T) scenarios.Target {
	t.Helper()
	over := make(chan struct{})
	target := accept(t, func(net.Conn) { <-over })
	t.Cleanup(func() { close(over) }) // runs before the target's own
	return target
}

func frozenTLS(t *testing.T) scenarios.Target {
	target := frozen(t)
	target.URL, target.TLS.Insecure = "https"+target.URL[len("http"):], true
	return target
}

// full is an address that takes no more connections: a listener that never
// accepts, with its backlog used up.
func full(t *testing.T) scenarios.Target {
	t.Helper()
	return scenarios.Target{URL: "http://" + fullListener(t)}
}

func TestConformance(t *testing.T) {
	clearTarget := func(t *testing.T) scenarios.Target { return clear(t) }
	secureTarget := func(t *testing.T) scenarios.Target { return secure(t) }
	for name, c := range map[string]struct {
		work            string
		healthy, frozen func(*testing.T) scenarios.Target
		moves           bool
	}{
		"connect":      {connectWork, clearTarget, full, false},
		"tls":          {tlsWork, secureTarget, frozenTLS, false},
		"echo":         {echoWork, clearTarget, frozen, true},
		"echo in TLS":  {echoWork, secureTarget, frozenTLS, true},
		"upload":       {uploadWork, clearTarget, frozen, true},
		"upload TLS":   {uploadWork, secureTarget, frozenTLS, true},
		"download":     {downloadWork, clearTarget, frozen, true},
		"download TLS": {downloadWork, secureTarget, frozenTLS, true},
		"fresh":        {downloadWork + "connections: fresh\n", clearTarget, frozen, true},
	} {
		t.Run(name, func(t *testing.T) {
			probetest.Run(t, probetest.Case{
				Probe: tcp.Probe{}, Work: c.work, Moves: c.moves, Healthy: c.healthy, Frozen: c.frozen,
				Bad: map[string]string{
					"kind: net.tcp\nmode: upload\n":              "size: is missing",
					"kind: net.tcp\nmode: connect\nsize: 1KiB\n": "moves no bytes",
					"kind: net.tcp\nmode: echo\nsize: 1MiB\n":    "too large to echo",
					"kind: net.tcp\nmode: shout\n":               "shout",
					connectWork + "connections: reuse\n":         "opens a connection for every op",
					"kind: net.tcp\nmode: download\nsize: 0B\n":  "size",
				},
			})
		})
	}
}
