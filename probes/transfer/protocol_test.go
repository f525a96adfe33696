package transfer_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// ok does one op and fails the test if it does not end well.
func ok(t *testing.T, b *probetest.Bench) probes.Observation {
	t.Helper()
	op := b.Op(0)
	o := b.Do(context.Background(), op)
	probetest.Conforms(t, op, o)
	want(t, o, probes.OK)
	return o
}

func TestProtocolMatrix(t *testing.T) {
	cases := []struct {
		name     string
		flavour  flavour
		http     scenarios.Protocol
		protocol string
		tls      string
	}{
		{"clear auto", flavour{}, scenarios.Auto, "HTTP/1.1", ""},
		{"clear 1.1", flavour{}, scenarios.HTTP1, "HTTP/1.1", ""},
		{"h2c", flavour{h2c: true}, scenarios.H2C, "HTTP/2.0", ""},
		{"tls auto to h2", flavour{tls: true, h2: true}, scenarios.Auto, "HTTP/2.0", "TLS 1.3"},
		{"tls auto to 1.1", flavour{tls: true}, scenarios.Auto, "HTTP/1.1", "TLS 1.3"},
		{"tls 1.1", flavour{tls: true, h2: true}, scenarios.HTTP1, "HTTP/1.1", "TLS 1.3"},
		{"tls 2", flavour{tls: true, h2: true}, scenarios.HTTP2, "HTTP/2.0", "TLS 1.3"},
	}
	for _, c := range cases {
		for _, work := range []string{uploadWork, downloadWork} {
			t.Run(c.name+" "+strings.Fields(work)[3], func(t *testing.T) {
				o := newOrigin(t, c.flavour)
				target := o.target(t)
				target.HTTP = c.http
				b := probetest.Open(t, transfer.Probe{}, work, target, func(on *probes.On) { on.Cell.Size = 3 * unit.MiB })
				first, second := ok(t, b), ok(t, b)
				if p := first.Peer; p.Protocol != c.protocol || p.TLS != c.tls || p.Server != "test-origin" || p.Via != "1.1 test-hop" || p.Backend != "b1" || p.Status/100 != 2 {
					t.Errorf("peer %+v, want %s over %q", p, c.protocol, c.tls)
				}
				if first.Peer.Address != o.Listener.Addr().String() {
					t.Errorf("address %s, want %s", first.Peer.Address, o.Listener.Addr())
				}
				if c.tls != "" && first.Phases.TLS <= 0 || first.Phases.Connect <= 0 || second.Phases.Connect != 0 {
					t.Errorf("phases %+v, then %+v", first.Phases, second.Phases)
				}
				if first.Socket.Reused || !second.Socket.Reused || first.Socket.Conn == 0 || first.Socket.Conn != second.Socket.Conn {
					t.Errorf("sockets %+v, then %+v: want one connection, reused", first.Socket, second.Socket)
				}
				if first.Sent+first.Received != 3*unit.MiB || first.Verified != 3*unit.MiB {
					t.Errorf("sent %v, received %v, verified %v of 3 MiB", first.Sent, first.Received, first.Verified)
				}
			})
		}
	}
}

