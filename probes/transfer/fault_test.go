package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/internal/payload"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// impatient shortens the limits, so that silence is found out in a test's time.
const impatient = "stall_after: 1s\nanswer_after: 1s\n"

// patience is that of the work in a test: short where silence is expected, and
// otherwise long enough for a machine that is busy with other things.
func patience(expected probes.Outcome) string {
	if expected == probes.Stalled || expected == probes.Timeout {
		return impatient
	}
	return ""
}

// do opens a session without fixtures and does one op.
func do(t *testing.T, work string, target scenarios.Target) probes.Observation {
	t.Helper()
	b, err := probetest.TryOpen(t, transfer.Probe{}, work, target)
	if err != nil {
		t.Fatal(err)
	}
	op := b.Op(0)
	began := time.Now()
	o := b.Do(context.Background(), op)
	probetest.Conforms(t, op, o)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the op took %v to end", took)
	}
	return o
}

// want fails unless the outcome and the words of its error are as expected.
func want(t *testing.T, o probes.Observation, outcome probes.Outcome, words ...string) {
	t.Helper()
	text := fmt.Sprint(o.Err)
	if o.Outcome != outcome {
		t.Errorf("outcome %s (%s), want %s", o.Outcome, text, outcome)
		return
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("error %q, want %q in it", text, w)
		}
	}
}

// faulty downloads one of the origin's fixtures while its answers are bent,
// and then again while they are not.
func faulty(t *testing.T, f flavour, extra string, outcome probes.Outcome, word string, bend func(o *origin, w http.ResponseWriter, r *http.Request) bool) {
	t.Helper()
	t.Parallel()
	o := newOrigin(t, f)
	target := o.target(t)
	if f.h2c {
		target.HTTP = scenarios.H2C
	}
	b := probetest.Open(t, transfer.Probe{}, downloadWork+patience(outcome)+extra, target)
	o.bending(func(w http.ResponseWriter, r *http.Request) bool { return bend(o, w, r) })
	op := b.Op(0)
	got := b.Do(context.Background(), op)
	probetest.Conforms(t, op, got)
	want(t, got, outcome, word)
	if got.Verified > 300*unit.KiB {
		t.Errorf("%v verified of an object of 300 KiB", got.Verified)
	}
	o.bending(nil)
	twin := b.Do(context.Background(), b.Op(0))
	want(t, twin, probes.OK)
	if twin.Verified != 300*unit.KiB || twin.Received != 300*unit.KiB {
		t.Errorf("healthy twin: %v received, %v verified, want 300 KiB of both", twin.Received, twin.Verified)
	}
}

// body is the object that a request asks for.
func body(o *origin, r *http.Request) []byte {
	b, _ := o.get(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	return bytes.Clone(b)
}

func TestDownloadFaults(t *testing.T) {
	cut := func(o *origin, w http.ResponseWriter, r *http.Request) bool {
		b := body(o, r)
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b[:100<<10])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	faults := []struct {
		name    string
		outcome probes.Outcome
		word    string
		bend    func(o *origin, w http.ResponseWriter, r *http.Request) bool
	}{
		{"short with a matching length", probes.Short, "short: 102400 of 307200 bytes, and the answer ended as if that were all", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			_, _ = w.Write(body(o, r)[:100<<10])
			return true
		}},
		{"a page that says sorry", probes.Corrupt, "the answer (text/html) ended after 35 bytes of 307200", func(_ *origin, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>Please log in again.</html>\n\n")
			return true
		}},
		{"not now", probes.Status, "answered 503 Service Unavailable (Retry-After: 7): busy", func(_ *origin, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return true
		}},
		{"empty", probes.Short, "0 of 307200", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusNoContent)
			return true
		}},
		{"long", probes.Long, "long", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			_, _ = w.Write(append(body(o, r), "more"...))
			return true
		}},
		{"one bit flipped", probes.Corrupt, "at offset 200000", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			b := body(o, r)
			b[200000] ^= 4
			_, _ = w.Write(b)
			return true
		}},
		{"zero-filled tail", probes.Corrupt, "differ", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			b := body(o, r)
			clear(b[250000:])
			_, _ = w.Write(b)
			return true
		}},
		{"an error page with status 200", probes.Corrupt, "of 307200 bytes differ", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.WriteString(w, "<html>sorry</html>")
			return true
		}},
		{"another object", probes.Swapped, "another object", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			mine := body(o, r)
			o.mu.Lock()
			defer o.mu.Unlock()
			for _, b := range o.objects {
				if !bytes.Equal(b, mine) {
					_, _ = w.Write(b)
				}
			}
			return true
		}},
		{"an older writing", probes.Stale, "stale", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			old := payload.Object{Seed: 41, ID: name, Size: 300 << 10}
			_, _ = io.Copy(w, old.Reader())
			return true
		}},
		{"stall", probes.Stalled, "no byte moved", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			b := body(o, r)
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			_, _ = w.Write(b[:100<<10])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return true
		}},
		{"silence", probes.Timeout, "no answer", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return true
		}},
		{"server error", probes.Status, "answered 503", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "no backend", http.StatusServiceUnavailable)
			return true
		}},
		{"unasked range", probes.Protocol, "206", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body(o, r))
			return true
		}},
		{"unknown encoding", probes.Protocol, "zstd", func(o *origin, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Encoding", "zstd")
			_, _ = w.Write(body(o, r))
			return true
		}},
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { faulty(t, flavour{}, "", f.outcome, f.word, f.bend) })
		t.Run(f.name+" h2c", func(t *testing.T) { faulty(t, flavour{h2c: true}, "", f.outcome, f.word, f.bend) })
	}
	t.Run("connection cut", func(t *testing.T) {
		faulty(t, flavour{}, "", probes.Short, "102400 of 307200", func(o *origin, w http.ResponseWriter, r *http.Request) bool { return cut(o, w, r) })
	})
	t.Run("stream reset h2c", func(t *testing.T) { faulty(t, flavour{h2c: true}, "", probes.Reset, "reset", cut) })
}

