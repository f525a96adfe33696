package transfer

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/internal/credential"
	"loadline/probes/internal/payload"
	"loadline/scenarios/unit"
)

// session is one arm of one cell for the length of a run.
type session struct {
	o       Options
	on      probes.On
	base    *url.URL
	links   *linker
	limits  limits
	size    unit.Bytes
	fields  []field
	form    map[string]string // fields of the form, resolved
	secrets credential.Secrets
	lanes   lanes

	fixtures []payload.Object
	stored   []payload.Object // fixtures that this session uploaded

	// opening, of one place, guards shared and apart.
	opening chan struct{}
	shared  *link // connections: shared over HTTP/2
	apart   bool  // sharing was asked for, and HTTP/1.1 negotiated

	mu sync.Mutex // guards stored and receipts
	// receipts asks the origin's own counters; nil until it is needed.
	receipts *http.Transport

	warned sync.Map
}

var (
	_ probes.Session = (*session)(nil)
	_ probes.Keeper  = (*session)(nil)
)

// warn passes a remark on once.
func (s *session) warn(text string) {
	if _, said := s.warned.LoadOrStore(text, true); !said {
		s.on.Warn("arm " + s.on.Arm.ID + ": " + s.secrets.Scrub(text))
	}
}

// Do implements probes.Session.
func (s *session) Do(ctx context.Context, op probes.Op) probes.Observation {
	s.links.trial(op.Epoch)
	lane := s.lanes.slot(op.Slot)
	defer s.lanes.give(lane)
	due := probes.MarkAt(op.Due)
	if s.pause(ctx, lane) {
		due = op.Mark() // the pause is part of the schedule, not a delay
	}
	j := s.job(op)
	o := s.run(ctx, lane, j)
	o.Due = due
	return o
}

// pause lets a connection idle for as long as the scenario wants; it reports
// whether it did.
func (s *session) pause(ctx context.Context, l *lane) bool {
	wait := s.o.Connections.Idle - time.Since(l.last)
	if s.o.Connections.Mode != "idle" || l.link == nil || wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

// job is one op made exact: what is sent, and how the answer is judged.
type job struct {
	op        probes.Op
	id        ids
	request   *request
	object    payload.Object
	part      *part // nil for an upload
	redirects int
	answer    time.Duration // if set, how long the answer is awaited at most
}

func (s *session) job(op probes.Op) job {
	id := s.ids(op.Name, op.Seed)
	if s.o.Direction == Upload {
		obj := payload.Object{Seed: op.Seed, ID: op.Name, Size: int64(op.Size)}
		return job{op: op, id: id, object: obj, request: s.upload(s.o.Method, obj, id), redirects: s.o.Redirects}
	}
	obj := payload.Object{ID: op.Name, Size: int64(s.size)}
	if s.o.Fixture == Own {
		obj = s.fixtures[op.Seq%uint64(len(s.fixtures))]
	}
	pt := s.part(obj, s.o.Range, op.Seed)
	r := s.request(s.o.Method, s.o.Path, obj.ID, unit.Bytes(obj.Size), id)
	if pt.ranged {
		r.add("Range", s.o.Range.header(pt.off, pt.n))
	}
	return job{op: op, id: id, object: obj, request: r, part: &pt, redirects: s.o.Redirects}
}

// part is what a download of an object, or of a range of it, must deliver.
func (s *session) part(obj payload.Object, r Range, seed uint64) part {
	pt := part{object: obj, total: obj.Size, verify: s.o.Verify, own: s.o.Fixture != Existing, ranged: r.Mode != ""}
	pt.off, pt.n, _ = r.of(unit.Bytes(obj.Size), seed)
	if s.o.Expect != nil {
		pt.digest = s.o.Expect.SHA256
	}
	if s.o.learns() {
		pt.content = new(string)
	}
	return pt
}

// run does a job on a lane and observes it.
func (s *session) run(parent context.Context, lane *lane, j job) probes.Observation {
	op := j.op
	o := probes.Observation{Seq: op.Seq, Name: op.Name, Slot: op.Slot, Start: op.Mark()}
	o.Peer.RequestID = j.id.trace
	patience := s.limits
	if j.answer > 0 {
		patience.answer = min(patience.answer, j.answer)
	}
	ctx, p := track(parent, op, patience)
	t := &try{session: s, ctx: ctx, lane: lane, p: p, o: &o, job: j}
	v := t.exchange(j.request, j.redirects)
	o.Verified, o.Outcome, o.Err = v.verified, v.outcome, s.secrets.Clean(v.err)

	end := p.now()
	moved := p.end()
	opening := o.Phases
	o.Phases = p.phases(end)
	o.Phases.Resolve, o.Phases.Connect, o.Phases.TLS = opening.Resolve, opening.Connect, opening.TLS
	o.FirstByte, o.End = mark(p.firstAt.Load()), mark(end)
	switch {
	case j.part == nil && o.Outcome == probes.OK:
		o.Sent = unit.Bytes(p.handed.Load()) // the answer proves what acknowledgements under way do not yet
	case j.part == nil:
		o.Sent = moved
	default:
		o.Received = unit.Bytes(p.received.Load())
	}
	s.tellContent(j, o)
	t.settle(v)
	lane.last = time.Now()
	return o
}
