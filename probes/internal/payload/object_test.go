package payload

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func content(o Object) []byte {
	p := make([]byte, max(o.Size, 0))
	newGenerator(o).fill(p, 0)
	return p
}

// The content is part of what records refer to: a body stored by one build
// must verify with the next.
func TestContentIsPinned(t *testing.T) {
	for _, c := range []struct {
		object Object
		want   string
	}{
		{Object{Seed: 1, ID: "a", Size: 1}, "e7cf46a078fed4fa"},
		{Object{Seed: 1, ID: "a", Size: 100_000}, "fc96f68ef86a0e20"},
		{Object{Seed: 1, ID: "a", Generation: 1, Size: 100_000}, "a72dda2b6f90cf28"},
	} {
		sum := c.object.SHA256()
		if got := hex.EncodeToString(sum[:8]); got != c.want {
			t.Errorf("%v, %d bytes: digest begins %s, want %s", c.object, c.object.Size, got, c.want)
		}
	}
}

func TestReaderConformsToIOContracts(t *testing.T) {
	for _, size := range []int64{0, 1, 15, 16, 17, StampSize, StampEvery - 1, StampEvery, StampEvery + 1, 3*StampEvery + 20} {
		o := Object{Seed: 7, ID: "contract", Size: size}
		if err := iotest.TestReader(o.Reader(), content(o)); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

func TestAnySplitOfReadsGivesTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawObject(t)
		want := content(o)
		r := o.Reader()
		var got []byte
		for {
			p := make([]byte, rapid.IntRange(1, 9000).Draw(t, "read"))
			n, err := r.Read(p)
			got = append(got, p[:n]...)
			if err == io.EOF {
				break
			}
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%v: reads in pieces differ from the content", o)
		}
	})
}

func TestReadAtEqualsSeekAndReadEqualsSection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawObject(t)
		off := rapid.Int64Range(0, o.Size).Draw(t, "off")
		n := rapid.Int64Range(0, o.Size-off).Draw(t, "n")
		want := content(o)[off : off+n]

		at := make([]byte, n)
		if m, err := o.Reader().ReadAt(at, off); int64(m) != n || (err != nil && err != io.EOF) {
			t.Fatalf("ReadAt(%d, %d) = %d, %v", n, off, m, err)
		}
		r := o.Reader()
		if _, err := r.Seek(off, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		sought := make([]byte, n)
		if _, err := io.ReadFull(r, sought); err != nil && n > 0 {
			t.Fatal(err)
		}
		var section bytes.Buffer
		if m, err := o.Section(off, n).WriteTo(&section); m != n || err != nil {
			t.Fatalf("WriteTo = %d, %v", m, err)
		}
		if !bytes.Equal(at, want) || !bytes.Equal(sought, want) || !bytes.Equal(section.Bytes(), want) {
			t.Fatalf("%v: [%d,+%d) depends on how it is read", o, off, n)
		}
	})
}

// A far offset must cost nothing and still agree with its neighbourhood.
func TestFarOffsets(t *testing.T) {
	o := Object{Seed: 3, ID: "exabyte", Size: 1 << 60}
	for _, off := range []int64{1<<32 - 8, 1<<40 + 5, 1<<60 - 4096} {
		whole := make([]byte, 4096)
		if _, err := o.Reader().ReadAt(whole, off); err != nil {
			t.Fatalf("offset %d: %v", off, err)
		}
		part := make([]byte, 100)
		if _, err := o.Reader().ReadAt(part, off+2000); err != nil || !bytes.Equal(part, whole[2000:2100]) {
			t.Errorf("offset %d: bytes depend on where reading begins (%v)", off, err)
		}
	}
}

func TestSectionIsCutToTheObject(t *testing.T) {
	o := Object{Seed: 1, ID: "cut", Size: 100}
	for _, c := range []struct{ off, n, want int64 }{
		{0, 100, 100}, {0, 1000, 100}, {90, 100, 10}, {100, 1, 0}, {500, 10, 0},
		{-5, 10, 5}, {-50, 10, 0}, {0, -1, 0},
	} {
		if got := o.Section(c.off, c.n).Size(); got != c.want {
			t.Errorf("Section(%d, %d) covers %d bytes, want %d", c.off, c.n, got, c.want)
		}
	}
	if got := (Object{Size: -1}).Reader().Size(); got != 0 {
		t.Errorf("an object of negative size has %d bytes", got)
	}
}

