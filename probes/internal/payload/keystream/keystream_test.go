package keystream

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// library is the keystream as crypto/cipher alone makes it, from the start.
func library(key, iv [aes.BlockSize]byte, n int) []byte {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	out := make([]byte, n)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return out
}

// ways are the stream as this machine makes it, and as any other does.
func ways(key, iv [aes.BlockSize]byte) map[string]*Stream {
	slow := New(key, iv)
	slow.wide = nil
	return map[string]*Stream{"as it comes": New(key, iv), "crypto/cipher": slow}
}

func TestAnyPartIsThatOfTheLibrary(t *testing.T) {
	if !hasWide {
		t.Log("this processor has no wide way; only the other one is tested")
	}
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var key, iv [aes.BlockSize]byte
		for i := range key {
			key[i], iv[i] = byte(random.Uint32()), byte(random.Uint32())
		}
		if near := rapid.IntRange(0, 3).Draw(t, "near overflow"); near > 0 { // of the counter's low half
			for i := 8; i < aes.BlockSize; i++ {
				iv[i] = 0xff
			}
			iv[15] -= byte(near)
		}
		off := rapid.IntRange(0, 3000).Draw(t, "offset")
		if rapid.Bool().Draw(t, "at a group") {
			off -= off % Group
		}
		n := rapid.IntRange(0, 3000).Draw(t, "length")
		want := library(key, iv, off+n)[off:]
		for name, s := range ways(key, iv) {
			cut := rapid.IntRange(0, n).Draw(t, "cut")
			got := make([]byte, n+1)
			got[n] = 0xa5
			s.Fill(got[:cut], int64(off))
			s.Fill(got[cut:n], int64(off+cut))
			if !bytes.Equal(got[:n], want) {
				t.Fatalf("%s: %d bytes from %d on, in two parts of which the first has %d, differ", name, n, off, cut)
			}
			if !s.Equal(want, int64(off)) {
				t.Fatalf("%s: the %d right bytes from %d on count as wrong", name, n, off)
			}
			if n > 0 {
				bad := bytes.Clone(want)
				bad[rapid.IntRange(0, n-1).Draw(t, "bad byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bad bit")
				if s.Equal(bad, int64(off)) {
					t.Fatalf("%s: of %d bytes from %d on one bit is wrong and is not seen", name, n, off)
				}
			}
			skip := rapid.IntRange(0, 80).Draw(t, "skip")
			aside := bytes.Clone(want)
			rand.NewChaCha8([32]byte{1}).Read(aside[:min(skip, n)])
			if !s.EqualAfter(skip, aside, int64(off)) {
				t.Fatalf("%s: %d of %d bytes from %d on are not looked at, and count as wrong", name, skip, n, off)
			}
			if skip < n {
				aside[rapid.IntRange(skip, n-1).Draw(t, "bad byte behind")] ^= 0x10
				if s.EqualAfter(skip, aside, int64(off)) {
					t.Fatalf("%s: behind %d of %d bytes from %d on one bit is wrong and is not seen", name, skip, n, off)
				}
			}
			if got[n] != 0xa5 {
				t.Fatalf("%s: wrote beyond the end", name)
			}
		}
	})
}

func TestBothWaysAgreeFarOut(t *testing.T) {
	for _, off := range []int64{1 << 32, 1<<40 + 7, 1<<62 + 255, math.MaxInt64 - 4000} {
		var got [][]byte
		for _, s := range ways([16]byte{1}, [16]byte{2}) {
			p := make([]byte, 1000)
			s.Fork().Fill(p, off)
			got = append(got, p)
		}
		if !bytes.Equal(got[0], got[1]) {
			t.Errorf("the two ways differ at offset %d", off)
		}
	}
}

func BenchmarkEqual(b *testing.B) {
	for name, s := range ways([16]byte{1}, [16]byte{2}) {
		b.Run(name, func(b *testing.B) {
			p := make([]byte, 32<<10)
			s.Fill(p, 0)
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				if !s.Equal(p, 0) {
					b.Fatal("right bytes count as wrong")
				}
			}
		})
	}
}

func BenchmarkFill(b *testing.B) {
	for name, s := range ways([16]byte{1}, [16]byte{2}) {
		b.Run(name, func(b *testing.B) {
			p := make([]byte, 32<<10)
			b.SetBytes(int64(len(p)))
			off := int64(0)
			for b.Loop() {
				s.Fill(p, off)
				off += int64(len(p))
			}
		})
	}
}