func TestWrongProtocol(t *testing.T) {
	t.Run("2 is asked for, 1.1 is all there is", func(t *testing.T) {
		o := newOrigin(t, flavour{tls: true})
		target := o.target(t)
		target.HTTP = scenarios.HTTP2
		got := do(t, uploadWork, target)
		want(t, got, probes.Protocol, "h2")
		if got.Peer.Address == "" || got.Peer.Protocol != "no protocol" {
			t.Errorf("peer %+v, want its address and that no protocol was negotiated", got.Peer)
		}
		if n := o.requests("PUT"); n != 0 {
			t.Errorf("%d requests were sent in another protocol than the scenario's", n)
		}
	})
	t.Run("peer ignores ALPN", func(t *testing.T) {
		o := newOrigin(t, flavour{tls: true, configure: func(s *httptest.Server) {
			s.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
			s.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				return &tls.Config{Certificates: s.TLS.Certificates}, nil
			}}
		}})
		target := o.target(t)
		target.HTTP = scenarios.HTTP2
		got := do(t, uploadWork, target)
		want(t, got, probes.Protocol, "negotiated no protocol")
		if got.Peer.Address == "" || got.Peer.Protocol != "no protocol" {
			t.Errorf("peer %+v, want its address and that no protocol was negotiated", got.Peer)
		}
	})
	t.Run("h2c to a server of 1.1", func(t *testing.T) {
		target := newOrigin(t, flavour{}).target(t)
		target.HTTP = scenarios.H2C
		want(t, do(t, uploadWork, target), probes.Protocol, "speaks HTTP/1")
	})
	for _, bad := range []scenarios.Target{{URL: "http://127.0.0.1:1", HTTP: scenarios.HTTP2}, {URL: "https://127.0.0.1:1", HTTP: scenarios.H2C}} {
		if _, err := probetest.TryOpen(t, transfer.Probe{}, uploadWork, bad); err == nil {
			t.Errorf("%s over %s opens", bad.HTTP, bad.URL)
		}
	}
}

// secured is an origin with a certificate of the lab's.
func (l *authority) secured(t *testing.T, config *tls.Config) scenarios.Target {
	t.Helper()
	o := newOrigin(t, flavour{tls: true, configure: func(s *httptest.Server) { s.TLS = config }})
	return scenarios.Target{URL: o.URL, HTTP: scenarios.HTTP1, TLS: scenarios.TLS{CA: l.file}}
}

func TestTLS(t *testing.T) {
	l := newAuthority(t)
	good := l.issue(t, time.Hour, "127.0.0.1", "files.example.org")
	t.Run("healthy", func(t *testing.T) {
		want(t, do(t, uploadWork, l.secured(t, &tls.Config{Certificates: []tls.Certificate{good}})), probes.OK)
	})
	t.Run("connect keeps Host and SNI", func(t *testing.T) {
		var sni atomic.Value
		target := l.secured(t, &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			sni.Store(h.ServerName)
			return &good, nil
		}})
		target.Connect = []string{strings.TrimPrefix(target.URL, "https://")}
		target.URL = "https://files.example.org"
		want(t, do(t, uploadWork, target), probes.OK)
		if got := sni.Load(); got != "files.example.org" {
			t.Errorf("SNI %q, want that of the URL", got)
		}
	})
	t.Run("wrong name", func(t *testing.T) {
		other := l.issue(t, time.Hour, "other.example.org")
		want(t, do(t, uploadWork, l.secured(t, &tls.Config{Certificates: []tls.Certificate{other}})), probes.TLS, "another name")
	})
	t.Run("expired", func(t *testing.T) {
		want(t, do(t, uploadWork, l.secured(t, &tls.Config{Certificates: []tls.Certificate{l.issue(t, -time.Hour, "127.0.0.1")}})), probes.TLS, "certificate")
	})
	t.Run("unknown authority", func(t *testing.T) {
		target := l.secured(t, &tls.Config{Certificates: []tls.Certificate{good}})
		target.TLS.CA = ""
		want(t, do(t, uploadWork, target), probes.TLS, "tls.ca")
		target.TLS.Insecure = true
		want(t, do(t, uploadWork, target), probes.OK)
	})
	t.Run("no TLS there", func(t *testing.T) {
		target := newOrigin(t, flavour{}).target(t)
		target.URL = strings.Replace(target.URL, "http:", "https:", 1)
		want(t, do(t, uploadWork, target), probes.TLS, "does not speak TLS")
	})
	t.Run("handshake freezes", func(t *testing.T) {
		target := frozen(t)
		target.URL = strings.Replace(target.URL, "http:", "https:", 1)
		want(t, do(t, uploadWork+impatient, target), probes.TLS, "not finished within 1s")
	})
	t.Run("client certificate", func(t *testing.T) {
		config := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: l.pool, MaxVersion: tls.VersionTLS12}
		target := l.secured(t, config)
		want(t, do(t, uploadWork, target), probes.TLS, "client certificate")
		target.TLS.Cert, target.TLS.Key = l.files(t, l.issue(t, time.Hour, "loadline"))
		o := do(t, uploadWork, target)
		want(t, o, probes.OK)
		if o.Peer.TLS != "TLS 1.2" {
			t.Errorf("TLS %q, want the negotiated version", o.Peer.TLS)
		}
	})
}

