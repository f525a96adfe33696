package storm

import (
	"crypto/sha256"
	"hash"
	"io"
	"sync"
)

// digester reads a body to its end: its size, its start for messages and, if
// asked for, its SHA-256.
type digester struct {
	size  int64
	start []byte
	hash  hash.Hash // nil if it was not asked for
}

func newDigester(hashed bool) *digester {
	d := &digester{}
	if hashed {
		d.hash = sha256.New()
	}
	return d
}

var pieces = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// read takes the body in and calls moved for every piece of it.
func (d *digester) read(body io.Reader, moved func(n int)) error {
	buf := pieces.Get().(*[32 << 10]byte)
	defer pieces.Put(buf)
	for {
		n, err := body.Read(buf[:])
		if n > 0 {
			d.size += int64(n)
			d.start = append(d.start, buf[:min(n, startSize-len(d.start))]...)
			if d.hash != nil {
				_, _ = d.hash.Write(buf[:n]) // a hash never fails to write
			}
			moved(n)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// sum is the SHA-256, nil if it was not asked for.
func (d *digester) sum() []byte {
	if d.hash == nil {
		return nil
	}
	return d.hash.Sum(nil)
}
