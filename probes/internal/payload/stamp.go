package payload

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

const (
	// StampEvery is the distance between stamps, bytes.
	StampEvery = 16 << 10
	// StampSize is the length of a stamp, bytes.
	StampSize = 3 * aes.BlockSize

	nameSize   = 20
	stampMagic = 0x4c4f4144 // with the checksum after it, 64 bits that damage cannot meet by chance
)

// Stamp is what a block of content says about itself.
type Stamp struct {
	Seed       uint64 // the run it was made for
	Generation uint32
	Block      int64 // its place in the object: offset / StampEvery
	name       [nameSize]byte
}

// Names reports whether the stamp belongs to a writing of o's ID, in whatever
// run or generation: the name is hashed with the stamp's own seed.
func (s Stamp) Names(o Object) bool { return s.name == nameOf(s.Seed, o.ID) }

// Is reports whether the stamp belongs to o: same run, name and generation.
func (s Stamp) Is(o Object) bool {
	return s.Seed == o.Seed && s.Generation == o.Generation && s.Names(o)
}

// Identify finds the first whole stamp in p, at any alignment, and where it
// starts.
func Identify(p []byte) (s Stamp, at int, ok bool) {
	for at = 0; at+StampSize <= len(p); at++ {
		if s, ok = openStamp(p[at : at+StampSize]); ok {
			return s, at, true
		}
	}
	return Stamp{}, 0, false
}

func nameOf(seed uint64, id string) [nameSize]byte {
	sum := digest("loadline payload name v1", seed, 0, id)
	return [nameSize]byte(sum[:])
}

var (
	stampCipher = newStampCipher()
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

func newStampCipher() cipher.Block {
	key := sha256.Sum256([]byte("loadline payload stamp v1"))
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		panic("payload: " + err.Error()) // a 16-byte key is always accepted
	}
	return block
}

// stamper makes the stamps of one object. Plain layout, big-endian:
//
//	 0  name, first 16 bytes
//	16  name, last 4 | generation, 4 | seed, 8
//	32  block number, 8 | magic, 4 | CRC-32C of the 44 bytes before, 4
//
// Each line is one cipher block. The first two are the same in all stamps of an
// object and are encrypted once; the third, encrypted, is laid over them, so
// that no two stamps share a byte string, and one that the end of a small
// object cuts short is unlike every other too.
type stamper struct {
	name, origin [aes.BlockSize]byte // the first two lines, encrypted
	sum          uint32              // CRC-32C of them, plain
	line, sealed [StampSize]byte     // line: the third, plain, in its place
}

func newStamper(o Object) stamper {
	var s stamper
	name := nameOf(o.Seed, o.ID)
	copy(s.line[0:20], name[:])
	binary.BigEndian.PutUint32(s.line[20:], o.Generation)
	binary.BigEndian.PutUint64(s.line[24:], o.Seed)
	binary.BigEndian.PutUint32(s.line[40:], stampMagic)
	s.sum = crc32.Checksum(s.line[:32], castagnoli)
	stampCipher.Encrypt(s.name[:], s.line[0:16])
	stampCipher.Encrypt(s.origin[:], s.line[16:32])
	return s
}

// overlay writes the stamps that fall into p, the content from offset off.
func (s *stamper) overlay(p []byte, off int64) {
	end := off + int64(len(p))
	for block := off / StampEvery; block*StampEvery < end; block++ {
		start := block * StampEvery
		from, to := max(start, off), min(start+StampSize, end)
		if from >= to {
			continue
		}
		s.seal(block)
		copy(p[from-off:to-off], s.sealed[from-start:to-start])
	}
}

// matches reports whether p begins with the stamp of a block.
func (s *stamper) matches(p []byte, block int64) bool {
	s.seal(block)
	return s.sealed == [StampSize]byte(p)
}

func (s *stamper) seal(block int64) {
	binary.BigEndian.PutUint64(s.line[32:], uint64(block))
	binary.BigEndian.PutUint32(s.line[44:], crc32.Update(s.sum, castagnoli, s.line[32:44]))
	stampCipher.Encrypt(s.sealed[32:48], s.line[32:48])
	layOver(&s.sealed, s.name, s.origin)
}

// layOver writes the first two lines, with the third laid over them: as it is
// over the first, its halves exchanged over the second.
func layOver(p *[StampSize]byte, first, second [aes.BlockSize]byte) {
	a, b := binary.NativeEndian.Uint64(p[32:]), binary.NativeEndian.Uint64(p[40:])
	put := func(at int, v, over uint64) { binary.NativeEndian.PutUint64(p[at:], v^over) }
	put(0, binary.NativeEndian.Uint64(first[0:]), a)
	put(8, binary.NativeEndian.Uint64(first[8:]), b)
	put(16, binary.NativeEndian.Uint64(second[0:]), b)
	put(24, binary.NativeEndian.Uint64(second[8:]), a)
}

// openStamp decrypts a candidate of StampSize bytes. The line with the magic is
// tried first, which makes a search through damaged bytes cheap.
func openStamp(p []byte) (Stamp, bool) {
	var plain [StampSize]byte
	stampCipher.Decrypt(plain[32:48], p[32:48])
	if binary.BigEndian.Uint32(plain[40:]) != stampMagic {
		return Stamp{}, false
	}
	bare := [StampSize]byte(p)
	layOver(&bare, [aes.BlockSize]byte(p[0:16]), [aes.BlockSize]byte(p[16:32])) // a second time, which undoes the first
	stampCipher.Decrypt(plain[0:16], bare[0:16])
	stampCipher.Decrypt(plain[16:32], bare[16:32])
	if crc32.Checksum(plain[:44], castagnoli) != binary.BigEndian.Uint32(plain[44:]) {
		return Stamp{}, false
	}
	return Stamp{
		name:       [nameSize]byte(plain[0:20]),
		Generation: binary.BigEndian.Uint32(plain[20:]),
		Seed:       binary.BigEndian.Uint64(plain[24:]),
		Block:      int64(binary.BigEndian.Uint64(plain[32:])),
	}, true
}
