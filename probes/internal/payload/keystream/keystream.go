// Package keystream produces the keystream of AES-128 in counter mode from any
// offset on: byte x comes from counter block iv + x/16, a 128-bit big-endian
// sum, as crypto/cipher has it.
//
// Where the processor encrypts four blocks with one instruction (VAES on
// 512-bit registers) it is made that way, three to four times as fast as
// crypto/cipher, which makes it everywhere else; the bytes are the same. That
// is the difference between content that costs a transfer next to nothing and
// content that costs as much as moving it.
//
// It is no cipher for secrets: nothing here resists an observer of the machine,
// and keys are not wiped. Offsets and sizes are bytes.
package keystream

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math"
)

// Stream is one keystream. It remembers where it is, so that reading on costs
// no set-up. It belongs to one goroutine; Fork makes another for the next.
type Stream struct {
	block  cipher.Block
	iv     [aes.BlockSize]byte
	wide   *wide          // nil where the processor or the counter does not allow it
	stream cipher.Stream  // else; nil until used
	pos    int64          // what stream produces next
	want   *[2 << 10]byte // what Equal compares with; nil until used
}

// New makes the stream of a key and an initial counter.
func New(key, iv [aes.BlockSize]byte) *Stream {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("keystream: " + err.Error()) // a 16-byte key is always accepted
	}
	s := &Stream{block: block, iv: iv}
	if hasWide && low(iv) <= math.MaxUint64-math.MaxInt64/aes.BlockSize-groupBlocks {
		s.wide = newWide(key, iv)
	}
	return s
}

// Fork is an independent stream of the same bytes.
func (s *Stream) Fork() *Stream { return &Stream{block: s.block, iv: s.iv, wide: s.wide} }

// Fill writes the keystream from offset off into p.
func (s *Stream) Fill(p []byte, off int64) {
	switch {
	case len(p) == 0:
	case s.wide != nil:
		s.wide.fill(p, off)
	default:
		s.fill(p, off)
	}
}

// Equal reports whether p is the keystream from offset off. On the wide way the
// stream stays in registers, which costs half of making it and comparing then.
func (s *Stream) Equal(p []byte, off int64) bool {
	if s.wide != nil {
		return s.wide.equal(p, off)
	}
	for len(p) > 0 {
		if s.want == nil {
			s.want = new([2 << 10]byte)
		}
		n := min(len(p), len(s.want))
		s.fill(s.want[:n], off)
		if !bytes.Equal(p[:n], s.want[:n]) {
			return false
		}
		p, off = p[n:], off+int64(n)
	}
	return true
}

// EqualAfter is Equal of what lies behind the first skip bytes of p. At the
// start of a group it costs no more than Equal of all.
func (s *Stream) EqualAfter(skip int, p []byte, off int64) bool {
	if s.wide != nil && off%Group == 0 && skip < 64 {
		return s.wide.groupsEqual(p, off, skip)
	}
	return len(p) <= skip || s.Equal(p[skip:], off+int64(skip))
}

// fill lets crypto/cipher do it.
func (s *Stream) fill(p []byte, off int64) {
	if s.stream == nil || s.pos != off {
		s.seek(off)
	}
	for done := 0; done < len(p); {
		n := min(len(p)-done, len(zeros))
		s.stream.XORKeyStream(p[done:done+n], zeros[:n])
		done += n
	}
	s.pos = off + int64(len(p))
}

// zeros is what the keystream is laid over. One source that stays in the first
// level cache is faster than clearing the destination first.
var zeros [8 << 10]byte

func (s *Stream) seek(off int64) {
	counter := s.iv
	sum := low(s.iv) + uint64(off)/aes.BlockSize
	binary.BigEndian.PutUint64(counter[8:], sum)
	if sum < low(s.iv) {
		binary.BigEndian.PutUint64(counter[:8], high(s.iv)+1)
	}
	s.stream = cipher.NewCTR(s.block, counter[:])
	if skip := off % aes.BlockSize; skip > 0 {
		var drop [aes.BlockSize]byte
		s.stream.XORKeyStream(drop[:skip], drop[:skip])
	}
	s.pos = off
}

// high and low are the halves of a counter.
func high(iv [aes.BlockSize]byte) uint64 { return binary.BigEndian.Uint64(iv[:8]) }
func low(iv [aes.BlockSize]byte) uint64  { return binary.BigEndian.Uint64(iv[8:]) }

const (
	// groupBlocks are made at a time on the wide way, Group bytes.
	groupBlocks = 16
	// Group is the size and the alignment of pieces that cost least, bytes.
	Group = groupBlocks * aes.BlockSize
)
