package tcp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"loadline/probes"
	"loadline/probes/internal/reach"
	"loadline/probes/tcp/peer"
	"loadline/scenarios/unit"
)

// exchange asks the peer, moves the bytes, and compares what comes back.
func (t *try) exchange() error {
	ask := peer.Request{Verb: t.session.o.Mode.verb(), Size: t.size(), Seed: t.op.Seed}
	switch t.session.o.Mode {
	case Echo:
		return t.echo(ask)
	case Upload:
		return t.upload(ask)
	}
	return t.download(ask)
}

// echo sends a few bytes and has them back.
func (t *try) echo(ask peer.Request) error {
	l := t.lane
	body := peer.NewStream(ask.Seed)
	l.buf = ask.AppendLine(l.buf[:0])
	for left := int(ask.Size); left > 0; {
		piece := body.Next(left)
		l.buf = append(l.buf, piece...)
		left -= len(piece)
	}
	t.arm(sending)
	if _, err := l.link.Write(l.buf); err != nil {
		return t.lastWords(err)
	}
	t.sentAt = t.now()
	t.o.Sent = unit.Bytes(ask.Size)
	t.op.Meter.Add(int(ask.Size))
	if err := t.answer(); err != nil {
		return err
	}
	return t.take(ask)
}

// upload sends a stream, which the peer compares and then acknowledges.
func (t *try) upload(ask peer.Request) error {
	l := t.lane
	t.op.Meter.Unsent(l.unsent())
	defer func() {
		t.o.Sent = t.acknowledged()
		if t.o.Verified > 0 {
			t.o.Sent = t.o.Verified // the answer proves what the kernel may not know yet
		}
		t.op.Meter.Unsent(nil)
	}()
	t.arm(sending)
	if _, err := l.link.Write(ask.AppendLine(l.buf[:0])); err != nil {
		return t.lastWords(err)
	}
	body := peer.NewStream(ask.Seed)
	for left := ask.Size; left > 0; {
		t.arm(sending)
		began := time.Now()
		n, err := l.link.Write(body.Next(int(min(left, block))))
		t.op.Meter.Add(n)
		t.paused(time.Since(began))
		if left -= int64(n); err != nil {
			return t.lastWords(err)
		}
	}
	t.sentAt = t.now()
	if err := t.answer(); err != nil {
		return err
	}
	t.o.Verified = unit.Bytes(ask.Size)
	return nil
}

// download takes a stream.
func (t *try) download(ask peer.Request) error {
	l := t.lane
	t.arm(sending)
	if _, err := l.link.Write(ask.AppendLine(l.buf[:0])); err != nil {
		return t.lastWords(err)
	}
	t.sentAt = t.now()
	if err := t.answer(); err != nil {
		return err
	}
	return t.take(ask)
}

// take receives the bytes of a stream and compares them.
func (t *try) take(ask peer.Request) error {
	l := t.lane
	if want := int(min(ask.Size, block)); cap(l.buf) < want {
		l.buf = make([]byte, want)
	}
	body := peer.NewStream(ask.Seed)
	for done := int64(0); done < ask.Size; {
		t.arm(receiving)
		began := time.Now()
		n, err := l.br.Read(l.buf[:min(ask.Size-done, int64(cap(l.buf)))])
		gap := time.Since(began)
		t.paused(gap)
		t.o.Phases.Pause = max(t.o.Phases.Pause, gap)
		t.op.Meter.Add(n)
		t.o.Received += unit.Bytes(n)
		if wrong := body.Check(l.buf[:n]); wrong >= 0 {
			return &finding{probes.Corrupt, fmt.Errorf("byte %d of %d is wrong", done+int64(wrong), ask.Size)}
		}
		done += int64(n)
		if errors.Is(err, io.EOF) && done < ask.Size {
			return &finding{probes.Short, fmt.Errorf("the connection ended after %d of %d bytes", done, ask.Size)}
		} else if err != nil && done < ask.Size {
			return fmt.Errorf("after %d of %d bytes: %w", done, ask.Size, err)
		}
	}
	if l.br.Buffered() > 0 {
		return &finding{probes.Long, fmt.Errorf("bytes follow the %d that were asked for", ask.Size)}
	}
	t.o.Verified = t.o.Received
	return nil
}

// paused counts a gap without a byte moved, if it was long enough.
func (t *try) paused(gap time.Duration) {
	if gap >= stallGap {
		t.o.Phases.Stall += gap
	}
}

// answer reads the peer's line.
func (t *try) answer() error {
	t.arm(awaiting)
	br := t.lane.br
	if _, err := br.Peek(1); err != nil {
		return err
	}
	t.firstAt = t.now()
	t.arm(receiving)
	line, err := br.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
	case err != nil && len(line) == 0 || errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	var refused *peer.Refusal
	switch err := peer.Answer(string(trimEnd(line))); {
	case errors.As(err, &refused) && refused.Corrupt():
		return &finding{probes.Corrupt, err}
	case err != nil:
		return &reach.ProtocolError{Err: err}
	}
	return nil
}

func trimEnd(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// lastWords looks for the reason that a peer gave before it stopped reading.
func (t *try) lastWords(failed error) error {
	if t.ctx.Err() != nil || errors.Is(failed, os.ErrDeadlineExceeded) {
		return failed
	}
	var found *finding
	var protocol *reach.ProtocolError
	if err := t.answer(); errors.As(err, &found) || errors.As(err, &protocol) {
		return err
	}
	t.stage, t.firstAt = sending, 0
	return failed
}

// finding is an answer that came and was not right.
type finding struct {
	outcome probes.Outcome
	err     error
}

// Error is what was not right.
func (f *finding) Error() string { return f.err.Error() }

// Unwrap is what was not right.
func (f *finding) Unwrap() error { return f.err }

// failed gives the op its outcome.
func (t *try) failed(err error) {
	var found *finding
	outcome := probes.OK
	switch late := errors.Is(err, os.ErrDeadlineExceeded) && t.ctx.Err() == nil; {
	case errors.As(err, &found):
		outcome = found.outcome
	case late && t.stage == awaiting:
		outcome, err = probes.Timeout, fmt.Errorf("no answer in %v after the request was sent", t.session.o.AnswerAfter)
	case late && t.stage != opening:
		outcome, err = probes.Stalled, fmt.Errorf("no byte moved in %v", t.session.o.StallAfter)
	default:
		outcome, err = reach.Judge(t.ctx, err)
	}
	if outcome == probes.Reset && t.reused && t.firstAt == 0 {
		err = reach.OnKept(err)
	}
	t.o.Outcome, t.o.Err = outcome, err
	t.o.Verified = 0
}