// TestRawAnswers are answers that no HTTP library gives.
func TestRawAnswers(t *testing.T) {
	const download = "kind: http.transfer\ndirection: download\nsize: 10KiB\npath: /files/{name}\nverify: none\n"
	answers := []struct {
		name    string
		outcome probes.Outcome
		word    string
		answer  func(c *net.TCPConn)
	}{
		{"healthy", probes.OK, "", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n%s", make([]byte, 10<<10))
		}},
		{"healthy without a length", probes.OK, "", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.0 200 OK\r\n\r\n%s", make([]byte, 10<<10))
		}},
		{"interim answers first", probes.OK, "", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n%s", make([]byte, 10<<10))
		}},
		{"status 200, clean end, not all", probes.Short, "no length was announced", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.0 200 OK\r\n\r\n%s", make([]byte, 3<<10))
		}},
		{"cut inside a chunk", probes.Short, "3072 of 10240", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2800\r\n%s", make([]byte, 3<<10))
		}},
		{"more than announced", probes.Protocol, "belong to no request", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n%sHTTP/1.1 200 OK\r\n\r\n", make([]byte, 10<<10))
		}},
		{"reset in the body", probes.Reset, "reset", func(c *net.TCPConn) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n%s", make([]byte, 3<<10))
			time.Sleep(50 * time.Millisecond)
			_ = c.SetLinger(0)
		}},
		{"reset before the answer", probes.Reset, "reset", func(c *net.TCPConn) { _ = c.SetLinger(0) }},
		{"closed before the answer", probes.Reset, "closed", func(c *net.TCPConn) {}},
		{"cut inside the header", probes.Reset, "closed", func(c *net.TCPConn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Le") }},
		{"no HTTP", probes.Protocol, "breaks the protocol", func(c *net.TCPConn) { fmt.Fprint(c, "SSH-2.0-OpenSSH_9.2\r\n\r\n") }},
		{"switching protocols", probes.Protocol, "another protocol", func(c *net.TCPConn) { fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n") }},
		{"endless header", probes.Protocol, "1 MiB", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
			for range 100 {
				if _, err := fmt.Fprintf(c, "X: %s\r\n", strings.Repeat("x", 20<<10)); err != nil {
					return
				}
			}
			time.Sleep(time.Second)
		}},
		{"endless interim answers", probes.Protocol, "interim", func(c *net.TCPConn) {
			for range 100 {
				fmt.Fprint(c, "HTTP/1.1 102 Processing\r\n\r\n")
			}
			time.Sleep(200 * time.Millisecond)
		}},
	}
	for _, a := range answers {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			target := script(t, func(c *net.TCPConn) {
				if readHead(c) {
					a.answer(c)
				}
			})
			want(t, do(t, download, target), a.outcome, a.word)
		})
	}
}

