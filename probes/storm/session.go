package storm

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"loadline/probes"
	"loadline/probes/internal/credential"
	"loadline/probes/internal/lanes"
	"loadline/probes/internal/reach"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// session is one arm of one cell for the length of a run.
type session struct {
	o        Options
	on       probes.On
	base     *url.URL
	way      *reach.Way
	requests []request
	turns    turns
	undos    map[string]*request // all that remove something, by what they are
	secrets  credential.Secrets
	trace    trace
	size     *unit.Bytes // of the cell, if it has one of its own
	lanes    lanes.Set[lane]
	patience patience
	h2       *http2.Transport

	mu      sync.Mutex // guards the following
	shared  *h2        // connections: shared
	retired []*h2      // were shared, and take no more requests
	apart   bool       // sharing was asked for, and HTTP/1.1 negotiated

	warned sync.Map
}

var (
	_ probes.Session = (*session)(nil)
	_ probes.Keeper  = (*session)(nil)
)

// Open implements probes.Probe. It reads secrets, certificates, bodies and
// targets, and dials nothing.
func (Probe) Open(_ context.Context, spec plan.Spec, on probes.On) (probes.Session, error) {
	work, ok := spec.(*Spec)
	if !ok {
		return nil, fmt.Errorf("%s cannot open the work of %s", Kind, spec.Kind())
	}
	if on.Warn == nil {
		on.Warn = func(string) {}
	}
	s := &session{o: work.o, on: on, trace: traceOf(&on)}
	if on.Cell.Size > 0 && on.Cell.Size != work.Size() {
		s.size = &on.Cell.Size
	}
	s.patience.session = s
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("arm %s: %w", on.Arm.ID, s.secrets.Clean(err))
	}
	return s, nil
}

func (s *session) open() (err error) {
	target := s.on.Arm.Target
	s.base, err = url.Parse(target.URL)
	switch {
	case err != nil || s.base.Host == "" || s.base.Scheme != "http" && s.base.Scheme != "https":
		return errors.New("target.url: is not an absolute http or https URL")
	case s.base.RawQuery != "" || s.base.Fragment != "":
		return errors.New("target.url: a query belongs into the paths of work.targets")
	case target.HTTP == scenarios.HTTP2 && s.base.Scheme == "http":
		return errors.New("target.http: 2 is negotiated in TLS, and the URL is http (hint: h2c)")
	case target.HTTP == scenarios.H2C && s.base.Scheme == "https":
		return errors.New("target.http: h2c is HTTP/2 in clear, and the URL is https (hint: 2)")
	case target.HTTP == scenarios.HTTP1 && s.o.Connections == Shared:
		return errors.New("work.connections: shared needs HTTP/2, and target.http is 1.1 (hint: reuse)")
	}
	if s.way, err = reach.New(target, reach.ALPN(target.HTTP), s.o.StallAfter); err != nil {
		return err
	}
	if s.h2, err = newH2Transport(); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	s.way.Watch(s.on.Sampled)
	return nil
}

// Prepare implements probes.Session; a storm has no fixtures.
func (s *session) Prepare(context.Context) error { return nil }

// Close implements probes.Session.
func (s *session) Close(context.Context) error {
	s.patience.end()
	for _, l := range s.lanes.All() {
		idle := l.Try()
		l.Held.retire(idle)
		if idle {
			l.Give()
		}
	}
	s.mu.Lock()
	if s.shared != nil {
		s.shared.drop()
		s.shared = nil
	}
	for _, old := range s.retired {
		old.drop()
	}
	s.retired = nil
	s.mu.Unlock()
	for _, remark := range s.way.Unvisited() {
		s.warn(remark)
	}
	s.way.Close()
	return nil
}

// warn passes a remark on once.
func (s *session) warn(text string) {
	if _, said := s.warned.LoadOrStore(text, true); !said {
		s.on.Warn("arm " + s.on.Arm.ID + ": " + s.secrets.Scrub(text))
	}
}

// Do implements probes.Session: one request, whatever becomes of it.
func (s *session) Do(ctx context.Context, op probes.Op) probes.Observation {
	return s.one(ctx, op.Slot, &s.requests[s.turns.pick(op.Seq, op.Seed)], op)
}

// one makes a request on the lane of a slot, or on a spare one below 0.
func (s *session) one(ctx context.Context, slot int, r *request, op probes.Op) probes.Observation {
	s.patience.begin()
	at := s.lanes.Take(slot)
	defer at.Give()
	l := &at.Held
	t := &l.try // not on the heap anew for every op
	*t = try{
		session: s, lane: l, op: op, ctx: ctx, r: r, id: idOf(op.Seed), zero: op.Epoch.Sub(s.patience.epoch()),
		o: probes.Observation{Seq: op.Seq, Name: op.Name, Slot: op.Slot, Due: probes.MarkAt(op.Due)},
	}
	t.start = t.now()
	t.o.Start = probes.MarkAt(t.start)
	err := t.insist()
	t.end = t.now()
	t.o.End = probes.MarkAt(t.end)
	l.end(t.end + t.zero)
	if err != nil {
		t.failed(err)
	}
	t.close()
	return t.o
}

// try is one op under way. All its times are offsets from the op's epoch.
type try struct {
	session *session
	lane    *lane
	ctx     context.Context
	op      probes.Op
	r       *request
	o       probes.Observation
	zero    time.Duration // the op's epoch on the clock of the session's patience

	start, sendAt, sentAt, firstAt, end time.Duration
	reused                              bool
	keep                                bool // the connection is fit for another op

	id     opID
	theirs string // the id that an answer other than the one expected names
	again  string // and when it says to come again

	sum [sha256.Size]byte // of a small answer
}

