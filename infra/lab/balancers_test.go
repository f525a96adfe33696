package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab/origin"
	"loadline/infra/lab/pki"
)

// need skips a test of a program that is not installed, except in CI, where
// nothing may be missing.
func need(t testing.TB, program string) {
	t.Helper()
	if _, err := Find(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// balancer is what the tests need of either product.
type labBalancer interface {
	Service
	Addr(i int) string
	Pid() int
	ConfigPath() string
}

func newBalancer(t testing.TB, product string, p Proxy) (labBalancer, error) {
	t.Helper()
	need(t, product)
	if product == "nginx" {
		return NewNginx(p)
	}
	return NewHAProxy(p)
}

func startService(t testing.TB, s Service) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func newOrigin(t testing.TB, o origin.Options) *origin.Origin {
	t.Helper()
	s, err := origin.New(o)
	if err != nil {
		t.Fatal(err)
	}
	startService(t, s)
	return s
}

func newCA(t testing.TB) *pki.CA {
	t.Helper()
	ca, err := pki.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// dialing is a client that connects to addr whatever the URL says.
func dialing(t testing.TB, ca *pki.CA, addr string) *http.Client {
	t.Helper()
	tr := &http.Transport{
		ForceAttemptHTTP2: true, ReadBufferSize: 256 << 10, WriteBufferSize: 256 << 10,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		},
	}
	if ca != nil {
		tr.TLSClientConfig = &tls.Config{RootCAs: ca.Pool()}
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute}
}

var products = []string{"haproxy", "nginx"}

func TestBalancersPassRequestsOn(t *testing.T) {
	for _, product := range products {
		t.Run(product, func(t *testing.T) {
			ca := newCA(t)
			o := newOrigin(t, origin.Options{ID: "o1"})
			b, err := newBalancer(t, product, Proxy{
				CA:        ca,
				Frontends: []Frontend{{}, {TLS: true}, {TLS: true, ALPN: "h2,http/1.1"}},
				Servers:   []Server{{Addr: o.Addr()}},
				Global:    map[string][]string{"nginx": {"client_max_body_size 0;"}}[product],
			})
			if err != nil {
				t.Fatal(err)
			}
			startService(t, b)
			for i, want := range []string{"HTTP/1.1", "HTTP/1.1", "HTTP/2.0"} {
				c := dialing(t, ca, b.Addr(i))
				base := "https://files.lab.test"
				if i == 0 {
					base = "http://files.lab.test"
				}
				body := bytes.Repeat([]byte("loadline"), 200_000)
				req, _ := http.NewRequestWithContext(t.Context(), "PUT", fmt.Sprintf("%s/files/obj-%d", base, i), bytes.NewReader(body))
				resp, err := c.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 201 || resp.Proto != want || resp.Header.Get("X-Backend") != "o1" {
					t.Errorf("PUT: %s %s %v", resp.Status, resp.Proto, resp.Header)
				}
				resp, err = c.Get(fmt.Sprintf("%s/files/obj-%d", base, i))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("GET: %d bytes, %v", len(got), err)
				}
			}
			if o.Totals().Receipts != 3 {
				t.Errorf("%+v", o.Totals())
			}
		})
	}
}

func TestServersBehindTLS(t *testing.T) {
	for _, product := range products {
		t.Run(product, func(t *testing.T) {
			ca := newCA(t)
			o := newOrigin(t, origin.Options{CA: ca, HTTP1Only: true})
			b, err := newBalancer(t, product, Proxy{CA: ca, Frontends: []Frontend{{}}, Servers: []Server{{Addr: o.Addr(), TLS: true}}})
			if err != nil {
				t.Fatal(err)
			}
			startService(t, b)
			resp, err := dialing(t, nil, b.Addr(0)).Get("http://files.lab.test/bytes/1000")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Error(resp.Status)
			}
		})
	}
}

func TestHAProxyPassesBytes(t *testing.T) {
	ca := newCA(t)
	o := newOrigin(t, origin.Options{CA: ca})
	b, err := newBalancer(t, "haproxy", Proxy{Frontends: []Frontend{{TCP: true}}, Servers: []Server{{Addr: o.Addr()}}})
	if err != nil {
		t.Fatal(err)
	}
	startService(t, b)
	resp, err := dialing(t, ca, b.Addr(0)).Get("https://files.lab.test/bytes/1000")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Proto != "HTTP/2.0" || resp.StatusCode != 200 {
		t.Error(resp.Proto, resp.Status)
	}
}

