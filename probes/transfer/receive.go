package transfer

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"loadline/probes"
	"loadline/probes/internal/payload"
	"loadline/scenarios/unit"
)

// verdict is what one exchange comes to.
type verdict struct {
	outcome  probes.Outcome
	err      error
	verified unit.Bytes
	// whole is true if the answer was read to its end, so that the connection
	// may be used again.
	whole bool
}

// part is what a download must deliver.
type part struct {
	object payload.Object // with verify digest and an own fixture
	off, n int64
	total  int64  // size of the object
	ranged bool   // asked for with a Range header
	digest string // hex SHA-256, for an existing object
	verify Verify
	own    bool
	// content, if set, is told the hex SHA-256 of what came: nobody has said
	// what is right, so it is for others to compare.
	content *string
}

// checker of a body: what is written to it is compared with what must be there.
type comparer interface {
	io.Writer
	// verdict judges what was written so far; read is how much that was.
	verdict(read int64) verdict
}

// flow is a body as it comes over the wire: it counts and times the reads.
type flow struct {
	r io.Reader
	p *progress
	n int64
	// object is true if the bytes are the op's object, not talk about it.
	object bool
}

func (f *flow) Read(b []byte) (int, error) {
	began := f.p.now() // the monotonic clock alone: twice per block at gigabytes per second
	n, err := f.r.Read(b)
	f.n += int64(n)
	if f.object {
		f.p.got(n, time.Duration(f.p.now()-began))
	} else {
		f.p.heard.Add(int64(n))
	}
	return n, err
}

// receive reads a download to its end and judges it.
func (pt part) receive(a *answer, p *progress, block []byte) verdict {
	wire := &flow{r: a.body, p: p, object: true}
	body, encoding, err := decoded(a.header.Get("Content-Encoding"), wire)
	if err != nil && pt.verify != VerifyNone {
		return verdict{outcome: probes.Protocol, err: err}
	}
	if err != nil {
		body = wire
	}
	if pt.ranged && a.status != 206 && pt.n < pt.total {
		return pt.unranged(a, body, encoding, block)
	}
	odd, check := pt.oddity(a), pt.comparer()
	read, err := pump(body, check, pt.n, block)
	v := check.verdict(read)
	v.whole = err == nil && read <= pt.n
	switch {
	case grave(v.outcome) && err == nil && read < pt.n:
		v.err = fmt.Errorf("%w; the answer%s ended after %d bytes of %d", v.err, kindOf(a), read, pt.n)
	case grave(v.outcome):
	case read > pt.n:
		v.outcome, v.err = probes.Long, fmt.Errorf("long: more than the %d bytes that were expected%s", pt.n, announced(a))
	case err != nil:
		v.outcome, v.err = broken(err, read, pt.n, encoding)
	case read < pt.n:
		v.outcome, v.err = probes.Short, fmt.Errorf("short: %d of %d bytes, and the answer ended as if that were all%s", read, pt.n, announced(a))
	case odd != nil:
		v.outcome, v.err = probes.Protocol, odd
	}
	if encoding != "" && v.outcome == probes.OK {
		v.verified = unit.Bytes(wire.n)
	} else if encoding != "" {
		v.verified = 0 // which of the encoded bytes were right cannot be told
	}
	return v
}

// pump reads to the end, or to the first byte beyond most.
func pump(r io.Reader, w io.Writer, most int64, block []byte) (read int64, err error) {
	for {
		n, err := r.Read(block)
		read += int64(n)
		_, _ = w.Write(block[:n]) // comparers never fail
		if err == io.EOF {
			return read, nil
		}
		if err != nil || read > most {
			return read, err
		}
	}
}

// grave outcomes are about bytes that did arrive, and stand whatever happened
// to the connection afterwards.
func grave(o probes.Outcome) bool {
	return o == probes.Corrupt || o == probes.Swapped || o == probes.Stale
}

// broken judges a body that ended in an error.
func broken(err error, read, want int64, encoding string) (probes.Outcome, error) {
	var flated flate.CorruptInputError
	switch {
	case errors.As(err, &flated), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, zlib.ErrHeader), errors.Is(err, zlib.ErrChecksum):
		return probes.Corrupt, fmt.Errorf("corrupt: after %d bytes the %s encoding breaks: %w", read, encoding, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return probes.Short, fmt.Errorf("short: the connection ended after %d of %d bytes", read, want)
	}
	return "", err
}

// kindOf is what the answer says its body is, in words: a page that says sorry
// is text/html.
func kindOf(a *answer) string {
	if kind := a.header.Get("Content-Type"); kind != "" {
		return " (" + printable(kind, 60) + ")"
	}
	return ""
}

// announced is what the answer said of its length, for messages.
func announced(a *answer) string {
	if a.length < 0 {
		return " (no length was announced)"
	}
	return fmt.Sprintf(" (announced: %d)", a.length)
}

