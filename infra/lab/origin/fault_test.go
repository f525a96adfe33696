package origin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab/pki"
)

const bodySize = 3_000_000

// twins runs check against an origin with the faults and against a healthy
// one; a check that sees no difference sees nothing.
func twins(t *testing.T, faults string, see func(t *testing.T, o *Origin, c *http.Client) string) (sick, healthy string) {
	t.Helper()
	a, b := start(t, Options{}, strings.Split(faults, "; ")...), start(t, Options{})
	return see(t, a, client(t, a)), see(t, b, client(t, b))
}

// TestFaultsShowOnTheWire has one line per fault: what a client sees of three
// uploads and downloads, sick and healthy.
func TestFaultsShowOnTheWire(t *testing.T) {
	bodies := [][]byte{random(10, bodySize), random(11, bodySize), random(12, bodySize)}
	for _, x := range []struct {
		faults        string
		see           func(*testing.T, *Origin, *http.Client, [][]byte) string
		sick, healthy string
	}{
		{"lose every=3", stored, "whole whole absent", "whole whole whole"},
		{"corrupt on=upload every=2 at=1000", stored, "whole byte 1000 differs whole", "whole whole whole"},
		{"corrupt on=download every=2 at=99MB", stored, "whole byte 2999999 differs whole", "whole whole whole"},
		{"zero-tail on=upload every=3 size=4096", stored, "whole whole byte 2995904 differs", "whole whole whole"},
		{"zero-tail on=download every=3 size=4096", stored, "whole whole byte 2995904 differs", "whole whole whole"},
		{"truncate on=upload every=3 size=1000", stored, "whole whole 2999000 bytes, clean", "whole whole whole"},
		{"truncate on=download every=3 size=1000", stored, "whole whole 2999000 bytes, clean", "whole whole whole"},
		{"swap on=upload skip=2", stored, "whole body of 2 body of 1", "whole whole whole"},
		{"swap on=download skip=2", stored, "whole whole body of 1", "whole whole whole"},
		{"cut on=download every=3 at=1MB", stored, "whole whole 1000000 bytes, unexpected EOF", "whole whole whole"},
		{"cut on=download every=3 at=1MB; no-length", stored, "whole whole 1000000 bytes, unexpected EOF", "whole whole whole"},
		{"refuse on=download every=2 status=503", stored, "whole status 503 whole", "whole whole whole"},
		{"duplicate every=2", receipts, "1 2 1", "1 1 1"},
		{"lose every=2", receipts, "1 0 1", "1 1 1"},
		{"refuse on=upload every=3 status=504 store=true", answers, "201/1 201/1 504/1", "201/1 201/1 201/1"},
		{"refuse on=upload every=3 status=503", answers, "201/1 201/1 503/0", "201/1 201/1 201/1"},
		{"refuse on=upload above=2999999 status=413", answers, "413/0 413/0 413/0", "201/1 201/1 201/1"},
		{"refuse on=upload above=3MB status=413", answers, "201/1 201/1 201/1", "201/1 201/1 201/1"},
		{"redirect on=upload every=3", answers, "201/1 201/1 307/0", "201/1 201/1 201/1"},
		{"cut on=upload every=3 at=1MB", answers, "201/1 201/1 broken/0", "201/1 201/1 201/1"},
	} {
		t.Run(x.faults, func(t *testing.T) {
			sick, healthy := twins(t, x.faults, func(t *testing.T, o *Origin, c *http.Client) string { return x.see(t, o, c, bodies) })
			if sick != x.sick || healthy != x.healthy {
				t.Errorf("sick    %q, want %q\nhealthy %q, want %q", sick, x.sick, healthy, x.healthy)
			}
		})
	}
}

// stored puts the bodies and says what comes back for each.
func stored(t *testing.T, o *Origin, c *http.Client, bodies [][]byte) string {
	for i, b := range bodies {
		if r := put(t, c, o, fmt.Sprint("obj-", i), b); r.status != 201 {
			t.Fatalf("PUT %d: %+v", i, r)
		}
	}
	var seen []string
	for i := range bodies {
		seen = append(seen, describe(get(t, c, o, fmt.Sprint("obj-", i)), i, bodies))
	}
	return strings.Join(seen, " ")
}

func describe(r reply, i int, bodies [][]byte) string {
	switch {
	case r.status == 404:
		return "absent"
	case r.status != 200:
		return fmt.Sprintf("status %d", r.status)
	case r.err != nil:
		return fmt.Sprintf("%d bytes, %v", len(r.body), r.err)
	case len(r.body) != len(bodies[i]):
		return fmt.Sprintf("%d bytes, clean", len(r.body))
	case bytes.Equal(r.body, bodies[i]):
		return "whole"
	}
	for j, b := range bodies {
		if bytes.Equal(r.body, b) {
			return fmt.Sprintf("body of %d", j)
		}
	}
	at := 0
	for r.body[at] == bodies[i][at] {
		at++
	}
	return fmt.Sprintf("byte %d differs", at)
}

