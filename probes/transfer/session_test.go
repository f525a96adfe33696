package transfer_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
)

// TestRedirects: none is followed unasked, and none further than asked, or with
// the secrets to another origin.
func TestRedirects(t *testing.T) {
	other := newOrigin(t, flavour{})
	o := newOrigin(t, flavour{})
	o.bending(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/files/") {
			http.Redirect(w, r, "/moved"+strings.TrimPrefix(r.URL.Path, "/files"), http.StatusTemporaryRedirect)
			return true
		}
		if strings.HasPrefix(r.URL.Path, "/away/") {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusPermanentRedirect)
			return true
		}
		if strings.HasPrefix(r.URL.Path, "/loop/") {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}
		return false
	})
	t.Run("not followed", func(t *testing.T) {
		want(t, do(t, uploadWork, o.target(t)), probes.Status, "answered 307 Temporary Redirect", " to /moved/", "; redirects are not followed unless asked")
	})
	t.Run("followed", func(t *testing.T) {
		got := do(t, uploadWork+"redirects: 1\n", o.target(t))
		want(t, got, probes.OK)
		if stored, _ := o.get(got.Name); len(stored) != 300<<10 {
			t.Errorf("%d bytes stored, want 300 KiB", len(stored))
		}
	})
	t.Run("to another origin, without the secrets", func(t *testing.T) {
		t.Setenv("LL_TEST_TOKEN", "canary-7f3a")
		work := strings.Replace(uploadWork, "/files/", "/away/", 1) + "redirects: 2\nheaders: {Authorization: {env: LL_TEST_TOKEN}}\n"
		want(t, do(t, work, o.target(t)), probes.OK)
		if o.last().Header.Get("Authorization") != "canary-7f3a" {
			t.Error("the target itself did not get the secret")
		}
		if got := other.last().Header.Get("Authorization"); got != "" {
			t.Error("the secret went to another origin")
		}
	})
	t.Run("loop", func(t *testing.T) {
		work := "kind: http.transfer\ndirection: download\npath: /loop/x\nfixture: existing\nexpect: {size: 1KiB}\nredirects: 3\n"
		want(t, do(t, work, o.target(t)), probes.Status, "redirects end after 3: answered 302 Found to /loop/x")
	})
}

func TestAuthenticationAndSecrets(t *testing.T) {
	const canary = "s3cr3t-canary-91"
	t.Setenv("LL_TEST_SECRET", canary)
	secret := &scenarios.Secret{Env: "LL_TEST_SECRET"}
	o := newOrigin(t, flavour{})
	// The worst case: the server repeats what it was sent, wherever it can.
	echo := func(w http.ResponseWriter, r *http.Request) bool {
		all := r.Header.Get("Authorization") + r.Header.Get("X-Key")
		if all == "" {
			return false
		}
		w.Header().Set("Via", all)
		w.Header().Set("X-Backend", all)
		w.Header().Set("X-Request-Id", all)
		w.Header().Set("Location", "/"+url.QueryEscape(all))
		http.Error(w, all, http.StatusForbidden)
		return true
	}
	for name, c := range map[string]struct {
		auth  scenarios.Auth
		extra string
		sent  string
	}{
		"bearer": {auth: scenarios.Auth{Bearer: secret}, sent: "Bearer " + canary},
		"basic":  {auth: scenarios.Auth{User: "release", Password: secret}, sent: "Basic cmVsZWFzZTpzM2NyM3QtY2FuYXJ5LTkx"},
		"header": {extra: "headers: {X-Key: {env: LL_TEST_SECRET}}\n", sent: canary},
	} {
		t.Run(name, func(t *testing.T) {
			target := o.target(t)
			target.Auth = c.auth
			o.bending(nil)
			b := probetest.Open(t, transfer.Probe{}, uploadWork+c.extra, target)
			ok(t, b)
			r := o.last()
			if got := r.Header.Get("Authorization") + r.Header.Get("X-Key"); got != c.sent {
				t.Errorf("sent %q, want %q", got, c.sent)
			}
			o.bending(echo)
			got := b.Do(context.Background(), b.Op(0))
			want(t, got, probes.Status, "403")
			k := b.Session.(probes.Keeper)
			said := fmt.Sprintf("%+v %v %s %+v", got, got.Err, b.Spec.Identity(), k.Audit(context.Background(), probes.Kept{Name: "x", Size: 1}))
			said += fmt.Sprint(k.Remove(context.Background(), probes.Kept{Name: "x"}))
			for _, s := range []string{canary, c.sent} {
				if strings.Contains(said, s) {
					t.Errorf("the secret is in what was reported: %s", said)
				}
			}
		})
	}
	for name, work := range map[string]string{
		"unset":   "headers: {X-Key: {env: LL_TEST_NOT_SET}}\n",
		"no file": "headers: {X-Key: {file: /no/such/file}}\n",
	} {
		if _, err := probetest.TryOpen(t, transfer.Probe{}, uploadWork+work, o.target(t)); err == nil || !strings.Contains(err.Error(), "X-Key") {
			t.Errorf("%s: Open says %v, want an error that names the header", name, err)
		}
	}
}