func TestUploadForms(t *testing.T) {
	body := func(t *testing.T, o *origin) {
		t.Helper()
		for name, b := range o.stored() {
			if len(b) != 300<<10 {
				t.Errorf("%s was stored with %d bytes, want 300 KiB", name, len(b))
			}
		}
		if len(o.stored()) != 1 {
			t.Errorf("%d objects stored, want 1", len(o.stored()))
		}
	}
	for _, f := range []flavour{{}, {h2c: true}} {
		protocol := scenarios.Auto
		if f.h2c {
			protocol = scenarios.H2C
		}
		run := func(name, extra string, look func(t *testing.T, o *origin, got probes.Observation)) {
			t.Run(fmt.Sprintf("%s %s", name, protocol), func(t *testing.T) {
				o := newOrigin(t, f)
				target := o.target(t)
				target.HTTP = protocol
				b := probetest.Open(t, transfer.Probe{}, uploadWork+extra, target)
				got := ok(t, b)
				body(t, o)
				look(t, o, got)
				kept := probes.Kept{Name: got.Name, Seed: 42, Size: 300 * unit.KiB}
				if a := b.Session.(probes.Keeper).Audit(context.Background(), kept); a.Finding != probes.Intact {
					t.Errorf("what was stored is %s: %s", a.Finding, a.Evidence)
				}
			})
		}
		run("raw", "", func(t *testing.T, o *origin, _ probes.Observation) {
			if r := o.last(); r.ContentLength != 300<<10 || r.Header.Get("Content-Type") != "application/octet-stream" {
				t.Errorf("length %d, type %q", r.ContentLength, r.Header.Get("Content-Type"))
			}
		})
		run("chunked", "chunked: true\n", func(t *testing.T, o *origin, got probes.Observation) {
			if r := o.last(); r.ContentLength != -1 {
				t.Errorf("a length of %d was announced", r.ContentLength)
			}
			if got.Sent != 300*unit.KiB {
				t.Errorf("sent %d bytes of body, want 300 KiB without the framing", got.Sent)
			}
		})
		run("form", "method: POST\nform: {field: file, filename: \"{name}\", fields: {size: \"{size}\"}}\n", func(t *testing.T, o *origin, got probes.Observation) {
			r := o.last()
			if r.FormValue("size") != "307200" || r.ContentLength <= 300<<10 {
				t.Errorf("field size = %q, length %d", r.FormValue("size"), r.ContentLength)
			}
			if int64(got.Sent) != r.ContentLength || got.Verified != 300*unit.KiB {
				t.Errorf("sent %d of %d, acknowledged %v", got.Sent, r.ContentLength, got.Verified)
			}
		})
		run("chunked form", "method: POST\nchunked: true\nform: {}\n", func(*testing.T, *origin, probes.Observation) {})
		run("continue honoured", "expect_continue: on\n", func(t *testing.T, o *origin, got probes.Observation) {
			// the server's HTTP/2 side takes the header away before the handler sees it
			if r := o.last(); r.ProtoMajor == 1 && r.Header.Get("Expect") != "100-continue" || got.Phases.Continue <= 0 || got.Phases.Continue > 900*time.Millisecond {
				t.Errorf("Expect %q, waited %v", r.Header.Get("Expect"), got.Phases.Continue)
			}
		})
	}
}

