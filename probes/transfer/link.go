package transfer

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"loadline/probes"
	"loadline/probes/internal/netpath"
	"loadline/probes/internal/reach"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// link is an open connection with what is known of it from outside HTTP.
type link struct {
	wire
	id     uint64 // within the session, from 1
	origin string // scheme://host:port it was made for
	tcp    *netpath.Conn
	tls    string          // version, empty in clear
	speaks string          // HTTP/1.1 or HTTP/2.0
	before netpath.TCPInfo // the last look, of a link that is not shared
	used   atomic.Int64    // ops so far
}

// opening is what it took to open a link; a link in use costs nothing.
type opening struct {
	resolve, connect, tls time.Duration
}

// stageError says which step of opening a connection failed.
type stageError struct {
	outcome probes.Outcome
	err     error
	// peer and speaks are set where the peer would speak, but another protocol
	// than the scenario asks for: the arm is not what it claims to be.
	peer, speaks string
}

func (e *stageError) Error() string { return e.err.Error() }
func (e *stageError) Unwrap() error { return e.err }

// linker opens the connections of one session.
type linker struct {
	mu     sync.Mutex
	epoch  time.Time       // of the trial that began last; guarded by mu
	pinned *netpath.Dialer // for the target's own origin
	free   *netpath.Dialer // for the origins that redirects lead to
	home   string          // the target's origin
	http   scenarios.Protocol
	config *tls.Config
	limit  time.Duration // for each step
	proxy  *url.URL
	via    []string // what the proxy is asked for in place of the origin
	shared bool
	h2     *http2.Transport
	count  atomic.Uint64
	watch  *reach.Watch // nil if nobody wants to know
}

func newLinker(t scenarios.Target, u *url.URL, congestion string, limit time.Duration, conns int) (*linker, error) {
	switch {
	case t.HTTP == scenarios.HTTP2 && u.Scheme == "http":
		return nil, errors.New("target.http: 2 is negotiated in TLS, and the URL is http (hint: h2c)")
	case t.HTTP == scenarios.H2C && u.Scheme == "https":
		return nil, errors.New("target.http: h2c is HTTP/2 in clear, and the URL is https (hint: 2)")
	}
	k := &linker{home: originOf(u), http: t.HTTP, limit: limit}
	k.pinned = &netpath.Dialer{Connect: t.Connect, Timeout: limit, Congestion: congestion}
	k.free = &netpath.Dialer{Timeout: limit, Congestion: congestion}
	switch t.Resolve {
	case "", "once":
	case "each":
		k.pinned.Resolve = netpath.ResolveEach
	default:
		k.pinned.Connect = []string{net.JoinHostPort(t.Resolve, portOf(u))}
	}
	if err := k.through(t); err != nil {
		return nil, err
	}
	var err error
	k.config, err = netpath.TLSConfig(netpath.TLSOptions{
		Insecure: t.TLS.Insecure, CAFile: t.TLS.CA, CertFile: t.TLS.Cert, KeyFile: t.TLS.Key,
		ServerName: t.TLS.ServerName, Protocols: reach.ALPN(t.HTTP),
	})
	if err != nil {
		return nil, err
	}
	k.h2, err = newH2Transport(conns)
	return k, err
}

// trial forgets what the target's name stood for when a new trial begins: it
// is looked up once in each.
func (k *linker) trial(epoch time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.epoch.Equal(epoch) {
		return
	}
	k.epoch = epoch
	k.pinned.Renew()
}

// dialer is the one for an origin.
func (k *linker) dialer(origin string) *netpath.Dialer {
	if origin != k.home {
		return k.free
	}
	return k.pinned
}

// through sets up a forward proxy, which is then what is dialled.
func (k *linker) through(t scenarios.Target) error {
	if t.Proxy == "" {
		return nil
	}
	u, err := url.Parse(t.Proxy)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return errors.New("target.proxy: is not an http URL with a host")
	}
	k.proxy, k.via = u, k.pinned.Connect
	at := net.JoinHostPort(u.Hostname(), portOf(u))
	k.pinned.Connect, k.free.Connect = []string{at}, []string{at}
	return nil
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func originOf(u *url.URL) string {
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), portOf(u))
}

