//go:build !purego

package keystream

import (
	"crypto/aes"

	"golang.org/x/sys/cpu"
)

// hasWide reports whether the processor has what wide_amd64.s uses.
var hasWide = cpu.X86.HasAES && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VAES

// wide makes whole groups of blocks. It holds no position, so that streams may
// share it.
type wide struct {
	keys     [11][aes.BlockSize]byte // of the rounds
	high, lo uint64                  // the initial counter
}

func newWide(key, iv [aes.BlockSize]byte) *wide {
	w := &wide{high: high(iv), lo: low(iv)}
	expand(&key, &w.keys)
	return w
}

func (w *wide) fill(p []byte, off int64) {
	if skip := int(off % groupSize); skip > 0 || len(p) < groupSize {
		n := w.part(p, off, skip)
		p, off = p[n:], off+int64(n)
	}
	if groups := len(p) / groupSize; groups > 0 {
		w.groups(&p[0], groups, off)
		p, off = p[groups*groupSize:], off+int64(groups*groupSize)
	}
	if len(p) > 0 {
		w.part(p, off, 0)
	}
}

// part writes what of one group lies behind its first skip bytes and fits.
func (w *wide) part(p []byte, off int64, skip int) int {
	var group [groupSize]byte
	w.groups(&group[0], 1, off-int64(skip))
	return copy(p, group[skip:])
}

// groups writes whole groups; off is that of the first.
func (w *wide) groups(dst *byte, n int, off int64) {
	keystream(dst, n, &w.keys, w.high, w.lo+uint64(off)/aes.BlockSize)
}

// expand makes the round keys.
//
//go:noescape
func expand(key *[aes.BlockSize]byte, keys *[11][aes.BlockSize]byte)

// keystream encrypts the counters from high:low on, which must not overflow
// low, into n groups.
//
//go:noescape
func keystream(dst *byte, n int, keys *[11][aes.BlockSize]byte, high, low uint64)
