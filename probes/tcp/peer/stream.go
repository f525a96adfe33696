package peer

import (
	"bytes"
	"math/rand/v2"
	"sync"
)

// patternSize is a prime near 1 MiB, so that the pattern falls into step with
// no block, page or window.
const patternSize = 1048573

// pattern is what all streams are cut from. It does not compress.
var pattern = sync.OnceValue(func() []byte {
	b := make([]byte, patternSize)
	_, _ = rand.NewChaCha8([32]byte([]byte("loadline peer pattern, version 1"))).Read(b) // never fails
	return b
})

// Stream is a place in the bytes of one seed. It has no end.
type Stream struct {
	all []byte
	at  int
}

// NewStream is the stream of a seed, at its begin.
func NewStream(seed uint64) *Stream {
	z := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
	return &Stream{all: pattern(), at: int((z ^ z>>31) % patternSize)}
}

// Next gives at least one and at most n of the bytes that follow, and moves
// on. They must not be changed. n is 1 or more.
func (s *Stream) Next(n int) []byte {
	piece := s.all[s.at:min(s.at+n, len(s.all))]
	s.at = (s.at + len(piece)) % len(s.all)
	return piece
}

// Check compares p with the bytes that follow, and moves on. It gives the
// index of the first that is wrong, or −1.
func (s *Stream) Check(p []byte) int {
	for done := 0; done < len(p); {
		want := s.Next(len(p) - done)
		got := p[done : done+len(want)]
		if !bytes.Equal(got, want) {
			for i := range got {
				if got[i] != want[i] {
					return done + i
				}
			}
		}
		done += len(want)
	}
	return -1
}