// oddity says what in the head contradicts what was asked for.
func (pt part) oddity(a *answer) error {
	said := a.header.Get("Content-Range")
	switch {
	case !pt.ranged && a.status == 206:
		return errors.New("answered 206 although no range was asked for")
	case !pt.ranged:
		return nil
	case a.status != 206:
		return nil // all of it was asked for; see unranged for a part of it
	}
	want := fmt.Sprintf("bytes %d-%d/", pt.off, pt.off+pt.n-1)
	total, ok := strings.CutPrefix(said, want)
	if ok && (total == "*" || total == strconv.FormatInt(pt.total, 10)) {
		return nil
	}
	return fmt.Errorf("wrong Content-Range: %q, and %s%d was asked for", said, want, pt.total)
}

// decodable reports whether every encoding that a header asks for can be taken
// apart here.
func decodable(accept string) bool {
	for word := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.ToLower(strings.TrimSpace(word)), ";")
		switch strings.TrimSpace(name) {
		case "", "identity", "gzip", "x-gzip", "deflate":
		default:
			if strings.TrimSpace(weight) != "q=0" {
				return false
			}
		}
	}
	return true
}

// decoded is the body behind its content encoding; the name is empty if there
// is none.
func decoded(encoding string, wire io.Reader) (body io.Reader, name string, err error) {
	switch name = strings.ToLower(strings.TrimSpace(encoding)); name {
	case "", "identity":
		return wire, "", nil
	case "gzip", "x-gzip", "deflate":
		return &decoder{wire: wire, name: name}, name, nil
	}
	return wire, name, fmt.Errorf("encoded as %q, which cannot be verified (hint: send Accept-Encoding: gzip, or verify: none)", name)
}

// decoder opens the encoding at the first read, because its header is body
// already, and reads the wire to its end when the encoding ends.
type decoder struct {
	wire io.Reader
	name string
	r    io.Reader
}

func (d *decoder) Read(b []byte) (int, error) {
	if d.r == nil {
		if err := d.open(); err != nil {
			return 0, err
		}
	}
	return d.r.Read(b)
}

func (d *decoder) open() (err error) {
	if d.name == "deflate" {
		d.r, err = zlib.NewReader(d.wire)
	} else {
		d.r, err = gzip.NewReader(d.wire)
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// comparer chooses how the part is verified.
func (pt part) comparer() comparer {
	switch {
	case pt.verify == VerifyNone:
		return unseen{}
	case pt.own:
		return seeded{pt.object.SectionVerifier(pt.off, pt.n), pt.off}
	case pt.content != nil:
		return &learner{Hash: sha256.New(), into: pt.content, n: pt.n}
	}
	return &hashed{Hash: sha256.New(), want: pt.digest, n: pt.n}
}

// unseen counts bytes without looking at them.
type unseen struct{}

func (unseen) Write(b []byte) (int, error) { return len(b), nil }
func (unseen) verdict(read int64) verdict {
	return verdict{outcome: probes.OK, verified: unit.Bytes(read)}
}

// seeded compares with the generated object.
type seeded struct {
	*payload.Verifier
	off int64
}

func (s seeded) verdict(read int64) verdict {
	r := s.Result()
	right := min(r.Received, r.Expected)
	if r.FirstBad >= 0 {
		right = min(right, r.FirstBad-s.off)
	}
	v := verdict{outcome: probes.OK, verified: unit.Bytes(right)}
	switch r.Kind {
	case payload.Corrupt:
		v.outcome = probes.Corrupt
	case payload.Stale:
		v.outcome = probes.Stale
	case payload.Swapped:
		v.outcome = probes.Swapped
	default:
		return v
	}
	v.err = errors.New(r.String())
	return v
}

// hashed compares with the digest of an existing object.
type hashed struct {
	hash.Hash
	want string
	n    int64
}

func (h *hashed) verdict(read int64) verdict {
	if read != h.n {
		return verdict{outcome: probes.OK} // the length decides
	}
	got := hex.EncodeToString(h.Sum(nil))
	if strings.EqualFold(got, h.want) {
		return verdict{outcome: probes.OK, verified: unit.Bytes(read)}
	}
	return verdict{outcome: probes.Corrupt, err: fmt.Errorf("corrupt: SHA-256 is %s, and %s is expected", got, strings.ToLower(h.want))}
}

// drainBound is how much of an answer to an upload, or of a refusal, is read.
const drainBound = 64 << 10

// drain reads the answer to an upload up to the bound and returns its start,
// for messages.
func drain(a *answer, p *progress, block []byte) (start []byte, whole bool, err error) {
	body := &flow{r: a.body, p: p}
	for body.n <= drainBound {
		n, err := body.Read(block[:min(len(block), 32<<10)])
		if len(start) == 0 && n > 0 {
			start = bytes.Clone(block[:min(n, 512)])
		}
		if err == io.EOF {
			return start, true, nil
		}
		if err != nil {
			return start, false, err
		}
	}
	return start, false, nil
}
