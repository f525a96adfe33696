package payload

import (
	"fmt"
	"io"
)

// Kind is how received bytes compare with the expected ones.
type Kind uint8

// The kinds, from harmless to grave: when several apply the last one is
// reported, and the other fields of Result keep the rest.
const (
	OK      Kind = iota // every byte arrived and is right
	Short               // what arrived is right, but bytes are missing at the end
	Long                // everything arrived, and more after it
	Corrupt             // bytes differ
	Stale               // bytes of an older writing of the same name
	Swapped             // bytes of another object
)

// String is the kind in lower case.
func (k Kind) String() string {
	names := [...]string{"ok", "short", "long", "corrupt", "stale", "swapped"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Result is the verdict on the bytes seen so far. Offsets count from the start
// of the object, not of the verified section.
type Result struct {
	Kind               Kind
	Expected, Received int64 // bytes
	FirstBad           int64 // offset of the first byte that differs or should not be there; -1 if none
	BadBytes           int64 // how many of the expected bytes differ
	Found              Stamp // who the bytes from FirstBad on say they are; valid if Identified
	Identified         bool
	Displaced          int64 // how far the object's own content lies from its place; positive: too late
}

// piece is how many bytes are compared at a time, and generated again where
// they differ.
const piece = 32 << 10

// Verifier checks received bytes against an object as they arrive. It is an
// io.Writer that never fails, so that a body is read to its end whatever it
// holds; the verdict is Result. It belongs to one goroutine and keeps
// next to nothing while the bytes are right, 40 KiB once they are not.
type Verifier struct {
	object   Object
	gen      *generator
	start, n int64 // the section that is expected
	received int64
	firstBad int64 // -1 until known
	badBytes int64
	seized   []byte // what arrived from firstBad on, enough to hold a whole stamp
	scratch  []byte // what should have come; made at the first difference
}

var (
	_ io.Writer     = (*Verifier)(nil)
	_ io.ReaderFrom = (*Verifier)(nil)
)

// Verifier expects the whole object.
func (o Object) Verifier() *Verifier { return o.SectionVerifier(0, o.Size) }

// SectionVerifier expects the n bytes from off, or what of them lies inside the
// object.
func (o Object) SectionVerifier(off, n int64) *Verifier {
	off, n = o.clip(off, n)
	return &Verifier{object: o, gen: newGenerator(o), start: off, n: n, firstBad: -1}
}

// Received is the number of bytes written so far.
func (v *Verifier) Received() int64 { return v.received }

// Write takes the next received bytes. It always accepts all of them.
func (v *Verifier) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 && v.received < v.n {
		c := p[:min(int64(len(p)), v.n-v.received, piece)]
		if v.gen.matches(c, v.start+v.received) {
			v.seize(c, 0)
		} else {
			v.differ(c)
		}
		v.received += int64(len(c))
		p = p[len(c):]
	}
	if len(p) > 0 { // behind the expected end
		if v.firstBad < 0 {
			v.firstBad = v.start + v.received
		}
		v.seize(p, 0)
		v.received += int64(len(p))
	}
	return total, nil
}

// ReadFrom reads r to its end in pieces of 256 KiB, the size at which socket
// reads stop getting cheaper, and returns r's error.
func (v *Verifier) ReadFrom(r io.Reader) (int64, error) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	var total int64
	for {
		n, err := r.Read(buf[:])
		total += int64(n)
		_, _ = v.Write(buf[:n]) // never fails
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// differ accounts for a piece that is not what it should be.
func (v *Verifier) differ(got []byte) {
	if v.scratch == nil {
		v.scratch = make([]byte, min(v.n, piece))
	}
	want := v.scratch[:len(got)]
	v.gen.fill(want, v.start+v.received)
	first := len(got)
	for i := range got {
		if got[i] != want[i] {
			first = min(first, i)
			v.badBytes++
		}
	}
	if v.firstBad < 0 {
		v.firstBad = v.start + v.received + int64(first)
		v.seize(got, first)
	} else {
		v.seize(got, 0)
	}
}

// seize keeps received bytes from the first bad one on. One step between
// stamps and one stamp more hold a whole stamp at any alignment.
func (v *Verifier) seize(p []byte, from int) {
	const enough = StampEvery + StampSize
	if v.firstBad < 0 || len(v.seized) >= enough || from >= len(p) {
		return
	}
	p = p[from:]
	v.seized = append(v.seized, p[:min(len(p), enough-len(v.seized))]...)
}

// Result is the verdict as if the bytes written so far were all.
func (v *Verifier) Result() Result {
	r := Result{Expected: v.n, Received: v.received, FirstBad: v.firstBad, BadBytes: v.badBytes}
	if v.firstBad >= 0 {
		v.identify(&r)
	}
	switch {
	case v.badBytes > 0 && r.Identified && !r.Found.Names(v.object):
		r.Kind = Swapped
	case v.badBytes > 0 && r.Identified && v.olderThanExpected(r.Found):
		r.Kind = Stale
	case v.badBytes > 0 && r.Identified && r.Found.Generation != v.object.Generation:
		r.Kind = Swapped // a newer writing: not what was asked for, and not stale
	case v.badBytes > 0:
		r.Kind = Corrupt
	case v.received > v.n:
		r.Kind = Long
	case v.received < v.n:
		r.Kind = Short
	}
	return r
}

// olderThanExpected: a lower generation, or any generation of another run,
// because names and seeds are not used again on purpose.
func (v *Verifier) olderThanExpected(s Stamp) bool {
	return s.Seed != v.object.Seed || s.Generation < v.object.Generation
}

// identify asks the bytes from the first bad one on who they are. If the first
// bad byte lies inside a stamp the bytes before it belong to the question; they
// equalled ours, so they are generated again rather than kept.
func (v *Verifier) identify(r *Result) {
	from := v.firstBad
	if start := from - from%StampEvery; from-start < StampSize && start >= v.start {
		from = start
	}
	window := make([]byte, v.firstBad-from, int(v.firstBad-from)+len(v.seized))
	v.gen.fork().fill(window, from)
	window = append(window, v.seized...)

	s, at, ok := Identify(window)
	if !ok {
		return
	}
	place := from + int64(at)
	if s.Is(v.object) {
		if place == s.Block*StampEvery {
			return // our own stamp in its place: the damage lies elsewhere
		}
		r.Displaced = place - s.Block*StampEvery
	}
	r.Found, r.Identified = s, true
}

// String is the result in one sentence, without the name of the object.
func (r Result) String() string {
	where := fmt.Sprintf("at offset %d, %d of %d bytes differ", r.FirstBad, r.BadBytes, r.Expected)
	switch {
	case r.Kind == OK:
		return fmt.Sprintf("ok, %d bytes", r.Received)
	case r.Kind == Short:
		return fmt.Sprintf("short: %d of %d bytes arrived", r.Received, r.Expected)
	case r.Kind == Long:
		return fmt.Sprintf("long: %d bytes arrived, %d expected", r.Received, r.Expected)
	case r.Kind == Stale:
		return fmt.Sprintf("stale: generation %d of seed %d %s", r.Found.Generation, r.Found.Seed, where)
	case r.Kind == Swapped:
		return "swapped: content of another object " + where
	case r.Displaced != 0:
		return fmt.Sprintf("corrupt: the object's own content displaced by %+d bytes %s", r.Displaced, where)
	}
	return "corrupt: " + where
}