func TestContinue(t *testing.T) {
	const upload = uploadWork + "expect_continue: on\nverify: none\n"
	t.Run("ignored", func(t *testing.T) {
		target := script(t, func(c *net.TCPConn) {
			if readHead(c) {
				_, _ = io.CopyN(io.Discard, c, 300<<10)
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		o := do(t, upload, target)
		want(t, o, probes.OK)
		if o.Phases.Continue < 900*time.Millisecond || o.Phases.Send > 900*time.Millisecond {
			t.Errorf("phases %+v: want a second of Continue, and none of it in Send", o.Phases)
		}
	})
	t.Run("refused", func(t *testing.T) {
		read := make(chan int64, 1)
		target := script(t, func(c *net.TCPConn) {
			if readHead(c) {
				fmt.Fprint(c, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
				n, _ := io.Copy(io.Discard, c)
				read <- n
			}
		})
		o := do(t, upload, target)
		want(t, o, probes.Status, "answered 417", "after 0 of")
		if n := <-read; n != 0 || o.Sent != 0 {
			t.Errorf("%d bytes of body were sent after the refusal, %v reported", n, o.Sent)
		}
	})
}

func TestRanges(t *testing.T) {
	for _, c := range []struct{ spec, header string }{
		{"tail 100KiB", "bytes=-102400"},
		{"1000-4999", "bytes=1000-4999"},
		{"random 64KiB", "bytes="},
	} {
		t.Run(c.spec, func(t *testing.T) {
			o := newOrigin(t, flavour{})
			b := probetest.Open(t, transfer.Probe{}, downloadWork+"range: "+c.spec+"\n", o.target(t))
			got := ok(t, b)
			if h := o.last().Header.Get("Range"); !strings.HasPrefix(h, c.header) {
				t.Errorf("Range %q, want %s", h, c.header)
			}
			if n := b.Spec.Effects(300 * unit.KiB).Receives; got.Received != n || got.Verified != n {
				t.Errorf("received %v, verified %v, want %v", got.Received, got.Verified, n)
			}
			o.bending(func(w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("Content-Range", "bytes 7-8/307200")
				r.Header.Set("Range", h(r))
				part := &rangeWriter{ResponseWriter: w}
				o.serve(part, r, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
				return true
			})
			want(t, b.Do(context.Background(), b.Op(0)), probes.Protocol, "wrong Content-Range")
		})
	}
}

func h(r *http.Request) string { return r.Header.Get("Range") }

// rangeWriter lies about the range that it sends.
type rangeWriter struct{ http.ResponseWriter }

func (w *rangeWriter) WriteHeader(status int) {
	w.Header().Set("Content-Range", "bytes 7-8/307200")
	w.ResponseWriter.WriteHeader(status)
}

func TestEncodedBody(t *testing.T) {
	zipped := func(damage func([]byte) []byte) func(o *origin, w http.ResponseWriter, r *http.Request) bool {
		return func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Accept-Encoding") != "gzip" {
				return false
			}
			var buf strings.Builder
			z := gzip.NewWriter(&buf)
			_, _ = z.Write(body(o, r))
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(damage([]byte(buf.String())))
			return true
		}
	}
	const extra = "headers: {Accept-Encoding: gzip}\n"
	same := func(b []byte) []byte { return b }
	t.Run("healthy", func(t *testing.T) {
		o := newOrigin(t, flavour{})
		b := probetest.Open(t, transfer.Probe{}, downloadWork+extra, o.target(t))
		o.bending(func(w http.ResponseWriter, r *http.Request) bool { return zipped(same)(o, w, r) })
		got := ok(t, b)
		if got.Received <= 300*unit.KiB || got.Verified != got.Received {
			t.Errorf("received %d, verified %d: want what came over the wire, which is more than the object", got.Received, got.Verified)
		}
		if next := ok(t, b); !next.Socket.Reused {
			t.Error("the connection was not kept after an encoded body")
		}
	})
	t.Run("cut", func(t *testing.T) {
		faulty(t, flavour{}, extra, probes.Short, "short", zipped(func(b []byte) []byte { return b[:len(b)/2] }))
	})
	t.Run("damaged", func(t *testing.T) {
		faulty(t, flavour{}, extra, probes.Corrupt, "", zipped(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
	})
	t.Run("damaged checksum", func(t *testing.T) {
		faulty(t, flavour{}, extra, probes.Corrupt, "gzip", zipped(func(b []byte) []byte { b[len(b)-6] ^= 1; return b }))
	})
}