func TestEvidence(t *testing.T) {
	o := newOrigin(t, flavour{})
	b := probetest.Open(t, transfer.Probe{}, uploadWork, o.target(t))
	first, second := ok(t, b), ok(t, b)
	r := o.last()
	id := r.Header.Get("X-Request-Id")
	if len(id) != 32 || second.Peer.RequestID != id || first.Peer.RequestID == id {
		t.Errorf("request id %q on the wire, %q and %q observed", id, first.Peer.RequestID, second.Peer.RequestID)
	}
	if tp := r.Header.Get("traceparent"); !strings.HasPrefix(tp, "00-"+id+"-") || len(tp) != 55 {
		t.Errorf("traceparent %q does not carry the request id %s", tp, id)
	}
	if second.Socket.RTT <= 0 || second.Socket.Congestion == "" {
		t.Errorf("socket %+v, want the kernel's view", second.Socket)
	}
}

func TestExistingFixture(t *testing.T) {
	o := newOrigin(t, flavour{})
	o.put("known", []byte("what is there"))
	const work = "kind: http.transfer\ndirection: download\npath: /pub/known?version=1\nfixture: existing\nexpect: {size: 13B, sha256: %s}\n"
	const digest = "a9f0e4a9a2e0cb9d2ba3ae26b6a6f8a0d0a6a1b5d1f5a0ad7f0e1a1f5b7c9d11"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("what is there")))
	got := do(t, fmt.Sprintf(work, sum), o.target(t))
	want(t, got, probes.OK)
	if got.Verified != 13 || o.last().URL.RawQuery != "version=1" {
		t.Errorf("verified %v, query %q", got.Verified, o.last().URL.RawQuery)
	}
	want(t, do(t, fmt.Sprintf(work, digest), o.target(t)), probes.Corrupt, "SHA-256")
	o.put("known", []byte("what is ther"))
	want(t, do(t, fmt.Sprintf(work, sum), o.target(t)), probes.Short)
	if len(o.stores) != 1 {
		t.Errorf("an existing fixture made the probe store %v", o.stores)
	}
}

func TestFixturesAreSharedBetweenArms(t *testing.T) {
	o := newOrigin(t, flavour{})
	around := probetest.Open(t, transfer.Probe{}, downloadWork, o.target(t))
	through := probetest.Open(t, transfer.Probe{}, downloadWork, o.target(t), func(on *probes.On) {
		on.Run, on.Arm.ID, on.Arm.Role = around.Run, "through", scenarios.Candidate
	})
	ok(t, around)
	ok(t, through)
	if n := o.requests("PUT"); n != len(o.stored()) || n != 2 {
		t.Errorf("%d fixtures stored for %d objects", n, len(o.stored()))
	}
	if err := through.Close(context.Background()); err != nil || len(o.stored()) != 2 {
		t.Errorf("the arm that stored nothing left %d objects (%v), want both", len(o.stored()), err)
	}
	if err := around.Close(context.Background()); err != nil || len(o.stored()) != 0 {
		t.Errorf("the arm that stored them left %d objects (%v)", len(o.stored()), err)
	}
}

