package tcp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/internal/lanes"
	"loadline/probes/internal/reach"
	"loadline/probes/tcp/peer"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

const (
	// block is the size of reads and writes of streams.
	block = 256 << 10
	// checkAfter is how long a connection may lie idle before it is asked, at
	// the cost of a system call, whether the peer has closed it.
	checkAfter = 5 * time.Millisecond
	// socketEvery is how often the kernel is asked about a connection that
	// echoes; its answer costs as much as an echo.
	socketEvery = 250 * time.Millisecond
	// stallGap is the length from which a pause without a byte counts as a
	// stall: longer than any retransmission timeout on a healthy path.
	stallGap = 200 * time.Millisecond
)

// session is one arm of one cell for the length of a run.
type session struct {
	o      Options
	on     probes.On
	way    *reach.Way
	lanes  lanes.Set[lane]
	warned sync.Map
}

// lane is the place of one op in flight, with its connection and its memory.
type lane struct {
	link  *reach.Link
	br    *bufio.Reader
	buf   []byte
	last  time.Time // end of the op before
	asked time.Time // when the kernel was asked last
}

var _ probes.Session = (*session)(nil)

// Open implements probes.Probe. It reads certificates and dials nothing.
func (Probe) Open(_ context.Context, spec plan.Spec, on probes.On) (probes.Session, error) {
	work, ok := spec.(*Spec)
	if !ok {
		return nil, fmt.Errorf("%s cannot open the work of %s", Kind, spec.Kind())
	}
	if on.Warn == nil {
		on.Warn = func(string) {}
	}
	s := &session{o: work.o, on: on}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("arm %s: %w", on.Arm.ID, err)
	}
	return s, nil
}

func (s *session) open() (err error) {
	target := s.on.Arm.Target
	if s.way, err = reach.New(target, nil, s.o.StallAfter); err != nil {
		return err
	}
	u, err := url.Parse(target.URL)
	if err != nil {
		return errors.New("target.url: is not a URL")
	}
	switch auth := target.Auth; {
	case s.o.Mode == TLS && !s.way.Secured():
		return fmt.Errorf("target.url: mode tls needs https, not %s", u.Scheme)
	case s.o.Mode == Echo && s.on.Cell.Size > peer.MaxEcho:
		return fmt.Errorf("cell %s: %v is too large to echo (hint: 16KiB at most)", s.on.Cell.ID, s.on.Cell.Size)
	case u.RawQuery != "" || u.Path != "" && u.Path != "/":
		return errors.New("target.url: a path means nothing to TCP (hint: give scheme, host and port alone)")
	case auth.User != "" || auth.Bearer != nil:
		return errors.New("target.auth: TCP has none (hint: remove it)")
	}
	if s.o.Mode != Connect { // on which nothing moves
		s.way.Watch(s.on.Sampled)
	}
	return nil
}

// Prepare implements probes.Session; there are no fixtures.
func (s *session) Prepare(context.Context) error { return nil }

// Close implements probes.Session. An op that still runs ends with its own
// context, and its connection with it.
func (s *session) Close(context.Context) error {
	for _, at := range s.lanes.All() {
		if at.Try() {
			at.Held.part((*reach.Link).Close)
			at.Give()
		}
	}
	for _, remark := range s.way.Unvisited() {
		s.warn(remark)
	}
	s.way.Close()
	return nil
}

// part ends the lane's connection.
func (l *lane) part(how func(*reach.Link) error) {
	if l.link != nil {
		_ = how(l.link)
		l.link = nil
	}
}

func drop(l *reach.Link) error {
	l.Drop()
	return nil
}

// warn passes a remark on once.
func (s *session) warn(text string) {
	if _, said := s.warned.LoadOrStore(text, true); !said {
		s.on.Warn("arm " + s.on.Arm.ID + ": " + text)
	}
}

// Do implements probes.Session: one attempt, whatever becomes of it.
func (s *session) Do(ctx context.Context, op probes.Op) probes.Observation {
	at := s.lanes.Take(op.Slot)
	defer at.Give()
	o := probes.Observation{Seq: op.Seq, Name: op.Name, Slot: op.Slot, Due: probes.MarkAt(op.Due)}
	t := &try{session: s, lane: &at.Held, ctx: ctx, op: op, o: &o}
	t.start = t.now()
	o.Start = probes.MarkAt(t.start)
	err := t.run()
	t.end = t.now()
	o.End = probes.MarkAt(t.end)
	if err == nil {
		o.Outcome = probes.OK
	} else {
		t.failed(err)
	}
	t.settle()
	return o
}