func TestSeekRefusesNonsense(t *testing.T) {
	r := Object{ID: "seek", Size: 10}.Reader()
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("a negative position was accepted")
	}
	if _, err := r.Seek(0, 9); err == nil {
		t.Error("an unknown whence was accepted")
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset was accepted")
	}
}

func TestObjectsAreUnrelated(t *testing.T) {
	objects := []Object{
		{Seed: 1, ID: "a"}, {Seed: 2, ID: "a"}, {Seed: 1, ID: "b"},
		{Seed: 1, ID: "a", Generation: 1}, {Seed: 1, ID: ""}, {Seed: 1, ID: "a\x00"},
	}
	seen := map[string]Object{}
	for _, o := range objects {
		o.Size = 8 * StampEvery
		body := content(o)
		for off := 0; off+16 <= len(body); off += 16 {
			key := string(body[off : off+16])
			if other, ok := seen[key]; ok {
				t.Fatalf("%v and %v share 16 bytes at offset %d", o, other, off)
			}
			seen[key] = o
		}
	}
	a, b := content(Object{Seed: 1, ID: "a", Size: 12}), content(Object{Seed: 1, ID: "a", Generation: 1, Size: 12})
	if bytes.Equal(a, b) {
		t.Error("two generations of a small object are equal")
	}
}

func TestContentDoesNotCompress(t *testing.T) {
	body := content(Object{Seed: 5, ID: "dense", Size: 4 << 20})
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(body)
	_ = w.Close()
	if out.Len() < len(body) {
		t.Errorf("%d bytes compressed to %d", len(body), out.Len())
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	r := Object{Seed: 1, ID: "flat", Size: 1 << 40}.Reader()
	p := make([]byte, 256<<10)
	_, _ = r.Read(p)
	if n := testing.AllocsPerRun(20, func() { _, _ = r.Read(p) }); n != 0 {
		t.Errorf("Read allocates %v times", n)
	}
}

func TestReadAtIsSafeForConcurrentUse(t *testing.T) {
	o := Object{Seed: 9, ID: "shared", Size: 1 << 20}
	want, r := content(o), o.Reader()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p := make([]byte, 10_000)
			off := int64(i) * 100_001
			if _, err := r.ReadAt(p, off); err != nil || !bytes.Equal(p, want[off:off+10_000]) {
				t.Errorf("ReadAt(%d): wrong bytes or %v", off, err)
			}
		})
	}
	wg.Wait()
}

func TestSHA256(t *testing.T) {
	o := Object{Seed: 1, ID: "digest", Size: 1<<20 + 17}
	if o.SHA256() != sha256.Sum256(content(o)) {
		t.Error("the digest is not that of the content")
	}
}

type shortWriter struct{ limit int }

func (w *shortWriter) Write(p []byte) (int, error) {
	if len(p) > w.limit {
		return w.limit, io.ErrClosedPipe
	}
	w.limit -= len(p)
	return len(p), nil
}

func TestWriteToStopsWhereTheWriterStopped(t *testing.T) {
	r := Object{ID: "stop", Size: 1 << 20}.Reader()
	n, err := r.WriteTo(&shortWriter{limit: 300_000})
	if n != 300_000 || err != io.ErrClosedPipe {
		t.Fatalf("WriteTo = %d, %v", n, err)
	}
	if pos, _ := r.Seek(0, io.SeekCurrent); pos != 300_000 {
		t.Errorf("the position is %d, want that of the last byte taken", pos)
	}
}

func drawObject(t *rapid.T) Object {
	return Object{
		Seed:       rapid.Uint64().Draw(t, "seed"),
		ID:         rapid.StringN(0, 20, 40).Draw(t, "id"),
		Generation: rapid.Uint32Range(0, 3).Draw(t, "generation"),
		Size:       rapid.Int64Range(0, 5*StampEvery).Draw(t, "size"),
	}
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{4 << 10, 32 << 10, 256 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			r := Object{Seed: 1, ID: "bench", Size: 1 << 60}.Reader()
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = r.Read(p)
			}
		})
	}
}

func BenchmarkReadAt(b *testing.B) {
	r := Object{Seed: 1, ID: "bench", Size: 1 << 60}.Reader()
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for off := int64(0); b.Loop(); off += 1 << 20 {
		_, _ = r.ReadAt(p, off)
	}
}
