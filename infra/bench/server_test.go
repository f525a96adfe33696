//go:build linux

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab/origin"
	"loadline/infra/lab/pki"
)

// serverSpec asks for an origin; with Dir it speaks TLS and leaves the
// authority's certificate there.
type serverSpec struct {
	Dir   string
	Store origin.Store
}

// server is where clients find it; Nothing is the path of a body of next to
// nothing.
type server struct{ URL, CA, Nothing string }

func becomeOrigin(spec []byte) (worker, error) {
	var s serverSpec
	if err := json.Unmarshal(spec, &s); err != nil {
		return worker{}, err
	}
	o := origin.Options{Store: s.Store}
	at := server{Nothing: "/bytes/0"}
	if s.Dir != "" {
		ca, err := pki.NewCA()
		if err != nil {
			return worker{}, err
		}
		o.CA, at.CA = ca, filepath.Join(s.Dir, "ca.pem")
		if err := os.WriteFile(at.CA, ca.PEM(), 0o600); err != nil {
			return worker{}, err
		}
	}
	running, err := origin.New(o)
	if err != nil {
		return worker{}, err
	}
	if err := running.Start(context.Background()); err != nil {
		return worker{}, err
	}
	at.URL = running.URL()
	return worker{greeting: at, turn: func() (any, error) { return running.Totals().BytesIn, nil }, end: func() { _ = running.Stop() }}, nil
}

// startOrigin starts the lab's origin in a process of its own.
func startOrigin(t *testing.T, store origin.Store, tls bool) (server, *child) {
	t.Helper()
	spec := serverSpec{Store: store}
	if tls {
		spec.Dir = t.TempDir()
	}
	var at server
	c := start(t, "origin", spec, &at)
	return at, c
}

// nginx is a real one with two workers, which keeps what is PUT to it.
type nginx struct{ url, dir string }

const nginxConfig = `daemon off; %[3]s pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 2;
events { worker_connections 512; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; client_max_body_size 0;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen %[2]s; root %[1]s;
    location = /status { stub_status; }
    location /files/ { dav_methods PUT DELETE; create_full_put_path on; }
  }
}`

func startNginx(t *testing.T) nginx {
	t.Helper()
	path := look(t, "nginx")
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	at := l.Addr().String()
	must(t, l.Close())
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // else its workers could not read the test's folder
	}
	must(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, nginxConfig, dir, at, user), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "small"), make([]byte, 1<<10), 0o644))
	cmd := exec.Command(path, "-c", filepath.Join(dir, "nginx.conf"), "-e", filepath.Join(dir, "error.log"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for range 200 {
		if c, err := net.Dial("tcp", at); err == nil {
			_ = c.Close()
			return nginx{"http://" + at, dir}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx does not answer")
	return nginx{}
}

// settled is requests, once what an earlier client left under way is answered:
// some end with requests sent that nobody waits for.
func (n nginx) settled(t *testing.T) float64 {
	t.Helper()
	before := n.requests(t)
	for range 100 {
		time.Sleep(20 * time.Millisecond)
		now := n.requests(t)
		if now == before+1 {
			return now
		}
		before = now
	}
	t.Fatal("nginx is still answering somebody")
	return 0
}

// requests is how many requests nginx has answered before this one.
func (n nginx) requests(t *testing.T) float64 {
	t.Helper()
	resp, err := http.Get(n.url + "/status")
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	http.DefaultClient.CloseIdleConnections()
	lines := strings.Split(string(text), "\n")
	if len(lines) < 3 {
		t.Fatalf("nginx has no stub_status: %s", text)
	}
	counts := strings.Fields(lines[2])
	total, err := strconv.ParseFloat(counts[len(counts)-1], 64)
	must(t, err)
	return total - 1
}
