package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"loadline/probes"
	"loadline/probes/internal/netpath"
	"loadline/probes/internal/reach"
	"loadline/scenarios/unit"
)

// try is one op on its way: at most one request on the wire, or one more per
// redirect that the scenario asks to follow.
type try struct {
	session *session
	ctx     context.Context // the op's; cancelled when it ends
	lane    *lane
	p       *progress
	o       *probes.Observation
	job     job
	link    *link
	reused  bool
	since   netpath.TCPInfo // the kernel's view when the op began
	untaken int             // connections that went away before they took the request
}

// exchange sends the request and judges what comes back.
func (t *try) exchange(r *request, redirects int) (v verdict) {
	if t.ctx.Err() != nil {
		return t.failed(context.Cause(t.ctx), 0)
	}
	link, err := t.connect(r.url())
	if err != nil {
		return t.failed(err, 0)
	}
	t.link = link
	t.o.Peer.Address, t.o.Peer.Local = link.tcp.Peer().String(), link.tcp.Local().String()
	t.o.Peer.TLS, t.o.Peer.Protocol = link.tls, link.speaks
	if r.body != nil {
		t.p.uploadsThrough(link.unsent)
	}
	t.reused = link.used.Add(1) > 1
	if t.since = link.before; link != t.lane.link { // shared: nobody's last look is ours
		t.since, _ = link.tcp.Info()
	}
	stop := context.AfterFunc(t.ctx, link.abort)
	defer func() {
		if !stop() { // the abort may still be under way, and must not hit the next op
			v.whole = false
		}
	}()
	a, err := link.exchange(t.ctx, r, t.p)
	if reach.Untaken(err) && t.untaken < reach.MostUntaken && t.ctx.Err() == nil {
		t.untaken++
		t.session.warn(reach.UntakenWarning)
		return t.follow(r, verdict{}, redirects)
	}
	if err != nil {
		v = t.failed(err, 0)
		if v.outcome == probes.Reset && t.reused && t.p.firstAt.Load() == 0 {
			v.err = reach.OnKept(v.err)
		}
		return v
	}
	t.met(a)
	t.p.at(receiving)
	v = t.judge(r, a)
	_ = a.body.Close()
	if v.outcome != probes.Status || a.status/100 != 3 || a.header.Get("Location") == "" {
		return v
	}
	switch next := t.redirected(r, a); {
	case next != nil && redirects > 0:
		return t.follow(next, v, redirects-1)
	case next != nil && t.job.redirects > 0:
		v.err = fmt.Errorf("redirects end after %d: %w", t.job.redirects, v.err)
	case next != nil:
		v.err = fmt.Errorf("%w; redirects are not followed unless asked (hint: redirects: 1 follows it)", v.err)
	case r.body != nil:
		v.err = fmt.Errorf("%w; an upload is not sent where that leads (307 and 308 would let it)", v.err)
	}
	return v
}

// failed is the verdict on an exchange that gave no answer.
func (t *try) failed(err error, verified unit.Bytes) verdict {
	outcome, err := judge(t.ctx, err)
	return verdict{outcome: outcome, err: err, verified: verified}
}

// met keeps whom the op spoke to.
func (t *try) met(a *answer) {
	peer := &t.o.Peer
	peer.Protocol, peer.Status = a.proto, a.status
	clean := func(name string) string {
		return printable(t.session.secrets.Scrub(strings.Join(a.header.Values(name), ", ")), 200)
	}
	peer.Via, peer.Server = clean("Via"), clean("Server")
	if header := t.session.on.Arm.Target.Backend; header != "" {
		peer.Backend = clean(header)
	}
	for _, name := range []string{"X-Request-Id", "X-Amz-Request-Id"} {
		if theirs := clean(name); theirs != "" && theirs != t.job.id.trace {
			peer.RequestID = t.job.id.trace + " (theirs: " + theirs + ")"
			break
		}
	}
}

// judge reads the answer's body and judges it by status and bytes.
func (t *try) judge(r *request, a *answer) verdict {
	if t.job.part == nil || a.status/100 != 2 {
		return t.judgeAnswer(r, a)
	}
	v := t.job.part.receive(a, t.p, t.lane.memory(t.job.part.n))
	if v.outcome == "" { // the connection broke
		b := t.failed(v.err, v.verified)
		b.err = fmt.Errorf("after %d of %d bytes: %w", t.p.received.Load(), t.job.part.n, b.err)
		return b
	}
	return t.completed(a, v)
}

// judgeAnswer judges an answer that carries no object: that to an upload, or a
// refusal.
func (t *try) judgeAnswer(r *request, a *answer) verdict {
	if a.status/100 != 2 { // it is a refusal already; the rest is courtesy
		patience := time.AfterFunc(lastWords, func() { t.link.silence(a) })
		defer patience.Stop()
	}
	start, whole, err := drain(a, t.p, t.lane.memory(drainBound))
	v := verdict{whole: whole}
	size, sent := int64(0), int64(0)
	if r.body != nil {
		size, sent = r.body.length(), t.p.handed.Load()
	}
	switch {
	case a.status/100 != 2: // said is said, even if the rest of the answer is lost
		v.outcome, v.err = probes.Status, refusal(a, start, sent, size, t.session.secrets)
		v.whole = whole && !a.partial
		return v
	case a.partial:
		return verdict{outcome: probes.Reset, err: fmt.Errorf("answered %d before the body was whole, then broke the connection after %d of %d bytes", a.status, sent, size)}
	case err != nil:
		b := t.failed(err, 0)
		b.err = fmt.Errorf("answered %d, but not to the end of the answer: %w", a.status, b.err)
		return b
	}
	v.outcome = probes.OK
	if v = t.completed(a, v); v.outcome == probes.OK {
		v.verified = unit.Bytes(t.job.object.Size)
	}
	return v
}

