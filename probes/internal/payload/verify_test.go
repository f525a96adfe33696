package payload

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// check feeds p to a verifier of [off, off+n) in pieces of step bytes.
func check(o Object, off, n int64, p []byte, step int) Result {
	v := o.SectionVerifier(off, n)
	for len(p) > 0 {
		k := min(step, len(p))
		_, _ = v.Write(p[:k])
		p = p[k:]
	}
	return v.Result()
}

func TestVerifierTellsTheKindsApart(t *testing.T) {
	const size = 100_000
	me := Object{Seed: 42, ID: "op-7", Generation: 2, Size: size}
	mine := content(me)
	of := func(change func(*Object)) []byte {
		o := me
		change(&o)
		return content(o)
	}
	with := func(change func([]byte) []byte) []byte { return change(bytes.Clone(mine)) }

	for _, c := range []struct {
		name     string
		body     []byte
		kind     Kind
		firstBad int64
		badBytes int64 // -1: not compared
		says     string
	}{
		{"right", mine, OK, -1, 0, "ok, 100000 bytes"},
		{"empty", nil, Short, -1, 0, "0 of 100000"},
		{"cut", mine[:size-1], Short, -1, 0, "99999 of 100000"},
		{"one byte more", with(func(b []byte) []byte { return append(b, 0) }), Long, size, 0, "100001 bytes"},
		{"flipped bit", with(func(b []byte) []byte { b[70_000] ^= 1; return b }), Corrupt, 70_000, 1, "at offset 70000, 1 of"},
		{"flipped bit in a stamp", with(func(b []byte) []byte { b[StampEvery+20] ^= 1; return b }), Corrupt, StampEvery + 20, 1, "corrupt"},
		{"flipped first byte", with(func(b []byte) []byte { b[0] ^= 1; return b }), Corrupt, 0, 1, "corrupt"},
		{"zero-filled tail", with(func(b []byte) []byte { clear(b[90_000:]); return b }), Corrupt, 90_000, -1, "corrupt"},
		{"flipped and cut", with(func(b []byte) []byte { b[10] ^= 1; return b[:50] }), Corrupt, 10, 1, "corrupt"},
		{"bytes lost inside", with(func(b []byte) []byte { return append(b[:10_000], b[11_448:]...) }), Corrupt, 10_000, -1, "displaced by -1448 bytes"},
		{"bytes inserted", with(func(b []byte) []byte {
			return append([]byte("4000;chunk-signature=00\r\n"), b...)
		}), Corrupt, 0, -1, "displaced by +25 bytes"},
		{"block written twice", with(func(b []byte) []byte {
			copy(b[2*StampEvery:3*StampEvery], b[:StampEvery])
			return b
		}), Corrupt, 2 * StampEvery, -1, "displaced by +32768 bytes"},
		{"another object", of(func(o *Object) { o.ID = "op-8" }), Swapped, 0, -1, "another object"},
		{"another object, shorter", of(func(o *Object) { o.ID = "op-8" })[:5000], Swapped, 0, -1, "another object"},
		{"one page of another object", with(func(b []byte) []byte {
			copy(b[4*StampEvery:5*StampEvery], of(func(o *Object) { o.ID = "op-9" })[4*StampEvery:])
			return b
		}), Swapped, 4 * StampEvery, -1, "another object"},
		{"older generation", of(func(o *Object) { o.Generation = 1 }), Stale, 0, -1, "generation 1 of seed 42"},
		{"newer generation", of(func(o *Object) { o.Generation = 3 }), Swapped, 0, -1, "another object"},
		{"same name of an earlier run", of(func(o *Object) { o.Seed = 41 }), Stale, 0, -1, "seed 41"},
		{"another object of an earlier run", of(func(o *Object) { o.Seed, o.ID = 41, "op-8" }), Swapped, 0, -1, "another object"},
		{"answer of the next request glued on", append(bytes.Clone(mine), of(func(o *Object) { o.ID = "op-8" })...), Long, size, 0, "long"},
		{"an error page", []byte(strings.Repeat("<html>502</html>", 1000)), Corrupt, 0, -1, "corrupt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 47, 4096, 1 << 20} {
				got := check(me, 0, size, c.body, step)
				// A random byte equals the expected one once in 256 times.
				near := got.FirstBad >= c.firstBad && got.FirstBad <= c.firstBad+3
				if got.Kind != c.kind || !near || c.badBytes >= 0 && got.BadBytes != c.badBytes {
					t.Errorf("in steps of %d: %+v, want %v, first bad %d, %d bad bytes", step, got, c.kind, c.firstBad, c.badBytes)
				}
				if got.Expected != size || got.Received != int64(len(c.body)) {
					t.Errorf("expected %d, received %d; want %d, %d", got.Expected, got.Received, size, len(c.body))
				}
				if !strings.Contains(got.String(), c.says) {
					t.Errorf("says %q, want it to contain %q", got, c.says)
				}
			}
		})
	}
}

func TestResultNamesTheOtherObject(t *testing.T) {
	me := Object{Seed: 1, ID: "op-1", Size: 10_000}
	other := Object{Seed: 1, ID: "op-2", Size: 10_000}
	got := check(me, 0, me.Size, content(other), 1000)
	if !got.Identified || !got.Found.Is(other) || got.Found.Is(me) || got.Found.Names(me) {
		t.Errorf("%+v does not name %v", got, other)
	}
	got = check(me, 0, me.Size, append(content(me), content(other)...), 1000)
	if got.Kind != Long || !got.Found.Is(other) {
		t.Errorf("%+v: the extra bytes are not recognised as %v", got, other)
	}
}

