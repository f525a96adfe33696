package payload

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

const (
	// StampEvery is the distance between stamps, bytes.
	StampEvery = 4 << 10
	// StampSize is the length of a stamp, bytes.
	StampSize = 3 * aes.BlockSize

	nameSize   = 22
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
//	 0  name, first 6 bytes | generation, 4 | block number, 6
//	16  name, last 16 bytes
//	32  seed, 8 | magic, 4 | CRC-32C of the 44 bytes before, 4
//
// encrypted as a CBC chain with a zero vector. The first cipher block holds
// name, generation and block number together, so that even a stamp cut short
// by the end of a small object is unlike every other.
type stamper struct {
	plain, sealed [StampSize]byte
}

func newStamper(o Object) stamper {
	var s stamper
	name := nameOf(o.Seed, o.ID)
	copy(s.plain[0:6], name[:6])
	binary.BigEndian.PutUint32(s.plain[6:], o.Generation)
	copy(s.plain[16:32], name[6:])
	binary.BigEndian.PutUint64(s.plain[32:], o.Seed)
	binary.BigEndian.PutUint32(s.plain[40:], stampMagic)
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

func (s *stamper) seal(block int64) {
	binary.BigEndian.PutUint16(s.plain[10:], uint16(block>>32))
	binary.BigEndian.PutUint32(s.plain[12:], uint32(block))
	binary.BigEndian.PutUint32(s.plain[44:], crc32.Checksum(s.plain[:44], castagnoli))

	copy(s.sealed[:], s.plain[:])
	stampCipher.Encrypt(s.sealed[0:16], s.sealed[0:16])
	xor16(s.sealed[16:32], s.sealed[0:16])
	stampCipher.Encrypt(s.sealed[16:32], s.sealed[16:32])
	xor16(s.sealed[32:48], s.sealed[16:32])
	stampCipher.Encrypt(s.sealed[32:48], s.sealed[32:48])
}

// openStamp decrypts a candidate of StampSize bytes. The block with the magic
// is tried first, which makes a search through damaged bytes cheap.
func openStamp(p []byte) (Stamp, bool) {
	var plain [StampSize]byte
	stampCipher.Decrypt(plain[32:48], p[32:48])
	xor16(plain[32:48], p[16:32])
	if binary.BigEndian.Uint32(plain[40:]) != stampMagic {
		return Stamp{}, false
	}
	stampCipher.Decrypt(plain[16:32], p[16:32])
	xor16(plain[16:32], p[0:16])
	stampCipher.Decrypt(plain[0:16], p[0:16])
	if crc32.Checksum(plain[:44], castagnoli) != binary.BigEndian.Uint32(plain[44:]) {
		return Stamp{}, false
	}
	s := Stamp{
		Seed:       binary.BigEndian.Uint64(plain[32:]),
		Generation: binary.BigEndian.Uint32(plain[6:]),
		Block:      int64(binary.BigEndian.Uint16(plain[10:]))<<32 | int64(binary.BigEndian.Uint32(plain[12:])),
	}
	copy(s.name[:], bytes.Join([][]byte{plain[0:6], plain[16:32]}, nil))
	return s, true
}

func xor16(dst, src []byte) {
	a, b := binary.NativeEndian.Uint64(dst), binary.NativeEndian.Uint64(dst[8:])
	binary.NativeEndian.PutUint64(dst, a^binary.NativeEndian.Uint64(src))
	binary.NativeEndian.PutUint64(dst[8:], b^binary.NativeEndian.Uint64(src[8:]))
}