// alive says whether the process pid exists and is not a zombie.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func TestStopAndContextEndTheProcessAndItsFiles(t *testing.T) {
	for _, product := range products {
		for _, how := range []string{"stop", "context"} {
			t.Run(product+" by "+how, func(t *testing.T) {
				b, err := newBalancer(t, product, Proxy{Frontends: []Frontend{{}}, Servers: []Server{{Addr: "127.0.0.1:1"}}})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if err := b.Start(ctx); err != nil {
					t.Fatal(err)
				}
				pid, config := b.Pid(), b.ConfigPath()
				if _, err := os.Stat(config); err != nil || !alive(pid) {
					t.Fatalf("not running: %v", err)
				}
				if how == "stop" {
					if err := b.Stop(); err != nil {
						t.Error(err)
					}
				} else {
					cancel()
				}
				eventually(t, "the process ends", func() bool { return !alive(pid) })
				eventually(t, "its directory goes", func() bool { _, err := os.Stat(filepath.Dir(config)); return errors.Is(err, os.ErrNotExist) })
				if err := b.Stop(); err != nil {
					t.Errorf("the second Stop: %v", err)
				}
			})
		}
	}
}

func TestBadConfigurationIsQuoted(t *testing.T) {
	for product, file := range map[string]string{"haproxy": "haproxy.cfg", "nginx": "nginx.conf"} {
		t.Run(product, func(t *testing.T) {
			b, err := newBalancer(t, product, Proxy{Frontends: []Frontend{{}}, Servers: []Server{{Addr: "127.0.0.1:1"}}, Global: []string{"bananas on;"}})
			if err != nil {
				t.Fatal(err)
			}
			err = b.Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "bananas") {
				t.Errorf("error %v", err)
			}
			if _, serr := os.Stat(b.ConfigPath()); serr != nil {
				t.Errorf("the configuration named in the error is gone: %v", serr)
			}
			if err := b.Stop(); err != nil {
				t.Error(err)
			}
			if _, serr := os.Stat(filepath.Dir(b.ConfigPath())); serr == nil {
				t.Error("Stop left the directory")
			}
		})
	}
}

func TestFindSaysHowToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Find("no-such-server"); !errors.Is(err, ErrNotInstalled) {
		t.Error(err)
	}
	packages["no-such-server"] = "some-package"
	defer delete(packages, "no-such-server")
	if _, err := Find("no-such-server"); err == nil || !strings.Contains(err.Error(), "not installed: apt-get install some-package") {
		t.Error(err)
	}
}

func TestIncompleteProxies(t *testing.T) {
	need(t, "haproxy")
	for want, p := range map[string]Proxy{
		"at least one":         {},
		"there is no authorit": {Frontends: []Frontend{{TLS: true}}, Servers: []Server{{Addr: "x:1"}}},
		"address":              {Frontends: []Frontend{{}}, Servers: []Server{{Addr: "x"}}},
	} {
		if _, err := NewHAProxy(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
	if _, err := NewNginx(Proxy{Frontends: []Frontend{{TCP: true}}, Servers: []Server{{Addr: "x:1"}}}); err == nil {
		t.Error("nginx took a TCP frontend")
	}
}

// TestNothingOutlivesAKilledParent starts both balancers in a child of the
// test, kills that child without warning, and looks for its children.
func TestNothingOutlivesAKilledParent(t *testing.T) {
	need(t, "haproxy")
	need(t, "nginx")
	child := exec.Command(os.Args[0], "-test.run=^TestHelperHoldsBalancers$")
	child.Env = append(os.Environ(), "LOADLINE_LAB_HELPER=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var haproxy, nginx, worker int
	var dirs [2]string
	if _, err := fmt.Fscanln(bufio.NewReader(out), &haproxy, &nginx, &worker, &dirs[0], &dirs[1]); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		defer os.RemoveAll(dir) // nobody is left to do it
	}
	child.Process.Kill()
	child.Wait()
	for _, pid := range []int{haproxy, nginx, worker} {
		eventually(t, fmt.Sprintf("process %d ends", pid), func() bool { return !alive(pid) })
	}
}

// TestHelperHoldsBalancers is no test: it is the child that gets killed.
func TestHelperHoldsBalancers(t *testing.T) {
	if os.Getenv("LOADLINE_LAB_HELPER") == "" {
		t.Skip("only as a child of TestNothingOutlivesAKilledParent")
	}
	p := Proxy{Frontends: []Frontend{{}}, Servers: []Server{{Addr: "127.0.0.1:1"}}}
	h, _ := newBalancer(t, "haproxy", p)
	n, _ := newBalancer(t, "nginx", p)
	startService(t, h)
	startService(t, n)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", n.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(h.Pid(), n.Pid(), strings.TrimSpace(string(children)), filepath.Dir(h.ConfigPath()), filepath.Dir(n.ConfigPath()))
	time.Sleep(time.Minute)
}

// trusting trusts the authority in a file.
func trusting(t testing.TB, file string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", file)
	}
	return &tls.Config{RootCAs: pool}
}
