package reach

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"loadline/probes"
	"loadline/probes/internal/netpath"
	"loadline/scenarios"
)

// Way is how to get to one arm's target. It is safe for concurrent use.
type Way struct {
	at     string // host:port of the URL
	host   string
	dialer netpath.Dialer
	config *tls.Config // nil in clear
	limit  time.Duration
	proxy  *url.URL
	via    []string // what the proxy is asked for in place of the target
	count  atomic.Uint64
	watch  *Watch // nil if nobody wants to know
}

// Opening is how long the steps of opening a connection took; a step that did
// not happen is 0.
type Opening struct{ Resolve, Connect, TLS time.Duration }

// Error is a connection that could not be opened: the outcome names the step.
type Error struct {
	Outcome probes.Outcome
	Err     error
}

// Error is the cause.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// schemes are the ports of the schemes that a target may have. tcp and tls are
// for work that speaks no HTTP.
var schemes = map[string]string{"http": "80", "https": "443", "tcp": "", "tls": ""}

// ALPN is what a target of HTTP is offered in the handshake, so that it speaks
// what the scenario asks for or nothing.
func ALPN(p scenarios.Protocol) []string {
	switch p {
	case scenarios.HTTP1:
		return []string{"http/1.1"}
	case scenarios.HTTP2:
		return []string{"h2"}
	}
	return []string{"h2", "http/1.1"}
}

// New reads certificates and dials nothing. The protocols are offered by ALPN,
// the favourite first; none are where the list is empty. Resolving, connecting,
// a proxy's answer and the handshake may take up to limit each.
func New(t scenarios.Target, protocols []string, limit time.Duration) (*Way, error) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("target.url: is not an absolute URL")
	}
	port, known := schemes[u.Scheme]
	if u.Port() != "" {
		port = u.Port()
	}
	if !known || port == "" {
		return nil, fmt.Errorf("target.url: scheme %q needs a port, or is none of http, https, tcp and tls", u.Scheme)
	}
	w := &Way{at: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(), limit: limit}
	w.dialer = netpath.Dialer{Connect: t.Connect, Timeout: limit, Congestion: t.Congestion}
	switch t.Resolve {
	case "", "once":
	case "each":
		w.dialer.Resolve = netpath.ResolveEach
	default:
		w.dialer.Connect = []string{net.JoinHostPort(t.Resolve, port)}
	}
	if err := w.through(t.Proxy); err != nil {
		return nil, err
	}
	if u.Scheme == "https" || u.Scheme == "tls" {
		w.config, err = netpath.TLSConfig(netpath.TLSOptions{
			Insecure: t.TLS.Insecure, CAFile: t.TLS.CA, CertFile: t.TLS.Cert, KeyFile: t.TLS.Key,
			ServerName: t.TLS.ServerName, Protocols: protocols,
		})
		if err != nil {
			return nil, err
		}
		if w.config.ServerName == "" {
			w.config.ServerName = w.host
		}
	}
	return w, nil
}

// Secured reports whether the way ends in TLS.
func (w *Way) Secured() bool { return w.config != nil }

// Dial opens a connection without TLS, whatever the target's scheme is. What
// the steps took is known also where one failed.
func (w *Way) Dial(ctx context.Context) (*Link, error) {
	began := time.Now()
	tcp, err := w.dialer.Dial(ctx, w.at)
	if err != nil {
		return unopened(err, time.Since(began)), w.dialError(err)
	}
	l := &Link{Conn: tcp, TCP: tcp, ID: w.count.Add(1)}
	l.Took.Resolve, l.Took.Connect = tcp.Times().Resolve(), tcp.Times().Connect()
	if w.proxy != nil {
		began := time.Now()
		err := w.tunnel(ctx, tcp)
		l.Took.Connect += time.Since(began)
		if err != nil {
			_ = tcp.Close()
			return l, &Error{probes.Refused, fmt.Errorf("proxy %s: %w", w.proxy.Host, err)}
		}
	}
	w.watch.Follow(l.TCP, l.ID)
	return l, nil
}

// Open is Dial and, where the target has it, TLS. The link is never nil: on an
// error it only says what the steps took.
func (w *Way) Open(ctx context.Context) (*Link, error) {
	l, err := w.Dial(ctx)
	if err != nil || w.config == nil {
		return l, err
	}
	if err := w.Secure(ctx, l); err != nil {
		_ = l.TCP.Close()
		return l, err
	}
	return l, nil
}

// unopened is what is known of a failed dial: the address that was tried, and
// the time, which belongs to the step that failed.
func unopened(err error, took time.Duration) *Link {
	l := &Link{Took: Opening{Connect: took}}
	var dial *netpath.DialError
	if !errors.As(err, &dial) {
		return l
	}
	if dial.Stage == netpath.StageResolve {
		l.Took = Opening{Resolve: took}
	}
	if dial.Peer.IsValid() {
		l.tried = dial.Peer.String()
	}
	return l
}

func (w *Way) dialError(err error) error {
	if w.proxy != nil {
		err = fmt.Errorf("proxy %s cannot be reached: %w", w.proxy.Host, err)
	}
	var dial *netpath.DialError
	if errors.As(err, &dial) && dial.Stage == netpath.StageResolve {
		return &Error{probes.DNS, err}
	}
	return &Error{probes.Refused, err}
}

// Secure makes the handshake on a dialled link, within the limit.
func (w *Way) Secure(ctx context.Context, l *Link) error {
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	conn := tls.Client(l.TCP, w.config)
	began := time.Now()
	err := conn.HandshakeContext(ctx)
	l.Took.TLS = time.Since(began)
	if err == nil {
		l.Conn, l.State = conn, netpath.DescribeTLS(conn.ConnectionState())
		return nil
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("handshake with %s: not finished within %v", l.TCP.Peer(), w.limit)
	case strings.Contains(err.Error(), "no application protocol"): // the type of a peer's alert is not exported
		return &Error{probes.Protocol, fmt.Errorf("handshake with %s: the peer speaks none of %v", l.TCP.Peer(), w.config.NextProtos)}
	default:
		explained, _ := netpath.ExplainTLS(err)
		err = fmt.Errorf("handshake with %s: %w", l.TCP.Peer(), explained)
	}
	return &Error{probes.TLS, err}
}

// Watch hands on what the kernel does on the links that the way opens from now
// on, until Close. It is called once, before the first link is opened; nil
// wants nothing. A link is followed from the end of its connect on, so that
// TLS's handshake is in its first sample.
func (w *Way) Watch(tell func(probes.ConnSample)) { w.watch = NewWatch(tell) }

// Close ends the watch of the links. It closes no link, and may be called
// again.
func (w *Way) Close() { w.watch.Close() }