// open makes a connection to an origin: one address, one attempt.
func (k *linker) open(ctx context.Context, u *url.URL) (l *link, o opening, err error) {
	at := net.JoinHostPort(u.Hostname(), portOf(u))
	tcp, err := k.dialer(originOf(u)).Dial(ctx, at)
	if err != nil {
		if k.proxy != nil {
			err = fmt.Errorf("proxy %s cannot be reached: %w", k.proxy.Host, err)
		}
		return nil, o, dialFailure(err)
	}
	defer func() {
		if err != nil {
			_ = tcp.Close()
		}
	}()
	o.resolve, o.connect = tcp.Times().Resolve(), tcp.Times().Connect()
	if k.proxy != nil {
		began := time.Now()
		if err := k.tunnel(ctx, tcp, at); err != nil {
			return nil, o, err
		}
		o.connect += time.Since(began)
	}
	l = &link{id: k.count.Add(1), origin: originOf(u), tcp: tcp}
	var conn net.Conn
	var below *batch
	proto := ""
	if u.Scheme == "https" {
		below = newBatch(tcp)
		began := time.Now()
		secured, err := k.secure(ctx, below, u.Hostname())
		o.tls = time.Since(began)
		if err != nil {
			return nil, o, err
		}
		state := netpath.DescribeTLS(secured.ConnectionState())
		conn, l.tls, proto = secured, state.Version, state.Protocol
	}
	if err := k.speak(ctx, l, conn, below, proto); err != nil {
		return nil, o, err
	}
	l.before, _ = tcp.Info() // zero where the kernel does not tell
	k.watch.Follow(l.tcp, l.id)
	return l, o, nil
}

func dialFailure(err error) error {
	outcome := probes.Refused
	var dial *netpath.DialError
	if errors.As(err, &dial) && dial.Stage == netpath.StageResolve {
		outcome = probes.DNS
	}
	return &stageError{outcome: outcome, err: err}
}

// secure makes the handshake, within the limit.
func (k *linker) secure(ctx context.Context, below *batch, host string) (*tls.Conn, error) {
	config := k.config
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, k.limit)
	defer cancel()
	conn := tls.Client(below, config)
	err := conn.HandshakeContext(ctx)
	if err == nil {
		return conn, nil
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("handshake with %s: not finished within %v", below.Peer(), k.limit)
	case strings.Contains(err.Error(), "no application protocol"): // the type of a peer's alert is not exported
		return nil, &stageError{outcome: probes.Protocol, peer: below.Peer().String(), speaks: quoteNone(""), err: fmt.Errorf("handshake with %s: the peer speaks none of %v", below.Peer(), config.NextProtos)}
	default:
		explained, _ := netpath.ExplainTLS(err)
		err = fmt.Errorf("handshake with %s: %w", below.Peer(), explained)
	}
	return nil, &stageError{outcome: probes.TLS, err: err}
}

// speak chooses the protocol by what was negotiated; conn and below are nil in
// clear.
func (k *linker) speak(ctx context.Context, l *link, conn net.Conn, below *batch, negotiated string) error {
	wants2 := k.http == scenarios.HTTP2 || k.http == scenarios.H2C && l.origin == k.home
	secured := below != nil
	switch {
	case secured && wants2 && negotiated != "h2":
		return &stageError{outcome: probes.Protocol, peer: l.tcp.Peer().String(), speaks: quoteNone(negotiated), err: fmt.Errorf("the scenario asks for HTTP/2, and %s negotiated %s", l.tcp.Peer(), quoteNone(negotiated))}
	case negotiated == "h2" || !secured && wants2:
		if !secured {
			conn = newBatch(l.tcp)
		}
		limited, cancel := context.WithTimeout(ctx, k.limit)
		defer cancel()
		wire, err := newH2(limited, k.h2, conn, k.shared)
		if limited.Err() != nil && ctx.Err() == nil {
			return &stageError{outcome: probes.Timeout, err: fmt.Errorf("start HTTP/2 with %s: no settings within %v", l.tcp.Peer(), k.limit)}
		}
		if err != nil {
			return fmt.Errorf("start HTTP/2: %w", err)
		}
		l.wire, l.speaks = wire, "HTTP/2.0"
	case secured:
		l.wire, l.speaks = newH1(conn, below), "HTTP/1.1"
	default:
		l.wire, l.speaks = newH1(l.tcp, nil), "HTTP/1.1" // large reads go past its own buffer
	}
	return nil
}