func TestPrepareOnAnArmThatFails(t *testing.T) {
	o := newOrigin(t, flavour{})
	o.bending(func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, "no", http.StatusMethodNotAllowed)
		return true
	})
	b, err := probetest.TryOpen(t, transfer.Probe{}, downloadWork, o.target(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Prepare(context.Background()); err == nil || !strings.Contains(err.Error(), "405") {
		t.Errorf("Prepare says %v, want why the fixture is not there", err)
	}
	want(t, b.Do(context.Background(), b.Op(0)), probes.Status, "405")
}

func TestReceipts(t *testing.T) {
	o := newOrigin(t, flavour{})
	counter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"objects": []any{map[string]any{"stores": o.stores[strings.TrimPrefix(r.URL.Path, "/stats/")]}}})
	}))
	defer counter.Close()
	b := probetest.Open(t, transfer.Probe{}, uploadWork+"receipts: {url: '"+counter.URL+"/stats/{name}', count: 'objects[0].stores'}\n", o.target(t))
	got := ok(t, b)
	k := b.Session.(probes.Keeper)
	kept := probes.Kept{Name: got.Name}
	if n, asked, err := k.Receipts(context.Background(), kept); n != 1 || !asked || err != nil {
		t.Errorf("receipts %d %v %v, want 1", n, asked, err)
	}
	o.put(got.Name, nil)
	if n, _, err := k.Receipts(context.Background(), kept); n != 2 || err != nil {
		t.Errorf("receipts %d %v after a second store, want 2", n, err)
	}
	none := probetest.Open(t, transfer.Probe{}, uploadWork, o.target(t))
	if _, asked, err := none.Session.(probes.Keeper).Receipts(context.Background(), kept); asked || err != nil {
		t.Errorf("asked %v, %v without a place to ask", asked, err)
	}
	counter.Close()
	if _, asked, err := k.Receipts(context.Background(), kept); !asked || err == nil {
		t.Error("no error when nobody answers")
	}
}

// TestReceiptsMayNeedAPassword: one in the URL is sent, as nothing else can
// name it, and stands in no message; that it stands in no record either is
// tested where records are written.
func TestReceiptsMayNeedAPassword(t *testing.T) {
	const password = "c4n4ry-5ecret"
	o := newOrigin(t, flavour{})
	count := ""
	counter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, sent, _ := r.BasicAuth(); user != "me" || sent != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, count)
	}))
	defer counter.Close()
	place := strings.Replace(counter.URL, "://", "://me:"+password+"@", 1)
	b := probetest.Open(t, transfer.Probe{}, uploadWork+"receipts: {url: '"+place+"/{name}', count: n}\n", o.target(t))
	kept := probes.Kept{Name: ok(t, b).Name}
	for _, c := range []struct {
		answer string
		n      int
		fails  bool
	}{{`{"n": 1}`, 1, false}, {`{"n": "` + password + `"}`, 0, true}} {
		count = c.answer
		n, _, err := b.Session.(probes.Keeper).Receipts(context.Background(), kept)
		if n != c.n || (err != nil) != c.fails || err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("receipts %d, %v", n, err)
		}
	}
}

// TestProxy: the environment's proxy is ignored, the scenario's is used.
func TestProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	o := newOrigin(t, flavour{})
	want(t, do(t, uploadWork, o.target(t)), probes.OK)
	var asked atomic.Value
	proxy := script(t, func(c *net.TCPConn) {
		r, err := readRequest(c)
		if err != nil {
			return
		}
		asked.Store(r)
		up, err := net.Dial("tcp", o.Listener.Addr().String())
		if err != nil {
			return
		}
		defer up.Close()
		fmt.Fprint(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(up, c); _ = up.Close() }()
		_, _ = io.Copy(c, up)
	})
	target := o.target(t)
	target.URL, target.Proxy = "http://files.example.org", proxy.URL
	want(t, do(t, uploadWork, target), probes.OK)
	if got := asked.Load(); got != "CONNECT files.example.org:80 HTTP/1.1" {
		t.Errorf("the proxy was asked for %v", got)
	}
	target.Proxy = script(t, func(c *net.TCPConn) {
		if readHead(c) {
			fmt.Fprint(c, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
		}
	}).URL
	want(t, do(t, uploadWork, target), probes.Refused, "proxy", "407")
	target.Proxy = "http://127.0.0.1:1"
	want(t, do(t, uploadWork, target), probes.Refused, "proxy 127.0.0.1:1 cannot be reached")
}

// readRequest reads a head byte by byte and returns its first line.
func readRequest(c net.Conn) (string, error) {
	var head strings.Builder
	var b [1]byte
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		if _, err := c.Read(b[:]); err != nil {
			return "", err
		}
		head.Write(b[:])
	}
	line, _, _ := strings.Cut(head.String(), "\r\n")
	return line, nil
}

// TestStallTime: pauses of 200 ms and more are counted both ways, shorter ones
// are not.
// TestCut: an op that is cut while a write blocks ends fast and knows what had
// left.
// TestCutWhileSharing: ops that wait for the one connection to be opened are
// cut like the op that opens it.
