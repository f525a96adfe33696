package lab

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
)

// HAProxy is a real HAProxy with one process, started from a Proxy.
type HAProxy struct{ daemon }

// NewHAProxy describes an HAProxy that is not yet started. It fails when the
// program is not installed or p is incomplete.
func NewHAProxy(p Proxy) (*HAProxy, error) {
	d, err := newDaemon("haproxy", p)
	return &HAProxy{d}, err
}

// Start writes the configuration and starts HAProxy in the foreground. The
// listening sockets are handed over open, so ports are never contested.
func (h *HAProxy) Start(ctx context.Context) error {
	return h.launch(ctx, "haproxy.cfg", func(config string) *exec.Cmd {
		return exec.Command(h.program, "-db", "-f", config)
	})
}

// Nginx is a real nginx with one worker, started from a Proxy.
type Nginx struct{ daemon }

// NewNginx describes an nginx that is not yet started. It fails when the
// program is not installed or p is incomplete.
func NewNginx(p Proxy) (*Nginx, error) {
	d, err := newDaemon("nginx", p)
	for _, f := range p.Frontends {
		if f.TCP {
			return nil, fmt.Errorf("%s: frontend %s: the lab's nginx passes requests, not bytes (use HAProxy for TCP)", d.proxy.Name, f.Name)
		}
	}
	return &Nginx{d}, err
}

// Start writes the configuration and starts nginx in the foreground with every
// path inside its own directory, whoever runs it. It keeps its master process:
// without one, nginx 1.22 crashes on sockets that it was handed.
func (n *Nginx) Start(ctx context.Context) error {
	return n.launch(ctx, "nginx.conf", func(config string) *exec.Cmd {
		cmd := exec.Command(n.program, "-p", filepath.Dir(config), "-c", config, "-e", "stderr")
		// nginx takes over sockets that this variable lists, as it does from its
		// own former self in an upgrade.
		var fds strings.Builder
		for i := range n.proxy.Frontends {
			fmt.Fprintf(&fds, "%d;", firstFD+i)
		}
		cmd.Env = append(cmd.Environ(), "NGINX="+fds.String())
		return cmd
	})
}

// daemon is what the two products have in common.
type daemon struct {
	program string
	proxy   Proxy
	proc    *process
	addrs   []string
}

func newDaemon(product string, p Proxy) (daemon, error) {
	p, err := p.complete(product)
	if err != nil {
		return daemon{}, err
	}
	path, err := Find(product)
	return daemon{program: path, proxy: p}, err
}

// Name is the name in the description.
func (d *daemon) Name() string { return d.proxy.Name }

// Addr is the host:port of frontend i, known after Start.
func (d *daemon) Addr(i int) string { return d.addrs[i] }

// Pid is the process id, 0 when it is not running.
func (d *daemon) Pid() int { return d.proc.pid() }

// ConfigPath is where the generated configuration lies while it runs.
func (d *daemon) ConfigPath() string { return d.proc.config }

// Stop ends the process and removes what was written for it.
func (d *daemon) Stop() error {
	if d.proc == nil {
		return nil
	}
	return d.proc.stop()
}

func (d *daemon) launch(ctx context.Context, config string, command func(config string) *exec.Cmd) error {
	lns, err := listen(len(d.proxy.Frontends))
	if err != nil {
		return fmt.Errorf("%s: %w", d.proxy.Name, err)
	}
	defer closeAll(lns) // the child has its own copies by then
	files, err := d.proxy.files()
	if err != nil {
		return err
	}
	if files[config], err = d.proxy.render(config, lns); err != nil {
		return err
	}
	if d.proc, err = newProcess(d.proxy.Name, files, config); err != nil {
		return err
	}
	d.addrs = addresses(lns)
	return d.proc.start(ctx, command(d.proc.config), lns, d.proxy.ready(lns))
}

func addresses(lns []*net.TCPListener) []string {
	var addrs []string
	for _, ln := range lns {
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs
}