func quoteNone(proto string) string {
	if proto == "" {
		return "no protocol"
	}
	return proto
}

// tunnel asks the proxy for the way to the origin.
func (k *linker) tunnel(ctx context.Context, tcp *netpath.Conn, at string) error {
	if len(k.via) > 0 {
		at = k.via[k.count.Load()%uint64(len(k.via))]
	}
	_ = tcp.SetDeadline(time.Now().Add(k.limit))
	stop := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	ask := "CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n"
	if user := k.proxy.User; user != nil {
		password, _ := user.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	fail := func(err error) error {
		return &stageError{outcome: probes.Refused, err: fmt.Errorf("proxy %s: %w", k.proxy.Host, err)}
	}
	if _, err := tcp.Write([]byte(ask + "\r\n")); err != nil {
		return fail(err)
	}
	// One byte at a time, so that nothing of what follows is swallowed.
	resp, err := http.ReadResponse(bufio.NewReaderSize(&byteReader{tcp}, 16), &http.Request{Method: "CONNECT"})
	if err != nil {
		return fail(err)
	}
	if resp.StatusCode/100 != 2 {
		return fail(fmt.Errorf("answers %s", resp.Status))
	}
	return tcp.SetDeadline(time.Time{})
}

type byteReader struct{ conn net.Conn }

func (b *byteReader) Read(p []byte) (int, error) { return b.conn.Read(p[:min(len(p), 1)]) }

// socket is what the kernel did with the link since an earlier look. On a
// shared link that includes what it did for other ops at the same time.
func (l *link) socket(since netpath.TCPInfo, reused bool) (probes.Socket, netpath.TCPInfo) {
	info, err := l.tcp.Info()
	if err != nil {
		return probes.Socket{Conn: l.id, Reused: reused}, since
	}
	iv := info.Since(since)
	return probes.Socket{
		Conn: l.id, Reused: reused, RTT: info.RTT, MinRTT: info.MinRTT,
		Retrans: uint64(max(iv.Retransmits, 0)), Delivery: unit.BytesPerSecond(info.DeliveryRate),
		Busy: iv.Busy, RwndLimit: iv.RwndLimited, SndbufLimt: iv.SndbufLimited, Congestion: info.Congestion,
	}, info
}

// unsent is what the kernel still holds of what it was given.
func (l *link) unsent() int64 {
	n, err := l.tcp.Unacked()
	if err != nil {
		return 0
	}
	return n
}

// drop ends the link without sending what the kernel still holds, so that the
// rest of a cut transfer does not run into the next measurement.
func (l *link) drop() {
	_ = l.tcp.SetLinger(0)
	l.close()
}

// alive asks a kept HTTP/1.1 connection whether the peer has closed it in the
// meantime. Nothing is sent, so a new connection in its place is no retry.
func (l *link) alive() bool {
	if !l.reusable() {
		return false
	}
	c, ok := l.wire.(*h1)
	if !ok {
		return true
	}
	switch state := pending(l.tcp); {
	case state == closedSocket:
		return false
	case state == quietSocket && (c.below == nil || c.below.br.Buffered() == 0):
		return true
	}
	if l.tls == "" {
		return false // bytes that belong to no request
	}
	// Under TLS they may be a message of TLS itself; reading it tells.
	_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	c.in.left = maxHead
	_, err := c.br.Peek(1)
	_ = c.conn.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}
