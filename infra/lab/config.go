package lab

import (
	"context"
	"crypto/tls"
	"embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"text/template"
	"time"

	"loadline/infra/lab/pki"
)

//go:embed template
var templates embed.FS

// Frontend is one port on which a balancer listens.
type Frontend struct {
	Name string // default front1, front2, …
	TCP  bool   // pass bytes (layer 4) instead of requests
	TLS  bool   // with a certificate of Proxy.CA
	ALPN string // offered over TLS, for example "h2,http/1.1"; empty: HTTP/1.1 only

	// Lines go into the frontend as they are written: into the frontend section
	// of HAProxy, into the server block of nginx.
	Lines []string
	// Bind follows the bind address of HAProxy or the listen address of nginx.
	Bind string
}

// Server is one server behind a balancer.
type Server struct {
	Name string // default server1, server2, …
	Addr string // host:port
	TLS  bool   // speak TLS to it, trusting Proxy.CA
	// Extra follows the server's line as it is written.
	Extra string
}

// Proxy describes a balancer with one pool of servers behind all its
// frontends. Lines are in the product's own language; a line that the product
// does not understand is an error of Start that quotes the product.
type Proxy struct {
	Name      string // default haproxy or nginx
	CA        *pki.CA
	Names     []string // in the certificate; default pki.DefaultNames
	Frontends []Frontend
	Servers   []Server
	Balance   string // HAProxy: the algorithm, default roundrobin; nginx: a directive such as ip_hash

	Global  []string // HAProxy: global section; nginx: http block
	Backend []string // HAProxy: backend section; nginx: location block
}

// readyPath is answered by the balancer itself, so that it can be seen to work
// with no server behind it.
const readyPath = "/-/ready"

// complete fills in what the description leaves open.
func (p Proxy) complete(product string) (Proxy, error) {
	if p.Name == "" {
		p.Name = product
	}
	if len(p.Frontends) == 0 || len(p.Servers) == 0 {
		return p, fmt.Errorf("%s: needs at least one frontend and one server", p.Name)
	}
	if len(p.Names) == 0 {
		p.Names = pki.DefaultNames
	}
	p.Frontends = append([]Frontend(nil), p.Frontends...)
	p.Servers = append([]Server(nil), p.Servers...)
	for i := range p.Frontends {
		f := &p.Frontends[i]
		if f.Name == "" {
			f.Name = fmt.Sprintf("front%d", i+1)
		}
		if f.TLS && p.CA == nil {
			return p, fmt.Errorf("%s: frontend %s speaks TLS but there is no authority (set Proxy.CA)", p.Name, f.Name)
		}
	}
	for i := range p.Servers {
		s := &p.Servers[i]
		if s.Name == "" {
			s.Name = fmt.Sprintf("server%d", i+1)
		}
		if _, _, err := net.SplitHostPort(s.Addr); err != nil {
			return p, fmt.Errorf("%s: server %s: address %q: %w", p.Name, s.Name, s.Addr, err)
		}
		if s.TLS && p.CA == nil {
			return p, fmt.Errorf("%s: server %s speaks TLS but there is no authority (set Proxy.CA)", p.Name, s.Name)
		}
	}
	return p, nil
}

// files are the key material of the proxy, by file name.
func (p Proxy) files() (map[string][]byte, error) {
	files := make(map[string][]byte)
	if p.CA == nil {
		return files, nil
	}
	pair, err := p.CA.Server(p.Names...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	files["ca.pem"], files["tls.crt"], files["tls.key"] = p.CA.PEM(), pair.Cert, pair.Key
	files["tls.pem"] = pair.Combined()
	return files, nil
}

// rendering is what a template sees.
type rendering struct {
	Proxy
	Ports []int // of the frontends, in their order
	Ready string
	User  string // for nginx's worker: root, when root runs it, may read what root wrote
}

// Listen is the address of frontend i.
func (r rendering) Listen(i int) string { return fmt.Sprintf("127.0.0.1:%d", r.Ports[i]) }

// FD is the file descriptor on which frontend i finds its socket.
func (r rendering) FD(i int) int { return firstFD + i }

// HTTP2 says whether frontend f is to offer HTTP/2.
func (r rendering) HTTP2(f Frontend) bool { return strings.Contains(f.ALPN, "h2") }

func (p Proxy) render(file string, lns []*net.TCPListener) ([]byte, error) {
	t, err := template.ParseFS(templates, "template/"+file)
	if err != nil {
		return nil, fmt.Errorf("%s: template %s: %w", p.Name, file, err)
	}
	r := rendering{Proxy: p, Ready: readyPath}
	if os.Geteuid() == 0 {
		r.User = "root"
	}
	for _, ln := range lns {
		r.Ports = append(r.Ports, ln.Addr().(*net.TCPAddr).Port)
	}
	var b strings.Builder
	if err := t.Execute(&b, r); err != nil {
		return nil, fmt.Errorf("%s: template %s: %w", p.Name, file, err)
	}
	return []byte(b.String()), nil
}

// ready asks each frontend for the balancer's own answer. One that passes
// bytes only has none; there an accepted connection has to do.
func (p Proxy) ready(lns []*net.TCPListener) func(context.Context) error {
	return func(ctx context.Context) error {
		for i, f := range p.Frontends {
			addr := lns[i].Addr().String()
			if f.TCP {
				continue
			}
			if err := p.ask(ctx, f, addr); err != nil {
				return fmt.Errorf("frontend %s on %s: %w", f.Name, addr, err)
			}
		}
		return nil
	}
}

func (p Proxy) ask(ctx context.Context, f Frontend, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	tr := &http.Transport{DisableKeepAlives: true}
	scheme := "http"
	if f.TLS {
		scheme = "https"
		tr.TLSClientConfig = &tls.Config{RootCAs: p.CA.Pool(), ServerName: p.Names[0]}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+addr+readyPath, nil)
	if err != nil {
		return err
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answers %s", readyPath, resp.Status)
	}
	return nil
}
