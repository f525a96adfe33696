package payload

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Reader reads an object or a section of it. Read, Seek and WriteTo share a
// position and belong to one goroutine; ReadAt is independent of them and safe
// for concurrent use. Read fills the caller's buffer directly and allocates
// nothing as long as it reads on.
type Reader struct {
	gen  *generator
	base int64 // of the section, in the object
	size int64
	pos  int64 // in the section
}

var (
	_ io.ReadSeeker = (*Reader)(nil)
	_ io.ReaderAt   = (*Reader)(nil)
	_ io.WriterTo   = (*Reader)(nil)
)

// Size is the length of what the Reader covers, bytes.
func (r *Reader) Size() int64 { return r.size }

// Read implements io.Reader; it fills p unless the end comes first.
func (r *Reader) Read(p []byte) (int, error) {
	if r.pos >= r.size {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.size-r.pos)]
	r.gen.fill(p, r.base+r.pos)
	r.pos += int64(len(p))
	return len(p), nil
}

// ReadAt implements io.ReaderAt. Each call sets up a cipher stream of its own.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("payload: read at offset %d: offsets start at 0", off)
	}
	if off >= r.size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), r.size-off)
	r.gen.fork().fill(p[:n], r.base+off)
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

var errWhence = errors.New("payload: seek: whence is not io.SeekStart, SeekCurrent or SeekEnd")

// Seek implements io.Seeker. A position behind the end is allowed and reads as
// io.EOF.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	default:
		return 0, errWhence
	}
	if offset < 0 {
		return 0, fmt.Errorf("payload: seek to offset %d: offsets start at 0", offset)
	}
	r.pos = offset
	return offset, nil
}

// WriteTo implements io.WriterTo with writes of 256 KiB, the size at which
// socket writes stop getting cheaper.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	var total int64
	for r.pos < r.size {
		n, _ := r.Read(buf[:]) // cannot fail before the end
		m, err := w.Write(buf[:n])
		total += int64(m)
		r.pos -= int64(n - m)
		if err != nil {
			return total, err
		}
		if m < n {
			return total, io.ErrShortWrite
		}
	}
	return total, nil
}

type buffer [256 << 10]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}
