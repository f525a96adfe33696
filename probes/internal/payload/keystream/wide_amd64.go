//go:build !purego

package keystream

import (
	"bytes"
	"crypto/aes"
	"math"

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
	if skip := int(off % Group); skip > 0 || len(p) < Group {
		n := w.part(p, off, skip)
		p, off = p[n:], off+int64(n)
	}
	if groups := len(p) / Group; groups > 0 {
		w.groups(&p[0], groups, off)
		p, off = p[groups*Group:], off+int64(groups*Group)
	}
	if len(p) > 0 {
		w.part(p, off, 0)
	}
}

// part writes what of one group lies behind its first skip bytes and fits.
func (w *wide) part(p []byte, off int64, skip int) int {
	var group [Group]byte
	w.groups(&group[0], 1, off-int64(skip))
	return copy(p, group[skip:])
}

func (w *wide) equal(p []byte, off int64) bool {
	if skip := int(off % Group); skip > 0 || len(p) < Group {
		n := min(len(p), Group-skip)
		if !w.partEqual(p[:n], off, skip) {
			return false
		}
		p, off = p[n:], off+int64(n)
	}
	return w.groupsEqual(p, off, 0)
}

// groupsEqual compares p, at the start of a group, its first skip bytes aside,
// at most 63.
func (w *wide) groupsEqual(p []byte, off int64, skip int) bool {
	if groups := len(p) / Group; groups > 0 {
		if !equal(&p[0], groups, &w.keys, w.high, w.lo+uint64(off)/aes.BlockSize, math.MaxUint64<<skip) {
			return false
		}
		p, off, skip = p[groups*Group:], off+int64(groups*Group), 0
	}
	return len(p) <= skip || w.partEqual(p[skip:], off+int64(skip), skip)
}

// partEqual compares p, at off, with what lies within one group behind its
// first skip bytes.
func (w *wide) partEqual(p []byte, off int64, skip int) bool {
	var group [Group]byte
	w.groups(&group[0], 1, off-int64(skip))
	return bytes.Equal(p, group[skip:skip+len(p)])
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

// equal compares n groups with what keystream would write; of the first 64
// bytes only those whose bit is set in first.
//
//go:noescape
func equal(src *byte, n int, keys *[11][aes.BlockSize]byte, high, low uint64, first uint64) bool
