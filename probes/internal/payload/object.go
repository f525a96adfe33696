package payload

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"loadline/probes/internal/payload/keystream"
)

// Object identifies one body and its length. Two objects that differ in Seed,
// ID or Generation have unrelated content; Size only says where it ends.
type Object struct {
	Seed       uint64 // of the run
	ID         string // the name, unique within a run
	Generation uint32 // how often the name has been written before; 0 for the first
	Size       int64  // bytes; negative counts as 0
}

// String names the object for messages: id, generation when it is not the
// first, and seed.
func (o Object) String() string {
	if o.Generation == 0 {
		return fmt.Sprintf("%s (seed %d)", o.ID, o.Seed)
	}
	return fmt.Sprintf("%s generation %d (seed %d)", o.ID, o.Generation, o.Seed)
}

// Reader reads the whole body.
func (o Object) Reader() *Reader { return o.Section(0, o.Size) }

// Section reads the n bytes from off, or what of them lies inside the object.
// Offsets of the returned Reader count from the start of the section.
func (o Object) Section(off, n int64) *Reader {
	off, n = o.clip(off, n)
	return &Reader{gen: newGenerator(o), base: off, size: n}
}

// SHA256 computes the digest of the whole body. It costs one pass over the
// content (about 2 GB/s), so callers that need it more than once keep it.
func (o Object) SHA256() [sha256.Size]byte {
	h := sha256.New()
	_, _ = o.Reader().WriteTo(h) // a hash never fails to write
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// clip cuts [off, off+n) to the object.
func (o Object) clip(off, n int64) (int64, int64) {
	size := max(o.Size, 0)
	if off < 0 {
		n += off
		off = 0
	}
	off = min(off, size)
	return off, min(max(n, 0), size-off)
}

// generator produces the bytes of one object. Reading on costs no set-up. It is
// not safe for concurrent use.
type generator struct {
	stream *keystream.Stream
	stamp  stamper
	head   [StampSize]byte // what matches compares a part of a stamp with
}

func newGenerator(o Object) *generator {
	sum := digest("loadline payload content v1", o.Seed, o.Generation, o.ID)
	sum[24] &= 0x7f // the counter cannot overflow its low half, which would cost keystream its fast way
	return &generator{stream: keystream.New([16]byte(sum[:16]), [16]byte(sum[16:])), stamp: newStamper(o)}
}

// fork is an independent generator of the same object.
func (g *generator) fork() *generator {
	return &generator{stream: g.stream.Fork(), stamp: g.stamp}
}

// fill writes the content at offset off into p.
func (g *generator) fill(p []byte, off int64) {
	g.stream.Fill(p, off)
	g.stamp.overlay(p, off)
}

// matches reports whether p is the content at offset off. What lies between
// stamps is compared while it is generated.
func (g *generator) matches(p []byte, off int64) bool {
	for len(p) > 0 {
		at := off % StampEvery
		n := min(int64(len(p)), StampEvery-at)
		switch {
		case at == 0 && n >= StampSize:
			if !g.stamp.matches(p, off/StampEvery) || !g.stream.EqualAfter(StampSize, p[:n], off) {
				return false
			}
		case at < StampSize:
			n = min(n, StampSize-at)
			g.stamp.overlay(g.head[:n], off)
			if !bytes.Equal(p[:n], g.head[:n]) {
				return false
			}
		case !g.stream.Equal(p[:n], off):
			return false
		}
		p, off = p[n:], off+n
	}
	return true
}

// digest hashes an identity under a label, so that the uses of one identity
// (content, stamp) stay independent.
func digest(label string, seed uint64, generation uint32, id string) [sha256.Size]byte {
	b := make([]byte, 0, len(label)+1+8+4+len(id))
	b = append(b, label...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint64(b, seed)
	b = binary.BigEndian.AppendUint32(b, generation)
	b = append(b, id...)
	return sha256.Sum256(b)
}
