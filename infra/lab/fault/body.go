package fault

import (
	"context"
	"errors"
	"io"
	"time"
)

// The errors with which a struck body ends. The service turns them into a
// closed, a reset or a silent connection.
var (
	ErrCut   = errors.New("fault: body cut here")
	ErrReset = errors.New("fault: connection reset here")
)

// Body bends a body of size bytes (-1: unknown) that is read from r: first its
// content (corrupt, truncate, zero-tail), then its motion (rate, stall, cut,
// reset). It returns r itself when nothing that touches bytes has hit, so that
// a healthy request keeps its speed. A read waits no longer than ctx lives.
func (h Struck) Body(ctx context.Context, r io.Reader, size int64) io.Reader {
	if f, ok := h[Corrupt]; ok {
		r = &flipper{r: r, at: flipAt(f.At, size)}
	}
	if f, ok := h[Truncate]; ok {
		r = &tail{r: r, hold: int(f.Size), drop: true}
	}
	if f, ok := h[ZeroTail]; ok {
		r = &tail{r: r, hold: int(f.Size)}
	}
	if f, ok := h[Rate]; ok {
		r = &limiter{ctx: ctx, r: r, rate: f.Rate, free: f.At}
	}
	if f, ok := h[Stall]; ok {
		r = &stopper{r: r, left: f.At, end: func() error { <-ctx.Done(); return ctx.Err() }}
	}
	if f, ok := h[Cut]; ok {
		r = &stopper{r: r, left: f.At, end: func() error { return ErrCut }}
	}
	if f, ok := h[Reset]; ok {
		r = &stopper{r: r, left: f.At, end: func() error { return ErrReset }}
	}
	return r
}

// Length is the size that a body of size bytes has after Body: smaller by what
// a truncation removes, -1 when it was not known.
func (h Struck) Length(size int64) int64 {
	f, ok := h[Truncate]
	if !ok || size < 0 {
		return size
	}
	return max(0, size-f.Size)
}

// flipAt keeps the flip inside a short body, so that the fault strikes all the
// same; a body of unknown size is flipped at the offset asked for.
func flipAt(at, size int64) int64 {
	if size > 0 && at >= size {
		return size - 1
	}
	return at
}

// flipper inverts one bit of the byte at offset at.
type flipper struct {
	r   io.Reader
	off int64
	at  int64
}

func (f *flipper) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if i := f.at - f.off; i >= 0 && i < int64(n) {
		p[i] ^= 0x01
	}
	f.off += int64(n)
	return n, err
}

// tail holds the last hold bytes back until the end is seen, then zeroes or
// drops them: the length of a chunked body is not known before.
type tail struct {
	r    io.Reader
	hold int
	drop bool
	held []byte // read, not yet given out; at most hold bytes while more may come
	out  []byte // the rest to give out once the end was seen
	buf  []byte
	err  error
}

func (t *tail) Read(p []byte) (int, error) {
	for {
		if len(t.out) > 0 {
			n := copy(p, t.out)
			t.out = t.out[n:]
			return n, nil
		}
		if t.err != nil {
			return 0, t.err
		}
		t.fill(len(p))
	}
}

// fill reads once and moves what is certainly not the tail to out.
func (t *tail) fill(want int) {
	if len(t.buf) < want {
		t.buf = make([]byte, max(want, 32<<10))
	}
	n, err := t.r.Read(t.buf)
	t.held = append(t.held, t.buf[:n]...)
	keep := min(t.hold, len(t.held))
	sure := len(t.held) - keep
	t.out = append([]byte(nil), t.held[:sure]...)
	t.held = append(t.held[:0], t.held[sure:]...)
	if t.err = err; err == nil {
		return
	}
	if errors.Is(err, io.EOF) && !t.drop {
		t.out = append(t.out, make([]byte, len(t.held))...)
	}
	t.held = nil
}

// limiter lets bytes pass at rate bytes/s once free bytes have passed.
type limiter struct {
	ctx   context.Context
	r     io.Reader
	rate  int64
	free  int64
	start time.Time
	moved int64
}

// Read gives out a fiftieth of a second's worth at a time, so that the rate is
// even and not a row of bursts.
func (l *limiter) Read(p []byte) (int, error) {
	if l.free > 0 {
		n, err := l.r.Read(p[:min(int64(len(p)), l.free)])
		l.free -= int64(n)
		return n, err
	}
	if l.start.IsZero() {
		l.start = time.Now()
	}
	due := time.Duration(float64(l.moved) / float64(l.rate) * float64(time.Second))
	if err := Sleep(l.ctx, due-time.Since(l.start)); err != nil {
		return 0, err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), max(512, l.rate/50))])
	l.moved += int64(n)
	return n, err
}

// stopper ends a body after left bytes with what end returns.
type stopper struct {
	r    io.Reader
	left int64
	end  func() error
}

func (s *stopper) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, s.end()
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	return n, err
}