// completed makes sure that the request itself was sent whole.
func (t *try) completed(a *answer, v verdict) verdict {
	if !v.whole {
		return v
	}
	if err := t.link.complete(a); err != nil {
		b := t.failed(fmt.Errorf("answered %d before the body was whole: %w", a.status, err), 0)
		return b
	}
	return v
}

// redirected is the request that a redirect leads to, or nil if it cannot be
// followed.
func (t *try) redirected(r *request, a *answer) *request {
	keeps := a.status == http.StatusTemporaryRedirect || a.status == http.StatusPermanentRedirect
	moved := a.status == http.StatusMovedPermanently || a.status == http.StatusFound || a.status == http.StatusSeeOther
	if !keeps && !(moved && r.body == nil) {
		return nil // an upload that turns into a GET would be another op
	}
	from := &url.URL{Scheme: r.scheme, Host: r.host}
	if at, err := url.ParseRequestURI(r.target); err == nil {
		from.Path, from.RawPath, from.RawQuery = at.Path, at.RawPath, at.RawQuery
	}
	next, err := from.Parse(a.header.Get("Location"))
	if err != nil || next.Host == "" || next.Scheme != "http" && next.Scheme != "https" {
		return nil
	}
	n := *r
	n.scheme, n.host, n.target = next.Scheme, next.Host, next.RequestURI()
	n.fields = nil
	for _, f := range r.fields {
		if !f.secret || originOf(next) == originOf(from) {
			n.fields = append(n.fields, f)
		}
	}
	return &n
}

// follow sends the next request of the same op: where a redirect leads, or the
// same one on another connection that the first did not take.
func (t *try) follow(next *request, v verdict, redirects int) verdict {
	t.settle(v)
	t.p.sentAt.Store(0)
	t.p.firstAt.Store(0)
	t.p.at(connecting)
	return t.exchange(next, redirects)
}

// connect gives the lane's connection, or opens one: the lane has none, or it
// leads elsewhere, or its peer closed it while it was idle.
func (t *try) connect(u *url.URL) (*link, error) {
	s := t.session
	t.p.at(connecting)
	if l, err, ok := s.sharedLink(t, u); ok {
		return l, err
	}
	l := t.lane
	if l.link != nil && s.o.Connections.Mode != "fresh" && l.link.origin == originOf(u) {
		if l.link.alive() {
			return l.link, nil
		}
		s.warn("the peer closed kept connections while they were idle; each was replaced before the next op")
	}
	l.drop()
	var err error
	l.link, err = t.open(u)
	return l.link, err
}

// open opens a connection and keeps what that took, and of one that did not
// come about which address it was that took none, and for how long.
func (t *try) open(u *url.URL) (*link, error) {
	began := time.Now()
	link, took, err := t.session.links.open(t.ctx, u)
	var dial *netpath.DialError
	if errors.As(err, &dial) && dial.Peer.IsValid() {
		t.o.Peer.Address = dial.Peer.String()
		took.connect = time.Since(began)
	}
	var stage *stageError
	if errors.As(err, &stage) && stage.speaks != "" {
		t.o.Peer.Address, t.o.Peer.Protocol = stage.peer, stage.speaks
	}
	ph := &t.o.Phases
	ph.Resolve, ph.Connect, ph.TLS = ph.Resolve+took.resolve, ph.Connect+took.connect, ph.TLS+took.tls
	return link, err
}

// sharedLink is the session's one HTTP/2 connection; ok is false if the
// session does not share, or the peer speaks HTTP/1.1.
func (s *session) sharedLink(t *try, u *url.URL) (l *link, err error, ok bool) {
	if s.o.Connections.Mode != "shared" || originOf(u) != s.links.home {
		return nil, nil, false
	}
	select { // one opens it, the others wait for that, but not beyond their own end
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-t.ctx.Done():
		return nil, context.Cause(t.ctx), true
	}
	if s.apart {
		return nil, nil, false
	}
	if s.shared != nil && s.shared.reusable() {
		return s.shared, nil, true
	}
	link, err := t.open(u)
	if err != nil {
		return nil, err, true
	}
	if _, is2 := link.wire.(*h2); !is2 {
		s.warn("connections: shared needs HTTP/2, and HTTP/1.1 was negotiated: each slot has a connection of its own")
		s.apart = true
		t.lane.drop()
		t.lane.link = link
		return link, nil, true
	}
	s.shared = link
	return link, nil, true
}

// settle keeps the kernel's view of the op and decides what becomes of its
// connection.
func (t *try) settle(v verdict) {
	link := t.link
	if link == nil {
		return
	}
	t.link = nil
	s := t.session
	var now netpath.TCPInfo
	t.o.Socket, now = link.socket(t.since, t.reused)
	if link != t.lane.link {
		return // shared: it ends with the session, or when it breaks
	}
	link.before = now
	switch {
	case v.outcome == probes.Cut || v.outcome == probes.Stalled || v.outcome == probes.Timeout:
		link.drop()
	case !v.whole || !link.reusable() || s.o.Connections.Mode == "fresh":
		link.close()
	default:
		return
	}
	t.lane.link = nil
}
