package netpath

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"loadline/probes/internal/netpath/nametest"
)

// listen accepts connections on loopback and hands each to serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, ln, serve)
	return ln.Addr().String()
}

// accept serves ln until the test ends, and waits for what it started.
func accept(t *testing.T, ln net.Listener, serve func(net.Conn)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			wg.Go(func() { serve(c); _ = c.Close() })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

func discard(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func dial(t *testing.T, d *Dialer, addr string) *Conn {
	t.Helper()
	c, err := d.Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestConnectReplacesTheAddressAndRotates(t *testing.T) {
	a, b := listen(t, discard), listen(t, discard)
	d := &Dialer{Connect: []string{a, b}}
	for i, want := range []string{a, b, a, b} {
		c := dial(t, d, "files.example.org:443")
		if got := c.Peer().String(); got != want || c.Target() != want {
			t.Errorf("connection %d leads to %s (target %s), want %s", i, got, c.Target(), want)
		}
		if tm := c.Times(); !tm.ResolveStart.IsZero() || tm.Connect() <= 0 || tm.Resolve() != 0 {
			t.Errorf("times of a literal address: %+v", tm)
		}
		if !c.Local().IsValid() || c.ID() == 0 {
			t.Errorf("local address %v, id %d", c.Local(), c.ID())
		}
	}
}

// everywhere is the port of a server that every 127.x.y.z reaches.
func everywhere(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, ln, discard)
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

func TestResolvePolicies(t *testing.T) {
	port := everywhere(t)
	moving := func(query int) []string {
		if query%2 == 0 {
			return []string{"127.0.0.2", "127.0.0.3"}
		}
		return []string{"127.0.0.4"}
	}
	turning := func(query int) []string { // as name servers do
		three := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"}
		return append(three[query%3:], three[:query%3]...)
	}
	for _, c := range []struct {
		name    string
		policy  Resolve
		answers func(query int) []string
		want    string
		lookups int
		left    string
	}{
		{"once", ResolveOnce, moving, "127.0.0.2 127.0.0.2 127.0.0.2 127.0.0.2", 1, "[{storage.example 2 [127.0.0.2]}]"},
		{"each", ResolveEach, moving, "127.0.0.2 127.0.0.4 127.0.0.3 127.0.0.4", 4, "[]"},
		{"each of a list that turns", ResolveEach, turning, "127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.2", 4, "[]"},
		{"each of a list that does not", ResolveEach, func(int) []string { return turning(0) }, "127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.2", 4, "[]"},
		{"each, too few connections", ResolveEach, func(int) []string { return []string{"127.0.0.5", "127.0.0.4", "127.0.0.3", "127.0.0.2", "127.0.0.6"} },
			"127.0.0.5 127.0.0.4 127.0.0.3 127.0.0.2", 4, "[{storage.example 5 [127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5]}]"},
		{"once, one address", ResolveOnce, func(int) []string { return []string{"127.0.0.2"} }, "127.0.0.2 127.0.0.2 127.0.0.2 127.0.0.2", 1, "[]"},
		{"each, one address", ResolveEach, func(int) []string { return []string{"127.0.0.2"} }, "127.0.0.2 127.0.0.2 127.0.0.2 127.0.0.2", 4, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Dialer{Resolve: c.policy, Network: "tcp4", Resolver: nametest.Server(t, c.answers)}
			var got []string
			lookups := 0
			for range 4 {
				conn := dial(t, d, "storage.example:"+port)
				got = append(got, conn.Peer().Addr().String())
				if conn.Times().Resolve() > 0 {
					lookups++
				}
			}
			if s := strings.Join(got, " "); s != c.want || lookups != c.lookups {
				t.Errorf("connected to %s with %d lookups, want %s with %d", s, lookups, c.want, c.lookups)
			}
			if left := fmt.Sprint(d.Unvisited()); left != c.left {
				t.Errorf("not visited all of %s, want %s", left, c.left)
			}
		})
	}
}

// TestRenewLooksUpAgainAndKeepsTheTurn is what a trial does to the names of the
// one before.
func TestRenewLooksUpAgainAndKeepsTheTurn(t *testing.T) {
	port := everywhere(t)
	first := func(query int) []string {
		return [][]string{{"127.0.0.2", "127.0.0.3"}, {"127.0.0.3", "127.0.0.2"}}[query%2]
	}
	once := &Dialer{Network: "tcp4", Resolver: nametest.Server(t, first)}
	each := &Dialer{Resolve: ResolveEach, Network: "tcp4", Resolver: nametest.Server(t, func(int) []string { return first(0) })}
	for name, d := range map[string]*Dialer{"once": once, "each": each} {
		for i, want := range []string{"127.0.0.2", "127.0.0.3"} {
			d.Renew()
			if got := dial(t, d, "storage.example:"+port).Peer().Addr().String(); got != want {
				t.Errorf("%s: trial %d went to %s, want %s", name, i, got, want)
			}
		}
		if left := d.Unvisited(); len(left) > 0 {
			t.Errorf("%s: not visited all of %v", name, left)
		}
	}
}

// TestOnlyTheFirstFamilyTakesTurns: a name like localhost is often ::1 and
// 127.0.0.1, and a server need not listen on both.
func TestOnlyTheFirstFamilyTakesTurns(t *testing.T) {
	for of, want := range map[string]string{
		"[::1]:1 127.0.0.1:1":                         "[::1]:1 [::1]:1 [::1]:1",
		"127.0.0.1:1 [::1]:1 127.0.0.2:1":             "127.0.0.1:1 127.0.0.2:1 127.0.0.1:1",
		"[2001:db8::1]:1 192.0.2.1:1 [2001:db8::2]:1": "[2001:db8::1]:1 [2001:db8::2]:1 [2001:db8::1]:1",
	} {
		var addrs []netip.AddrPort
		for a := range strings.FieldsSeq(of) {
			addrs = append(addrs, netip.MustParseAddrPort(a))
		}
		d := &Dialer{Resolve: ResolveEach}
		var got []string
		for range 3 {
			got = append(got, d.choose("localhost:1", addrs).String())
		}
		if s := strings.Join(got, " "); s != want || len(d.Unvisited()) > 0 {
			t.Errorf("%s: chose %s, left %v; want %s and nothing left", of, s, d.Unvisited(), want)
		}
	}
}

func TestDialErrorsNameStageCauseAndRemedy(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := closed.Addr().String()
	_ = closed.Close()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	absent := nametest.Server(t, func(int) []string { return nil })
	silent := nametest.Server(t, func(int) []string { return []string{} })

	for _, c := range []struct {
		name    string
		ctx     context.Context
		dialer  *Dialer
		addr    string
		stage   Stage
		cause   error // nil: not compared
		timeout bool
		says    []string
	}{
		{"no port", t.Context(), &Dialer{}, "files.example.org", StageAddress, nil, false, []string{`"files.example.org" is not host:port`, "10.0.0.12:443"}},
		{"bad port", t.Context(), &Dialer{}, "files.example.org:https", StageAddress, nil, false, []string{`port "https"`}},
		{"no host", t.Context(), &Dialer{}, ":443", StageAddress, nil, false, []string{"names no host"}},
		{"bad connect", t.Context(), &Dialer{Connect: []string{"10.0.0.12"}}, "a:1", StageAddress, nil, false, []string{"10.0.0.12"}},
		{"refused", t.Context(), &Dialer{}, refused, StageConnect, syscall.ECONNREFUSED, false, []string{refused, "connection refused", "nothing listens there"}},
		{"unknown name", t.Context(), &Dialer{Resolver: absent}, "nowhere.example:80", StageResolve, nil, false, []string{"resolve nowhere.example:80", "no address", "spelling"}},
		{"silent name server", t.Context(), &Dialer{Resolver: silent, Timeout: 150 * time.Millisecond}, "a.example:80", StageResolve, nil, true, []string{"no answer from the name server within 150ms"}},
		{"stopped", stopped, &Dialer{}, refused, StageConnect, context.Canceled, false, []string{"the run was stopped"}},
		{"unknown congestion control", t.Context(), &Dialer{Congestion: "warp"}, refused, StageOption, syscall.ENOENT, false, []string{"congestion control warp", "this kernel offers", "reno"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.dialer.Dial(c.ctx, c.addr)
			var de *DialError
			if !errors.As(err, &de) || de.Stage != c.stage || de.Timeout() != c.timeout {
				t.Fatalf("error %v (%+v), want stage %s, timeout %v", err, de, c.stage, c.timeout)
			}
			if c.cause != nil && !errors.Is(err, c.cause) {
				t.Errorf("%v does not lead to %v", err, c.cause)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not say %q", err, text)
				}
			}
			if conn, err := c.dialer.DialContext(c.ctx, "tcp", c.addr); conn != nil || err == nil {
				t.Errorf("DialContext = %v, %v; want an untyped nil and an error", conn, err)
			}
		})
	}
}

// Host and SNI stay those of the URL while the address is another, the proxy of
// the environment is not asked, and the Conn is found below TLS and HTTP/2.
func TestAroundTheBalancerWithTheSameNames(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	var host, sni string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, sni = r.Host, r.TLS.ServerName
		discardBody(r)
		_, _ = w.Write(make([]byte, 100_000))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	var seen []*Conn
	d := &Dialer{Connect: []string{server.Listener.Addr().String()}, OnOpen: func(c *Conn) { seen = append(seen, c) }}
	config, err := TLSConfig(TLSOptions{Protocols: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	config.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport := &http.Transport{DialContext: d.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()

	req, _ := http.NewRequestWithContext(t.Context(), "PUT", "https://example.com/x", strings.NewReader(strings.Repeat("x", 200_000)))
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if host != "example.com" || sni != "example.com" || resp.ProtoMajor != 2 || n != 100_000 {
		t.Errorf("host %q, SNI %q, HTTP/%d, %d bytes", host, sni, resp.ProtoMajor, n)
	}
	if len(seen) != 1 || seen[0].In() < 100_000 || seen[0].Out() < 200_000 {
		t.Fatalf("connections seen: %d; bytes are those on the wire, TLS included: in %d, out %d", len(seen), seen[0].In(), seen[0].Out())
	}
	state := DescribeTLS(*resp.TLS)
	if state.Protocol != "h2" || !state.Verified || state.Version != "TLS 1.3" || len(state.Fingerprint) != 64 {
		t.Errorf("TLS state %+v", state)
	}
}

func discardBody(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

func TestCheckAddr(t *testing.T) {
	for _, good := range []string{"a:1", "127.0.0.1:443", "[::1]:65535"} {
		if err := CheckAddr(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a", "a:0", "a:65536", "::1:80", "a:b:1", "[::1]"} {
		if CheckAddr(bad) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
