package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// extentSize is the unit of storage. Bodies are read straight into extents, so
// that storing in memory copies nothing.
const extentSize = 1 << 20

// bufferSize is what one copy moves at a time where bytes pass through a
// buffer: the size from which a loopback transfer stops getting faster.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// arena keeps extents, in memory up to a limit and beyond it in one unlinked
// temporary file, which disappears with the process however it ends.
type arena struct {
	limit int64
	dir   string

	mu   sync.Mutex
	used int64 // bytes in memory
	file *os.File
	end  int64   // bytes of the file given out so far
	free []int64 // offsets of extents in the file that may be used again
	pool [][]byte
}

// extent is n bytes of a body, at most extentSize: in memory, or in a file.
type extent struct {
	mem  []byte
	file *os.File // where mem is nil
	off  int64    // in the file
	n    int
}

// alloc gives an extent of extentSize bytes.
func (a *arena) alloc() (extent, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.used+extentSize <= a.limit {
		a.used += extentSize
		if n := len(a.pool); n > 0 {
			mem := a.pool[n-1]
			a.pool = a.pool[:n-1]
			return extent{mem: mem}, nil
		}
		return extent{mem: make([]byte, extentSize)}, nil
	}
	if a.file == nil {
		f, err := os.CreateTemp(a.dir, "loadline-origin-*")
		if err != nil {
			return extent{}, fmt.Errorf("store a body: %w", err)
		}
		os.Remove(f.Name())
		a.file = f
	}
	if n := len(a.free); n > 0 {
		off := a.free[n-1]
		a.free = a.free[:n-1]
		return extent{file: a.file, off: off}, nil
	}
	a.end += extentSize
	return extent{file: a.file, off: a.end - extentSize}, nil
}

// fit gives back what a short extent in memory does not need.
func (a *arena) fit(e extent) extent {
	if e.mem == nil || e.n > extentSize/2 {
		return e
	}
	small := extent{mem: append(make([]byte, 0, e.n), e.mem[:e.n]...), n: e.n}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used -= extentSize - int64(e.n)
	a.keep(e.mem)
	return small
}

// release takes extents back.
func (a *arena) release(extents []extent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range extents {
		if e.mem == nil {
			a.free = append(a.free, e.off)
			continue
		}
		a.used -= int64(cap(e.mem))
		if cap(e.mem) == extentSize {
			a.keep(e.mem)
		}
	}
}

// keep holds up to 1 GiB of free extents: fresh memory costs page faults and
// clearing, several times what receiving the bytes costs.
func (a *arena) keep(mem []byte) {
	if len(a.pool) < 1024 {
		a.pool = append(a.pool, mem[:extentSize])
	}
}

func (a *arena) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil {
		a.file.Close()
	}
	a.pool = nil
}

// content is one stored body. It is immutable and counted: a download in
// progress keeps what a DELETE has taken out of the table.
type content struct {
	arena   *arena
	extents []extent
	size    int64
	refs    atomic.Int32

	digest func() string // hex SHA-256, computed when first asked for
}

// store reads src to its end into a new content with one reference.
func (a *arena) store(src io.Reader) (*content, error) {
	c := &content{arena: a}
	c.refs.Store(1)
	c.digest = sync.OnceValue(c.sum)
	for {
		e, err := a.alloc()
		if err == nil {
			err = e.fill(src)
			e = a.fit(e)
			c.extents = append(c.extents, e)
			c.size += int64(e.n)
		}
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			c.release()
			return nil, err
		}
	}
}

// fill reads from src until the extent is full (nil) or src ends (io.EOF).
func (e *extent) fill(src io.Reader) error {
	buf := e.mem
	if buf == nil {
		b := buffers.Get().(*[]byte)
		defer buffers.Put(b)
		buf = *b
	}
	for e.n < extentSize {
		at := 0
		if e.mem != nil {
			at = e.n
		}
		n, err := src.Read(buf[at:min(len(buf), at+extentSize-e.n)])
		if e.mem == nil && n > 0 {
			if _, werr := e.file.WriteAt(buf[:n], e.off+int64(e.n)); werr != nil {
				return fmt.Errorf("store a body: %w", werr)
			}
		}
		e.n += n
		if err != nil {
			return err
		}
	}
	return nil
}

// acquire counts one more user of c.
func (c *content) acquire() *content { c.refs.Add(1); return c }

// release counts one user less; the last one frees the bytes. A nil content
// has nothing to free.
func (c *content) release() {
	if c != nil && c.arena != nil && c.refs.Add(-1) == 0 {
		c.arena.release(c.extents)
	}
}

func (c *content) sum() string {
	h := sha256.New()
	io.Copy(h, c.section(0, c.size))
	return hex.EncodeToString(h.Sum(nil))
}

// section reads n bytes of c from off on.
func (c *content) section(off, n int64) *section {
	return &section{c: c, off: off, left: n}
}

// section is a reader over a content that can hand out its extents unread.
type section struct {
	c    *content
	off  int64
	left int64
}

func (s *section) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	e := s.c.extents[s.off/extentSize]
	at := int(s.off % extentSize)
	n := min(int64(len(p)), s.left, int64(e.n-at))
	if e.mem != nil {
		copy(p[:n], e.mem[at:])
	} else if _, err := e.file.ReadAt(p[:n], e.off+int64(at)); err != nil {
		return 0, fmt.Errorf("read a stored body: %w", err)
	}
	s.off += n
	s.left -= n
	return int(n), nil
}

// next is the bytes up to the end of the present extent, read into buf when
// they are not in memory.
func (s *section) next(buf []byte) ([]byte, error) {
	if s.left <= 0 {
		return nil, io.EOF
	}
	e := s.c.extents[s.off/extentSize]
	if e.mem == nil {
		n, err := s.Read(buf)
		return buf[:n], err
	}
	at := s.off % extentSize
	n := min(s.left, int64(e.n)-at, bufferSize)
	s.off += n
	s.left -= n
	return e.mem[at : at+n], nil
}
