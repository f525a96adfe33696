package storm_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
)

// script is a server that reads requests on each connection and writes what it
// is told.
func script(t *testing.T, write func(c net.Conn, r *http.Request)) scenarios.Target {
	t.Helper()
	return scenarios.Target{URL: "http://" + probetest.Listen(t, func(c *net.TCPConn) {
		for br := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			write(c, r)
		}
	})}
}

// says is a server that answers everything with a text.
func says(text string) func(*testing.T) scenarios.Target {
	return func(t *testing.T) scenarios.Target {
		return script(t, func(c net.Conn, _ *http.Request) { _, _ = io.WriteString(c, text) })
	}
}

// saysAndEnds closes the connection after the text.
func saysAndEnds(text string) func(*testing.T) scenarios.Target {
	return func(t *testing.T) scenarios.Target {
		return script(t, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		})
	}
}

// saysAndResets resets the connection after the text.
func saysAndResets(text string) func(*testing.T) scenarios.Target {
	return func(t *testing.T) scenarios.Target {
		return script(t, func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, text)
			if text != "" {
				time.Sleep(20 * time.Millisecond) // else the text is lost with the reset
			}
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		})
	}
}

const impatient = "answer_after: 150ms\nstall_after: 150ms\n"

// do is one op on a fresh session.
func do(t *testing.T, work string, target scenarios.Target) probes.Observation {
	t.Helper()
	b := probetest.Open(t, storm.Probe{}, work, target)
	op := b.Op(0)
	ctx, cancel := context.WithTimeoutCause(context.Background(), 20*time.Second, fmt.Errorf("the op hangs"))
	defer cancel()
	o := b.Do(ctx, op)
	probetest.Conforms(t, op, o)
	return o
}