// try is one op under way. All its times are offsets from the op's epoch.
type try struct {
	session *session
	lane    *lane
	ctx     context.Context
	op      probes.Op
	o       *probes.Observation
	reused  bool
	stage   stage

	start, sendAt, sentAt, firstAt, end time.Duration
}

// stage is what an op waits for; it decides which limit silence runs into.
type stage int

const (
	opening   stage = iota // has limits of its own
	sending                // bytes have to move
	awaiting               // the answer is awaited
	receiving              // bytes have to move
)

func (t *try) now() time.Duration { return time.Since(t.op.Epoch) }

func (t *try) run() error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if err := t.connect(); err != nil {
		return err
	}
	t.o.Peer = t.lane.link.Peer()
	if !t.session.o.Mode.peered() {
		return nil
	}
	link := t.lane.link
	defer context.AfterFunc(t.ctx, link.Abort)()
	t.sendAt = t.now()
	return t.exchange()
}

// connect readies the lane's connection: one is opened where the lane has
// none, or its peer closed it while it was idle.
func (t *try) connect() error {
	s, l := t.session, t.lane
	if l.link != nil {
		t.reused = true
		if time.Since(l.last) < checkAfter || l.link.Alive(l.peek) {
			return nil
		}
		t.reused = false
		s.warn("the peer closed kept connections while they were idle; each was replaced before the next op")
		l.part((*reach.Link).Close)
	}
	way := s.way.Open
	if s.o.Mode == Connect {
		way = s.way.Dial
	}
	link, err := way(t.ctx)
	p := &t.o.Phases
	p.Resolve, p.Connect, p.TLS = link.Took.Resolve, link.Took.Connect, link.Took.TLS
	if err != nil {
		t.o.Peer = link.Peer()
		return err
	}
	l.link = link
	if l.br == nil {
		l.br = bufio.NewReaderSize(link, 4<<10)
	} else {
		l.br.Reset(link)
	}
	return nil
}

// peek looks whether something waits.
func (l *lane) peek() error {
	_, err := l.br.Peek(1)
	return err
}

// arm gives the next step its time; an op that is being cut keeps none.
func (t *try) arm(s stage) {
	t.stage = s
	limit := t.session.o.StallAfter
	if s == awaiting {
		limit = t.session.o.AnswerAfter
	}
	_ = t.lane.link.SetDeadline(time.Now().Add(limit))
	if t.ctx.Err() != nil {
		t.lane.link.Abort()
	}
}

// settle closes the phases and decides what becomes of the connection.
func (t *try) settle() {
	o, l := t.o, t.lane
	t.phases()
	if l.link == nil {
		return
	}
	l.last = time.Now()
	keeps := o.Outcome == probes.OK && t.session.o.Connections != Fresh
	if t.session.o.Mode == Echo && t.reused && keeps && l.last.Sub(l.asked) < socketEvery {
		o.Socket = probes.Socket{Conn: l.link.ID, Reused: true}
	} else {
		l.asked = l.last
		o.Socket = l.link.Socket(t.reused)
	}
	switch {
	case keeps:
	case o.Outcome == probes.OK:
		l.part((*reach.Link).Close)
	default:
		l.part(drop)
	}
}

func (t *try) phases() {
	if t.sendAt == 0 {
		return
	}
	p := &t.o.Phases
	if t.firstAt == 0 {
		if t.sentAt == 0 {
			p.Send = t.end - t.sendAt
		} else {
			p.Send, p.Wait = t.sentAt-t.sendAt, t.end-t.sentAt
		}
		return
	}
	t.o.FirstByte = probes.MarkAt(t.firstAt)
	sent := t.sentAt
	if sent == 0 || sent > t.firstAt {
		sent = t.firstAt
	}
	p.Send, p.Wait, p.Receive = sent-t.sendAt, t.firstAt-sent, t.end-t.firstAt
}

// size is that of the op.
func (t *try) size() int64 {
	if t.op.Size > 0 {
		return int64(t.op.Size)
	}
	return int64(t.session.o.Size)
}

// unsent is what the kernel still holds of what it was given, bytes.
func (l *lane) unsent() func() int64 {
	link := l.link
	return func() int64 {
		n, err := link.TCP.Unacked()
		if err != nil {
			return 0
		}
		return n
	}
}

// acknowledged is what of an upload has left this machine.
func (t *try) acknowledged() unit.Bytes { return t.op.Meter.Moved() }