// receipts puts the bodies and says how often each was stored.
func receipts(t *testing.T, o *Origin, c *http.Client, bodies [][]byte) string {
	var seen []string
	for i, b := range bodies {
		put(t, c, o, fmt.Sprint("obj-", i), b)
		seen = append(seen, fmt.Sprint(o.Stats(fmt.Sprint("obj-", i)).Receipts))
	}
	return strings.Join(seen, " ")
}

// answers puts the bodies and says status/receipts of each.
func answers(t *testing.T, o *Origin, c *http.Client, bodies [][]byte) string {
	var seen []string
	for i, b := range bodies {
		r := put(t, c, o, fmt.Sprint("obj-", i), b)
		status := fmt.Sprint(r.status)
		// A server that refuses without reading may close before the body has
		// gone out; the client then sees the broken pipe or the answer.
		if r.err != nil && o.Faults().State() != nil {
			status = "broken"
			if f := o.Faults().State()[0].Fault; strings.HasPrefix(f, "refuse") {
				status = f[strings.Index(f, "status=")+7:][:3]
			} else if strings.HasPrefix(f, "redirect") {
				status = "307"
			}
		}
		seen = append(seen, fmt.Sprintf("%s/%d", status, o.Stats(fmt.Sprint("obj-", i)).Receipts))
	}
	return strings.Join(seen, " ")
}

func TestTimeFaults(t *testing.T) {
	body := random(20, 4<<20)
	for _, x := range []struct {
		fault   string
		atLeast time.Duration
		do      func(*testing.T, *Origin, *http.Client) reply
	}{
		{"slow on=upload delay=400ms", 400 * time.Millisecond, upload(body)},
		{"slow on=download delay=400ms", 400 * time.Millisecond, download},
		{"commit delay=100ms", 400 * time.Millisecond, upload(body)},
		{"rate on=upload rate=10MB at=194304", 390 * time.Millisecond, upload(body)},
		{"rate on=download rate=10MB at=194304", 390 * time.Millisecond, download},
	} {
		t.Run(x.fault, func(t *testing.T) {
			took := func(lines ...string) time.Duration {
				o := start(t, Options{}, lines...)
				c := client(t, o)
				if x.fault[:4] != "comm" && strings.Contains(x.fault, "download") {
					put(t, c, o, "x", body)
				}
				r := x.do(t, o, c)
				if r.err != nil || r.status >= 300 {
					t.Fatalf("%+v", r.err)
				}
				return r.elapsed
			}
			sick, healthy := took(x.fault), took()
			if sick < x.atLeast || sick > x.atLeast+2*time.Second || healthy > x.atLeast*3/4 {
				t.Errorf("sick %v, healthy %v, want at least %v and much less", sick, healthy, x.atLeast)
			}
		})
	}
}

func upload(body []byte) func(*testing.T, *Origin, *http.Client) reply {
	return func(t *testing.T, o *Origin, c *http.Client) reply { return put(t, c, o, "x", body) }
}

func download(t *testing.T, o *Origin, c *http.Client) reply { return get(t, c, o, "x") }

// TestSilences are the faults under which a client waits for ever: each is
// seen by a client that gives up.
func TestSilences(t *testing.T) {
	body := random(21, 1<<20)
	for _, x := range []struct {
		fault string
		do    func(*testing.T, *Origin, *http.Client) reply
		got   int // bytes of the body that arrived first
	}{
		{"silent on=upload", upload(body), 0},
		{"silent on=download", download, 0},
		{"stall on=download at=100000", download, 100_000},
		{"stall on=upload at=100000", upload(random(22, 64<<20)), 0},
	} {
		t.Run(x.fault, func(t *testing.T) {
			o := start(t, Options{})
			c := client(t, o)
			put(t, c, o, "x", body)
			f := start(t, Options{}, x.fault)
			f.table.put("x", mustStore(t, f, body), 1)
			c.Timeout = 500 * time.Millisecond
			var timeout net.Error
			if r := x.do(t, f, c); !errors.As(r.err, &timeout) || !timeout.Timeout() || len(r.body) != x.got {
				t.Errorf("%d bytes, error %v; want %d and a timeout", len(r.body), r.err, x.got)
			}
			c.Timeout = 20 * time.Second
			if r := x.do(t, o, c); r.err != nil {
				t.Errorf("the healthy twin: %v", r.err)
			}
		})
	}
}

