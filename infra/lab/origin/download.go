package origin

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"loadline/infra/lab/fault"
)

// download gives a stored body, bent by the faults that struck.
func (o *Origin) download(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	c, gen, ok := o.table.get(name)
	defer func() { c.release() }()
	size := int64(-1)
	if ok {
		size = c.size
	}
	hit := o.faults.Strike(fault.Request{On: fault.Download, Name: name, Size: size})
	if o.before(w, r, hit) {
		return
	}
	o.answerable(r, hit)
	if !ok || c.arena == nil {
		http.Error(w, fmt.Sprintf("no object %q here", name), http.StatusNotFound)
		return
	}
	c = o.substitute(c, name, hit)
	w.Header().Set("ETag", etag(gen, c.size))
	w.Header().Set("Accept-Ranges", "bytes")
	o.serve(w, r, c, hit)
}

// substitute exchanges c for another object's body, or for an older one, when
// a fault says so and there is one.
func (o *Origin) substitute(c *content, name string, hit fault.Struck) *content {
	var other *content
	var ok bool
	if hit.Has(fault.Swap) {
		other, ok = o.table.borrow(name)
	} else if hit.Has(fault.Stale) {
		other, ok = o.table.stale(name)
	}
	if !ok {
		return c
	}
	c.release()
	return other
}

// maxGenerated bounds /bytes, whose list of extents grows with the size.
const maxGenerated = 64 << 30

// generated gives n pseudo-random bytes, the same for every request.
func (o *Origin) generated(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || n < 0 || n > maxGenerated {
		http.Error(w, "want /bytes/{n} with n between 0 and 64 GiB", http.StatusBadRequest)
		return
	}
	hit := o.faults.Strike(fault.Request{On: fault.Download, Name: "bytes", Size: n})
	if o.before(w, r, hit) {
		return
	}
	o.answerable(r, hit)
	o.serve(w, r, noise(n), hit)
}

// noise is a body of n pseudo-random bytes that repeat each extentSize.
func noise(n int64) *content {
	c := &content{size: n, extents: make([]extent, 0, n/extentSize+1)}
	for left := n; left > 0; left -= extentSize {
		c.extents = append(c.extents, extent{mem: noiseBlock(), n: int(min(left, extentSize))})
	}
	return c
}

var noiseBlock = sync.OnceValue(func() []byte {
	block := make([]byte, extentSize)
	rand.NewChaCha8([32]byte{}).Read(block)
	return block
})

// serve writes the part of c that is asked for.
func (o *Origin) serve(w http.ResponseWriter, r *http.Request, c *content, hit fault.Struck) {
	off, n, status := byteRange(r.Header.Get("Range"), c.size)
	h := w.Header()
	if status == http.StatusRequestedRangeNotSatisfiable {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", c.size))
		http.Error(w, "the range lies outside the object", status)
		return
	}
	if status == http.StatusPartialContent {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, c.size))
	}
	h.Set("Content-Type", "application/octet-stream")
	if !hit.Has(fault.NoLength) {
		h.Set("Content-Length", strconv.FormatInt(hit.Length(n), 10))
	}
	refusal, refused := hit.Get(fault.Refuse)
	if refused {
		status = refusal.Status
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if err := o.send(w, r, c.section(off, n), n, hit); err != nil {
		http.NewResponseController(w).Flush() // what was sent before the cut must arrive
		abort(r, err)
	}
}

// send moves a body out: unread from where it lies when nothing bends it.
func (o *Origin) send(w http.ResponseWriter, r *http.Request, s *section, n int64, hit fault.Struck) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	bent := hit.Body(r.Context(), s, n)
	next := func() ([]byte, error) { return s.next(*buf) }
	if bent != io.Reader(s) {
		next = func() ([]byte, error) {
			m, err := bent.Read(*buf)
			return (*buf)[:m], err
		}
	}
	pace := hit.Has(fault.Rate) || hit.Has(fault.Stall)
	for {
		p, err := next()
		if len(p) > 0 {
			if gerr := o.faults.Gate(r.Context()); gerr != nil {
				return gerr
			}
			m, werr := w.Write(p)
			o.bytesOut.Add(int64(m))
			if werr != nil {
				return werr
			}
			if pace {
				http.NewResponseController(w).Flush()
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// byteRange reads a Range header for an object of size bytes (RFC 9110 §14.2).
// What it does not understand, several ranges too, asks for the whole.
func byteRange(header string, size int64) (off, n int64, status int) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(last, ",") {
		return 0, size, http.StatusOK
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return 0, size, http.StatusOK
		}
		if n == 0 || size == 0 {
			return 0, 0, http.StatusRequestedRangeNotSatisfiable
		}
		n = min(n, size)
		return size - n, n, http.StatusPartialContent
	}
	off, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, size, http.StatusOK
	}
	end := size - 1
	if last != "" {
		if end, err = strconv.ParseInt(last, 10, 64); err != nil || end < off {
			return 0, size, http.StatusOK
		}
		end = min(end, size-1)
	}
	if off >= size {
		return 0, 0, http.StatusRequestedRangeNotSatisfiable
	}
	return off, end - off + 1, http.StatusPartialContent
}
