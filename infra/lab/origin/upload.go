package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"loadline/infra/lab/fault"
)

// upload takes a body, and does with it and with its answer what the faults
// that struck it say.
func (o *Origin) upload(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, size, err := uploadBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	hit := o.faults.Strike(fault.Request{On: fault.Upload, Name: name, Size: size})
	if o.before(w, r, hit) {
		return
	}
	body = &gated{o: o, r: r, body: body}
	if f, ok := hit.Get(fault.Early); ok {
		o.acknowledgeEarly(w, body, f)
		return
	}
	store := o.opt.Store
	if strings.HasPrefix(r.URL.Path, "/sink/") {
		store = Sink
	}
	c, err := o.keep(store, hit.Body(r.Context(), body, size))
	if err != nil {
		o.broken.Add(1)
		abort(r, err)
	}
	o.settle(w, r, name, c, hit)
}

// settle stores the body c, unless it is to be lost, and answers.
func (o *Origin) settle(w http.ResponseWriter, r *http.Request, name string, c *content, hit fault.Struck) {
	refusal, refused := hit.Get(fault.Refuse)
	o.table.receive(name, refused)
	size, gen := c.size, int64(0)
	switch {
	case hit.Has(fault.Lose):
		c.release()
	case hit.Has(fault.Duplicate):
		gen = o.table.put(name, c, 2)
	default:
		gen = o.table.put(name, c, 1)
	}
	if hit.Has(fault.Swap) {
		o.table.swap(name)
	}
	if f, ok := hit.Get(fault.Commit); ok {
		wait := time.Duration(float64(f.Delay) * float64(size) / (1 << 20))
		if fault.Sleep(r.Context(), wait) != nil {
			panic(http.ErrAbortHandler)
		}
	}
	o.answerable(r, hit)
	if refused {
		http.Error(w, "refused by fault "+refusal.String(), refusal.Status)
		return
	}
	w.Header().Set("ETag", etag(gen, size))
	writeJSON(w, http.StatusCreated, map[string]any{"name": name, "size": size})
}

// acknowledgeEarly answers 201 after f.At bytes and drops the rest as it comes.
func (o *Origin) acknowledgeEarly(w http.ResponseWriter, body io.Reader, f fault.Fault) {
	rc := http.NewResponseController(w)
	rc.EnableFullDuplex() // an error means HTTP/2, which is always so
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if _, err := copyThrough(io.Discard, io.LimitReader(body, f.At), *buf); err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusCreated)
	rc.Flush()
	copyThrough(io.Discard, body, *buf)
}

// keep reads a body to its end and keeps of it what store keeps.
func (o *Origin) keep(store Store, body io.Reader) (*content, error) {
	switch store {
	case Discard:
		return digestOf(body, sha256.New())
	case Sink:
		return digestOf(body, nil)
	default:
		return o.arena.store(body)
	}
}

// digestOf reads a body and keeps its size and, with h, its digest. Such a
// content has no arena and cannot be read.
func digestOf(body io.Reader, h hash.Hash) (*content, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var dst io.Writer = io.Discard
	if h != nil {
		dst = h
	}
	n, err := copyThrough(dst, body, *buf)
	c := &content{size: n, digest: func() string { return "" }}
	if h != nil {
		c.digest = func() string { return hex.EncodeToString(h.Sum(nil)) }
	}
	return c, err
}

// copyThrough is io.Copy through buf and nothing else: the shortcuts that
// io.Copy finds would read 8 or 32 KiB at a time.
func copyThrough(dst io.Writer, src io.Reader, buf []byte) (n int64, err error) {
	for {
		m, err := src.Read(buf)
		if m > 0 {
			if _, werr := dst.Write(buf[:m]); werr != nil {
				return n, werr
			}
			n += int64(m)
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// gated counts the bytes of a request body and holds them while the origin is
// frozen.
type gated struct {
	o    *Origin
	r    *http.Request
	body io.Reader
}

func (g *gated) Read(p []byte) (int, error) {
	if err := g.o.faults.Gate(g.r.Context()); err != nil {
		return 0, err
	}
	n, err := g.body.Read(p)
	g.o.bytesIn.Add(int64(n))
	return n, err
}

// uploadBody is the body to store and its size, -1 when not announced: the
// request's own, or the first file of a multipart form.
func uploadBody(r *http.Request) (io.Reader, int64, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if !strings.EqualFold(kind, "multipart/form-data") {
		return r.Body, r.ContentLength, nil
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, 0, fmt.Errorf("multipart form: %w", err)
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, 0, fmt.Errorf("multipart form without a file: %w", err)
		}
		if part.FileName() != "" {
			return part, -1, nil
		}
	}
}

func etag(gen, size int64) string {
	return `"` + strconv.FormatInt(gen, 10) + "-" + strconv.FormatInt(size, 10) + `"`
}