func mustStore(t *testing.T, o *Origin, body []byte) *content {
	t.Helper()
	c, err := o.arena.store(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSilentUploadIsStored(t *testing.T) {
	o := start(t, Options{}, "silent on=upload")
	c := client(t, o)
	c.Timeout = 300 * time.Millisecond
	put(t, c, o, "x", random(1, 1000))
	if s := o.Stats("x"); s.Receipts != 1 {
		t.Errorf("%+v", s)
	}
}

func TestResetIsAReset(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		for _, line := range []string{"reset on=download at=0", "reset on=upload at=1000"} {
			ca, err := pki.NewCA()
			if err != nil {
				t.Fatal(err)
			}
			o := start(t, Options{CA: ca, HTTP1Only: http1}, line)
			o.table.put("x", mustStore(t, o, make([]byte, 1000)), 1)
			c := client(t, o)
			r := get(t, c, o, "x")
			if strings.Contains(line, "upload") {
				r = put(t, c, o, "x", make([]byte, 8<<20))
			}
			// A transport that is writing may take the reset for its own closing
			// of the connection, and then read a mere end.
			if !errors.Is(r.err, syscall.ECONNRESET) && !errors.Is(r.err, syscall.EPIPE) &&
				!errors.Is(r.err, net.ErrClosed) && (http1 || !errors.Is(r.err, io.ErrUnexpectedEOF)) {
				t.Errorf("%s, HTTP/1.1 only %v: %v", line, http1, r.err)
			}
		}
	}
}

func TestEarlyAnswerKeepsReading(t *testing.T) {
	o := start(t, Options{}, "early at=100000")
	conn, err := net.Dial("tcp", o.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	const size = 1_000_000
	fmt.Fprintf(conn, "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
	conn.Write(make([]byte, 100_000))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != 201 {
		t.Fatalf("no answer before the body's end: %+v, %v", resp, err)
	}
	if _, err := conn.Write(make([]byte, size-100_000)); err != nil {
		t.Fatalf("the rest was not taken: %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); o.Totals().BytesIn < size && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if tot := o.Totals(); tot.BytesIn != size || tot.Receipts != 0 {
		t.Errorf("%+v", tot)
	}
}

func TestStaleServesTheGenerationBefore(t *testing.T) {
	first, second := random(1, 1000), random(2, 1000)
	sick, healthy := twins(t, "stale every=2", func(t *testing.T, o *Origin, c *http.Client) string {
		put(t, c, o, "x", first)
		put(t, c, o, "x", second)
		var seen []string
		for range 2 {
			r := get(t, c, o, "x")
			seen = append(seen, map[bool]string{true: "old", false: "new"}[bytes.Equal(r.body, first)])
		}
		return strings.Join(seen, " ")
	})
	if sick != "new old" || healthy != "new new" {
		t.Errorf("sick %q, healthy %q", sick, healthy)
	}
}

// TestHTTP10EndHidesACut is the mechanism of the truncated answer with status
// 200: without a length, the end of the connection is the end of the body.
func TestHTTP10EndHidesACut(t *testing.T) {
	see := func(t *testing.T, o *Origin, _ *http.Client) string {
		o.table.put("x", mustStore(t, o, make([]byte, 1_000_000)), 1)
		conn, err := net.Dial("tcp", o.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /files/x HTTP/1.0\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return fmt.Sprint(resp.StatusCode, " ", n, " ", err)
	}
	sick, healthy := twins(t, "cut on=download at=300000; no-length", see)
	if sick != "200 300000 <nil>" || healthy != "200 1000000 <nil>" {
		t.Errorf("sick %q, healthy %q", sick, healthy)
	}
}

func TestFreezeStopsEverythingForItsTime(t *testing.T) {
	o := start(t, Options{})
	c := client(t, o)
	put(t, c, o, "x", random(1, 1000))
	o.Faults().Freeze(400 * time.Millisecond)
	if r := get(t, c, o, "x"); r.elapsed < 350*time.Millisecond || r.elapsed > 5*time.Second || r.status != 200 {
		t.Errorf("during the freeze: %v, status %d", r.elapsed, r.status)
	}
	if r := get(t, c, o, "x"); r.elapsed > 300*time.Millisecond {
		t.Errorf("after the freeze: %v", r.elapsed)
	}
}

func TestControlEndpoint(t *testing.T) {
	o := start(t, Options{Control: "127.0.0.1:0"})
	c := client(t, o)
	if r := do(t, c, "POST", o.ControlURL()+"/-/faults", strings.NewReader("lose")); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	put(t, c, o, "x", []byte("ahoy"))
	if s := o.Stats("x"); s.Receipts != 0 || s.Received != 1 {
		t.Errorf("%+v", s)
	}
	if r := do(t, c, "GET", o.ControlURL()+"/-/stats", nil); !strings.Contains(string(r.body), `"received":1`) {
		t.Errorf("%s", r.body)
	}
	if _, err := New(Options{}); err != nil {
		t.Error(err)
	}
	bad, _ := New(Options{Control: "0.0.0.0:0"})
	if err := bad.Start(context.Background()); err == nil {
		bad.Stop()
		t.Error("a control endpoint off loopback was started")
	}
}