// TestOutcomes plants each fault and wants its outcome; each has a twin that
// is well, in plain and unusual forms of HTTP.
func TestOutcomes(t *testing.T) {
	expectSmall := getWork + "expect: {size: 1KiB, sha256: " + digestOfSmall + "}\n"
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n"
	other := strings.Replace(string(small), "abc", "abd", 1)
	for name, c := range map[string]struct {
		work   string
		target func(*testing.T) scenarios.Target
		want   probes.Outcome
		says   string
	}{
		"healthy":            {expectSmall, says(ok + string(small)), probes.OK, ""},
		"healthy, no reason": {expectSmall, says("HTTP/1.1 200\r\nContent-Length: 1024\r\n\r\n" + string(small)), probes.OK, ""},
		"healthy, chunked":   {expectSmall, says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + string(small) + "\r\n0\r\n\r\n"), probes.OK, ""},
		"healthy, to end":    {expectSmall, saysAndEnds("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + string(small)), probes.OK, ""},
		"healthy, HTTP/1.0":  {expectSmall, saysAndEnds("HTTP/1.0 200 OK\r\nContent-Length: 1024\r\n\r\n" + string(small)), probes.OK, ""},
		"healthy, interim":   {expectSmall, says("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + string(small)), probes.OK, ""},
		"healthy, in pieces": {expectSmall, dripping(ok+string(small), 7), probes.OK, ""},
		"healthy, empty":     {"kind: http.storm\npath: /\nexpect: {status: 204}\n", says("HTTP/1.1 204 No Content\r\n\r\n"), probes.OK, ""},
		"healthy, HEAD":      {"kind: http.storm\ntargets: [{method: HEAD, path: /}]\n", says(ok), probes.OK, ""},
		"healthy, redirect":  {"kind: http.storm\npath: /\nexpect: {status: [2xx, 302]}\n", says("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), probes.OK, ""},

		"status":           {getWork, says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\nno server"), probes.Status, "answered 503 Service Unavailable: no server"},
		"status, chunked":  {getWork, says("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n"), probes.Status, "answered 500"},
		"status, broken":   {getWork, saysAndEnds("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 99\r\n\r\nupst"), probes.Status, "answered 502 Bad Gateway, then broke off"},
		"other status":     {"kind: http.storm\npath: /\nexpect: {status: 204}\n", says(ok + string(small)), probes.Status, "answered 200"},
		"too many":         {getWork, says("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), probes.Status, "answered 429 Too Many Requests (Retry-After: 7)"},
		"too many, odd":    {getWork, says("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), probes.Status, "answered 429 Too Many Requests (Retry-After: 7)"},
		"redirect":         {getWork, says("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), probes.Status, "answered 302"},
		"short body":       {expectSmall, says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), probes.Short, "3 bytes, and 1024 were expected"},
		"long body":        {expectSmall, says("HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n" + string(small) + "x"), probes.Long, "1025 bytes"},
		"corrupt body":     {expectSmall, says(ok + other), probes.Corrupt, "SHA-256"},
		"corrupt, chunked": {expectSmall, says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + other + "\r\n0\r\n\r\n"), probes.Corrupt, "SHA-256"},
		"cut off body":     {getWork, saysAndEnds(ok + "abc"), probes.Short, "after 3 of 1024 bytes"},
		"cut off chunks":   {getWork, saysAndEnds("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nabc"), probes.Short, "after 3 bytes"},
		"closed":           {getWork, saysAndEnds(""), probes.Reset, "closed the connection"},
		"reset":            {getWork, saysAndResets(""), probes.Reset, "reset the connection"},
		"reset in head":    {getWork, saysAndEnds("HTTP/1.1 200 O"), probes.Reset, "closed the connection"},
		"reset in body":    {getWork, saysAndResets(ok + "abc"), probes.Reset, "not to the end"},
		"no answer":        {getWork + impatient, says(""), probes.Timeout, "no answer in 150ms"},
		"stalled body":     {getWork + impatient, says(ok + "abc"), probes.Stalled, "no byte moved in 150ms"},
		"stalled head":     {getWork + impatient, says("HTTP/1.1 200 OK\r\nContent-Le"), probes.Stalled, "no byte moved in 150ms"},
		"not HTTP":         {getWork, says("220 mail.example.org ESMTP\r\n\r\n"), probes.Protocol, "breaks the protocol"},
		"two lengths":      {getWork, says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), probes.Protocol, "breaks the protocol"},
		"bad chunk":        {getWork, says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"), probes.Protocol, "breaks the protocol"},
		"more than asked":  {getWork, says(ok + string(small) + "HTTP/1.1 200 OK\r\n"), probes.Protocol, "bytes follow the answer"},
		"upgraded":         {getWork, says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), probes.Protocol, "101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := do(t, c.work, c.target(t))
			if o.Outcome != c.want || c.says != "" && (o.Err == nil || !strings.Contains(o.Err.Error(), c.says)) {
				t.Fatalf("outcome %s (%v), want %s saying %q", o.Outcome, o.Err, c.want, c.says)
			}
			if o.Outcome == probes.OK && o.Received != o.Verified || o.Outcome != probes.OK && o.Verified != 0 {
				t.Errorf("outcome %s: %d bytes received, %d verified", o.Outcome, o.Received, o.Verified)
			}
		})
	}
}

// dripping answers in pieces of n bytes, a moment apart.
func dripping(text string, n int) func(*testing.T) scenarios.Target {
	return func(t *testing.T) scenarios.Target {
		return script(t, func(c net.Conn, _ *http.Request) {
			for rest := text; rest != ""; {
				piece := rest[:min(n, len(rest))]
				rest = rest[len(piece):]
				_, _ = io.WriteString(c, piece)
				if len(text)-len(rest) < 70 { // the head, and a little of the body
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
}

func TestTLSAndNamesHaveOutcomesOfTheirOwn(t *testing.T) {
	secured := serve(t, withHTTP2)
	trusting := secured
	if o := do(t, getWork, trusting); o.Outcome != probes.OK || o.Peer.Protocol != "HTTP/2.0" || o.Peer.TLS == "" {
		t.Errorf("healthy twin: %s (%v) %+v", o.Outcome, o.Err, o.Peer)
	}
	one := trusting
	one.HTTP = scenarios.HTTP1
	if o := do(t, getWork, one); o.Outcome != probes.OK || o.Peer.Protocol != "HTTP/1.1" || o.Phases.TLS == 0 {
		t.Errorf("HTTP/1.1 in TLS: %s (%v) %+v", o.Outcome, o.Err, o.Peer)
	}
	wary := secured
	wary.TLS.Insecure = false
	if o := do(t, getWork, wary); o.Outcome != probes.TLS || !strings.Contains(o.Err.Error(), "tls.ca") {
		t.Errorf("a certificate nobody vouches for: %s (%v)", o.Outcome, o.Err)
	}
	plain := serve(t)
	plain.URL = "https" + strings.TrimPrefix(plain.URL, "http")
	if o := do(t, getWork, plain); o.Outcome != probes.TLS || !strings.Contains(o.Err.Error(), "does not speak TLS") {
		t.Errorf("TLS to a port without: %s (%v)", o.Outcome, o.Err)
	}
	onlyOne := serveWith(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(small) }, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
	})
	onlyOne.HTTP = scenarios.HTTP2
	if o := do(t, getWork, onlyOne); o.Outcome != probes.Protocol {
		t.Errorf("HTTP/2 asked of a server without: %s (%v)", o.Outcome, o.Err)
	}
	older := serve(t)
	older.HTTP = scenarios.H2C
	for range 20 { // its reset may overtake its answer
		if o := do(t, getWork, older); o.Outcome != probes.Protocol || !strings.Contains(o.Err.Error(), "speaks HTTP/1") {
			t.Fatalf("HTTP/2 in clear to a server without: %s (%v)", o.Outcome, o.Err)
		}
	}
	nowhere := serve(t)
	nowhere.URL = "http://no-such-host.invalid:80"
	if o := do(t, getWork, nowhere); o.Outcome != probes.DNS {
		t.Errorf("a name that is none: %s (%v)", o.Outcome, o.Err)
	}
}

// TestHTTP2Outcomes plants faults above a real HTTP/2 server.
func TestHTTP2Outcomes(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	for name, c := range map[string]struct {
		work    string
		handler http.HandlerFunc
		want    probes.Outcome
	}{
		"healthy": {getWork, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(small) }, probes.OK},
		"status": {getWork, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "full", http.StatusInsufficientStorage)
		}, probes.Status},
		"reset":   {getWork, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, probes.Reset},
		"timeout": {getWork + impatient, func(http.ResponseWriter, *http.Request) { <-over }, probes.Timeout},
		"stalled": {getWork + impatient, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1024")
			_, _ = w.Write(small[:3])
			w.(http.Flusher).Flush()
			<-over
		}, probes.Stalled},
		"corrupt": {getWork + "expect: {sha256: " + digestOfSmall + "}\n", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(small[1:]) }, probes.Corrupt},
	} {
		for _, mode := range []string{"", "connections: shared\n"} {
			t.Run(name+mode, func(t *testing.T) {
				target := serveWith(t, c.handler, withHTTP2)
				o := do(t, c.work+mode, target)
				if o.Outcome != c.want || o.Outcome == probes.Status && !strings.Contains(o.Err.Error(), "(Retry-After: 7): full") {
					t.Errorf("outcome %s (%v), want %s", o.Outcome, o.Err, c.want)
				}
			})
		}
	}
}