// A range of StampEvery+StampSize-1 bytes holds a whole stamp wherever it
// begins; that is the promise of the package comment.
func TestSwapIsSeenInAnyRangeOfOneStep(t *testing.T) {
	const n = StampEvery + StampSize - 1
	rapid.Check(t, func(t *rapid.T) {
		me := Object{Seed: 1, ID: "mine", Size: 1 << 30}
		other := Object{Seed: 1, ID: "other", Size: 1 << 30}
		off := rapid.Int64Range(0, me.Size-n).Draw(t, "off")
		body := make([]byte, n)
		_, _ = other.Reader().ReadAt(body, off)
		if got := check(me, off, n, body, 1000); got.Kind != Swapped || !got.Found.Is(other) {
			t.Fatalf("range at %d: %+v", off, got)
		}
	})
}

func TestAnyDamageIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawObject(t)
		off := rapid.Int64Range(0, o.Size).Draw(t, "off")
		n := rapid.Int64Range(0, o.Size-off).Draw(t, "n")
		body := content(o)[off : off+n]
		step := rapid.IntRange(1, 9000).Draw(t, "step")
		if got := check(o, off, n, body, step); got.Kind != OK || got.FirstBad != -1 {
			t.Fatalf("healthy: %+v", got)
		}
		extra := rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(t, "extra")
		if got := check(o, off, n, append(bytes.Clone(body), extra...), step); got.Kind != Long || got.FirstBad != off+n {
			t.Fatalf("long: %+v", got)
		}
		if n == 0 {
			return
		}
		cut := rapid.Int64Range(0, n-1).Draw(t, "cut")
		if got := check(o, off, n, body[:cut], step); got.Kind != Short || got.Received != cut {
			t.Fatalf("short: %+v", got)
		}
		at := rapid.Int64Range(0, n-1).Draw(t, "at")
		body[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "mask"))
		got := check(o, off, n, body, step)
		if got.Kind != Corrupt || got.FirstBad != off+at || got.BadBytes != 1 || got.Displaced != 0 {
			t.Fatalf("flip at %d: %+v", off+at, got)
		}
	})
}

func TestVerifierReadsStreams(t *testing.T) {
	o := Object{Seed: 1, ID: "stream", Size: 1 << 20}
	v := o.Verifier()
	if n, err := io.Copy(v, iotest.HalfReader(o.Reader())); n != o.Size || err != nil || v.Result().Kind != OK {
		t.Errorf("copy = %d, %v, %v", n, err, v.Result())
	}
	broken := errors.New("connection reset")
	v = o.Verifier()
	n, err := v.ReadFrom(io.MultiReader(o.Section(0, 1000), iotest.ErrReader(broken)))
	if n != 1000 || !errors.Is(err, broken) {
		t.Errorf("ReadFrom = %d, %v", n, err)
	}
	if r := v.Result(); r.Kind != Short || r.Received != 1000 || v.Received() != 1000 {
		t.Errorf("after a reset: %v", r)
	}
}

func TestVerifierIsFlat(t *testing.T) {
	o := Object{Seed: 1, ID: "flat", Size: 1 << 40}
	v, r, p := o.Verifier(), o.Reader(), make([]byte, 256<<10)
	_, _ = r.Read(p)
	_, _ = v.Write(p)
	if n := testing.AllocsPerRun(10, func() { _, _ = r.Read(p); _, _ = v.Write(p) }); n != 0 {
		t.Errorf("verification allocates %v times per write", n)
	}
}

func TestKindString(t *testing.T) {
	if got := Swapped.String() + " " + Kind(99).String(); got != "swapped kind 99" {
		t.Error(got)
	}
}

// Whatever arrives, in whatever pieces: no panic, and OK exactly for the right
// bytes.
func FuzzVerifier(f *testing.F) {
	o := Object{Seed: 1, ID: "fuzz", Size: 9000}
	f.Add(uint16(0), uint16(9000), content(o), uint16(100))
	f.Add(uint16(4000), uint16(200), content(o)[4000:4200], uint16(1))
	f.Add(uint16(0), uint16(9000), content(Object{Seed: 1, ID: "other", Size: 9000}), uint16(4096))
	f.Fuzz(func(t *testing.T, off, n uint16, body []byte, step uint16) {
		r := check(o, int64(off), int64(n), body, int(step)+1)
		start, length := o.clip(int64(off), int64(n))
		right := bytes.Equal(body, content(o)[start:start+length])
		if (r.Kind == OK) != right {
			t.Fatalf("%v for bytes that are right: %v", r, right)
		}
		if r.Received != int64(len(body)) || r.String() == "" {
			t.Fatalf("received %d of %d", r.Received, len(body))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	o := Object{Seed: 1, ID: "bench", Size: 1 << 60}
	r, v := o.Reader(), o.Verifier()
	// The same bytes at the same offset every time: only verification is timed.
	p := make([]byte, 256<<10)
	_, _ = r.Read(p)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		v.received = 0
		_, _ = v.Write(p)
	}
	if v.Result().BadBytes != 0 {
		b.Fatal("the verifier found a difference")
	}
}

// The dear case: every byte differs, as when another object arrives.
func BenchmarkVerifySwapped(b *testing.B) {
	v := Object{Seed: 1, ID: "bench", Size: 1 << 60}.Verifier()
	p := content(Object{Seed: 1, ID: "other", Size: 256 << 10})
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		v.received = 0
		_, _ = v.Write(p)
	}
}