// readHead reads a request's head and nothing after it.
func readHead(c net.Conn) bool {
	var head []byte
	var b [1]byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		if _, err := c.Read(b[:]); err != nil {
			return false
		}
		head = append(head, b[0])
	}
	return true
}

func TestNoConnection(t *testing.T) {
	t.Run("dns", func(t *testing.T) {
		o := do(t, uploadWork, scenarios.Target{URL: "http://no-such-host.invalid:1", HTTP: scenarios.Auto})
		want(t, o, probes.DNS, "no-such-host.invalid")
	})
	t.Run("connect overrides the name", func(t *testing.T) {
		o := newOrigin(t, flavour{})
		target := o.target(t)
		target.URL, target.Connect = "http://files.example.org", []string{o.Listener.Addr().String()}
		want(t, do(t, uploadWork, target), probes.OK)
		if host := o.last().Host; host != "files.example.org" {
			t.Errorf("Host %q, want that of the URL", host)
		}
	})
}

// TestUploadFaults are faults of the sending half, with raw servers.
func TestUploadFaults(t *testing.T) {
	const upload = "kind: http.transfer\ndirection: upload\nsize: 16MiB\npath: /files/{name}\nverify: none\n"
	answer := func(c *net.TCPConn, status string) {
		fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\nsaid", status)
	}
	read := func(c *net.TCPConn, n int64) { _, _ = io.CopyN(io.Discard, c, n) }
	faults := []struct {
		name    string
		outcome probes.Outcome
		words   []string
		handle  func(c *net.TCPConn)
	}{
		{"healthy", probes.OK, nil, func(c *net.TCPConn) { read(c, 16<<20); answer(c, "201 Created") }},
		{"413 early, then keeps reading", probes.Status, []string{"answered 413", "of 16777216 bytes"}, func(c *net.TCPConn) {
			read(c, 1<<20)
			answer(c, "413 Content Too Large")
			time.Sleep(500 * time.Millisecond) // else the rest may be sent before anybody has heard
			read(c, 16<<20)
		}},
		{"413 early, reads no more", probes.Status, []string{"answered 413"}, func(c *net.TCPConn) {
			answer(c, "413 Content Too Large")
			time.Sleep(2 * time.Second)
		}},
		{"413, then reset", probes.Status, []string{"answered 413"}, func(c *net.TCPConn) {
			read(c, 1<<20)
			answer(c, "413 Content Too Large")
			time.Sleep(20 * time.Millisecond)
			_ = c.SetLinger(0)
		}},
		{"reset in the body", probes.Reset, []string{"reset"}, func(c *net.TCPConn) { read(c, 1<<20); _ = c.SetLinger(0) }},
		{"success early, reads on", probes.OK, nil, func(c *net.TCPConn) { answer(c, "200 OK"); read(c, 16<<20); time.Sleep(50 * time.Millisecond) }},
		{"success early, then reset", probes.Reset, []string{"answered 200 before the body was whole"}, func(c *net.TCPConn) {
			answer(c, "200 OK")
			read(c, 1<<20)
			time.Sleep(20 * time.Millisecond)
			_ = c.SetLinger(0)
		}},
		{"swallows the body, never answers", probes.Timeout, []string{"no answer"}, func(c *net.TCPConn) { read(c, 1<<40) }},
		{"stops reading", probes.Stalled, []string{"no byte moved"}, func(c *net.TCPConn) { read(c, 1<<20); time.Sleep(3 * time.Second) }},
		{"answer breaks off", probes.Reset, []string{"answered 201, but not to the end"}, func(c *net.TCPConn) {
			read(c, 16<<20)
			fmt.Fprint(c, "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nsaid")
		}},
		{"401", probes.Status, []string{"answered 401", "said"}, func(c *net.TCPConn) { read(c, 16<<20); answer(c, "401 Unauthorized") }},
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			target := script(t, func(c *net.TCPConn) {
				if readHead(c) {
					f.handle(c)
				}
			})
			o := do(t, upload+patience(f.outcome), target)
			want(t, o, f.outcome, f.words...)
			if o.Outcome == probes.OK && (o.Verified != 16*unit.MiB || o.Sent != 16*unit.MiB) {
				t.Errorf("%v sent, %v acknowledged, want 16 MiB of both", o.Sent, o.Verified)
			}
			if o.Outcome != probes.OK && o.Verified != 0 {
				t.Errorf("%v acknowledged by a failed upload", o.Verified)
			}
		})
	}
}