func (t *try) now() time.Duration { return time.Since(t.op.Epoch) }

// run does the exchange; an error is why there was no good answer.
func (t *try) run() error {
	l := t.lane
	if err := l.begin(t.ctx); err != nil {
		return err
	}
	w, err := t.connect()
	if err != nil {
		return err
	}
	t.reused = w.take()
	t.o.Peer = *w.peer()
	t.sendAt = t.start
	if !t.reused {
		t.sendAt = t.now()
	}
	err = w.exchange(t)
	t.hide()
	return err
}

// insist is run, again on another connection where the first says that it has
// not taken the request: nothing is repeated by that.
func (t *try) insist() error {
	err := t.run()
	for range reach.MostUntaken {
		if !reach.Untaken(err) || t.ctx.Err() != nil {
			break
		}
		t.session.warn(reach.UntakenWarning)
		if w := t.lane.wire; w != nil && w.common() {
			_ = t.lane.use(nil)
		} else if w != nil {
			t.lane.leave(wire.close)
		}
		t.sendAt, t.sentAt, t.firstAt = 0, 0, 0
		err = t.run()
	}
	return err
}

// hide takes secrets out of what the server says of itself: some repeat what
// they were sent.
func (t *try) hide() {
	if hidden := t.session.secrets; len(hidden) > 0 {
		p := &t.o.Peer
		p.Server, p.Via, p.Backend = hidden.Scrub(p.Server), hidden.Scrub(p.Via), hidden.Scrub(p.Backend)
	}
}

// failed gives the op its outcome.
func (t *try) failed(err error) {
	var refused *refusal
	outcome := probes.OK
	switch limit := t.lane.limit(); {
	case errors.As(err, &refused):
		outcome = refused.outcome
	case limit != nil && t.ctx.Err() == nil:
		outcome, err = limit.Outcome, limit
	default:
		outcome, err = reach.Judge(t.ctx, err)
	}
	if outcome == probes.Reset && t.reused && t.firstAt == 0 {
		err = reach.OnKept(err)
	}
	t.o.Outcome, t.o.Err = outcome, t.session.secrets.Clean(err)
	t.o.Peer.RequestID = t.foundBy()
	t.o.Verified = 0
}

// foundBy is by what the request is found in the logs of the hops: its own id,
// and that of the answer where it has another. It is evidence of a failed op;
// no other op pays for it.
func (t *try) foundBy() string {
	ours := t.r.id.with(t.op.Name, &t.id)
	if t.theirs != "" && t.theirs != ours {
		ours += " (theirs: " + t.theirs + ")"
	}
	return t.session.secrets.Scrub(ours)
}

// close settles the phases and decides what becomes of the connection.
func (t *try) close() {
	p := &t.o.Phases
	if t.sendAt > 0 {
		sent := t.sentAt
		if sent == 0 || t.firstAt > 0 && sent > t.firstAt {
			sent = max(t.firstAt, t.sendAt) // answered, or broken off, while it was still being sent
			if t.firstAt == 0 {
				sent = t.end
			}
		}
		p.Send = sent - t.sendAt
		if t.firstAt > 0 {
			p.Wait, p.Receive = t.firstAt-sent, t.end-t.firstAt
			t.o.FirstByte = probes.MarkAt(t.firstAt)
		} else {
			p.Wait = t.end - sent
		}
	}
	l := t.lane
	w := l.wire
	if w == nil {
		return
	}
	dropped := t.o.Outcome == probes.Cut || t.o.Outcome == probes.Stalled || t.o.Outcome == probes.Timeout
	keeps := t.keep && !dropped && t.session.o.Connections != Fresh && w.reusable()
	t.o.Socket = w.socket(t.end+t.zero, t.reused, !keeps)
	switch {
	case w.common():
		l.wire = nil // it ends with the session, or when it breaks
	case keeps:
	case dropped:
		l.leave(wire.drop)
	default:
		l.leave(wire.close)
	}
}

// answered is the verdict on an answer of which the body has this size and,
// where it was asked for, this digest. start is how it begins, for messages.
func (t *try) answered(status int, size int64, digest, start []byte) error {
	o, e := &t.o, t.r.expect
	o.Peer.Status = status
	o.Received = unit.Bytes(size)
	if !e.wants(status) {
		return &refusal{probes.Status, refusedStatus(status, t.again, t.session.secrets.Scrub(string(start)))}
	}
	if e.Size != nil && t.r.method != "HEAD" && status != 204 && status != 304 {
		switch want := int64(*e.Size); {
		case size < want:
			return &refusal{probes.Short, fmt.Errorf("answered %d with %d bytes, and %d were expected", status, size, want)}
		case size > want:
			return &refusal{probes.Long, fmt.Errorf("answered %d with %d bytes, and %d were expected", status, size, want)}
		}
	}
	if t.r.digest != nil && string(digest) != string(t.r.digest) {
		return &refusal{probes.Corrupt, fmt.Errorf("answered %d with %d bytes of the SHA-256 %x, and %x was expected", status, size, digest, t.r.digest)}
	}
	o.Outcome = probes.OK
	o.Sent = unit.Bytes(len(t.r.body))
	o.Verified = o.Sent + o.Received
	return nil
}
