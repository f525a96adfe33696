package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"path"
	"strconv"

	"loadline/infra/lab/fault"
)

// struck is what a request carries through the proxy.
type struck struct {
	hit  fault.Struck
	conn net.Conn
}

type (
	struckKey struct{}
	connKey   struct{}
)

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// serve passes one request on, or does to it what its faults say.
func (b *Balancer) serve(w http.ResponseWriter, r *http.Request) {
	b.requests.Add(1)
	if b.faults.Gate(r.Context()) != nil {
		panic(http.ErrAbortHandler)
	}
	upload := r.Method == http.MethodPut || r.Method == http.MethodPost
	download := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !upload && !download {
		b.proxy.ServeHTTP(w, r)
		return
	}
	q := fault.Request{On: fault.Download, Name: path.Base(r.URL.Path), Size: -1}
	if upload {
		q.On, q.Size = fault.Upload, r.ContentLength
	}
	hit := b.faults.Strike(q)
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	r = r.WithContext(context.WithValue(r.Context(), struckKey{}, struck{hit, conn}))
	if b.answerItself(w, r, hit) {
		return
	}
	if f, ok := hit.Get(fault.Slow); ok && fault.Sleep(r.Context(), f.Delay) != nil {
		panic(http.ErrAbortHandler)
	}
	if upload {
		b.forwardUpload(w, r, hit)
		return
	}
	b.proxy.ServeHTTP(w, r)
}

// answerItself deals with the faults under which nothing reaches a backend.
func (b *Balancer) answerItself(w http.ResponseWriter, r *http.Request, hit fault.Struck) bool {
	w.Header().Set("Via", Via)
	switch f, _ := hit.Get(fault.Refuse); {
	case hit.Has(fault.Redirect):
		w.Header().Set("Location", r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
	case hit.Has(fault.Refuse) && !f.Store:
		http.Error(w, "refused by fault "+f.String(), f.Status)
	case hit.Has(fault.Lose):
		swallow(w, hit.Body(r.Context(), r.Body, r.ContentLength), conn(r))
	case hit.Has(fault.Early):
		early, _ := hit.Get(fault.Early)
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		io.CopyN(io.Discard, r.Body, early.At)
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusCreated)
		rc.Flush()
		io.Copy(io.Discard, r.Body)
	default:
		w.Header().Del("Via") // a backend's answer brings it
		return false
	}
	return true
}

// swallow reads an upload to its end and acknowledges what nobody stored.
func swallow(w http.ResponseWriter, body io.Reader, c net.Conn) {
	buf := make([]byte, bufferSize)
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{body}, buf); err != nil {
		abort(c, err)
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusCreated)
}

// forwardUpload sends the bent body to a backend, or to two.
func (b *Balancer) forwardUpload(w http.ResponseWriter, r *http.Request, hit fault.Struck) {
	size := r.ContentLength
	body := io.NopCloser(&gated{b: b, ctx: r.Context(), r: hit.Body(r.Context(), r.Body, size)})
	if r.Body == http.NoBody || size == 0 {
		b.proxy.ServeHTTP(w, r)
		return
	}
	r.Body, r.ContentLength = body, hit.Length(size)
	if r.ContentLength != size {
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if hit.Has(fault.Duplicate) {
		defer b.shadow(r)()
	}
	if _, quiet := hit.Get(fault.Silent); quiet {
		b.proxy.ServeHTTP(nowhere{header: make(http.Header)}, r)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if f, ok := hit.Get(fault.Refuse); ok { // with store: the backend keeps it, the client hears otherwise
		b.proxy.ServeHTTP(nowhere{header: make(http.Header)}, r)
		w.Header().Set("Via", Via)
		http.Error(w, "refused by fault "+f.String(), f.Status)
		return
	}
	b.proxy.ServeHTTP(w, r)
}

// shadow sends a second copy of the upload at the same time, so that nothing
// need be kept. The function it returns waits for it.
func (b *Balancer) shadow(r *http.Request) (wait func()) {
	pr, pw := io.Pipe()
	twin := r.Clone(r.Context())
	twin.Body = pr
	r.Body = io.NopCloser(&tee{r: r.Body, w: pw})
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The proxy panics to end a client's connection; the twin has none.
		defer func() { _ = recover() }()
		b.proxy.ServeHTTP(nowhere{header: make(http.Header)}, twin)
		pr.Close() // a backend that stops reading must not hold the first copy
	}()
	return func() { pw.CloseWithError(io.ErrUnexpectedEOF); <-done }
}

// tee copies what it reads to w, whose end it announces.
type tee struct {
	r io.Reader
	w *io.PipeWriter
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.w.Write(p[:n]) // the copy's failure is not the first one's
	}
	if errors.Is(err, io.EOF) {
		t.w.Close()
	} else if err != nil {
		t.w.CloseWithError(err)
	}
	return n, err
}

// nowhere takes an answer that no client gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// bendAnswer adds Via to an answer and applies the faults of its download.
func (b *Balancer) bendAnswer(resp *http.Response) error {
	resp.Header.Add("Via", Via)
	s, _ := resp.Request.Context().Value(struckKey{}).(struck)
	if resp.Request.Method != http.MethodGet && resp.Request.Method != http.MethodHead {
		return nil
	}
	if s.hit.Has(fault.Silent) {
		<-resp.Request.Context().Done()
		return http.ErrAbortHandler
	}
	size := resp.ContentLength
	ctx := resp.Request.Context()
	bent := s.hit.Body(ctx, resp.Body, size)
	resp.Body = &body{gated{b: b, ctx: ctx, r: bent}, resp.Body, s}
	resp.ContentLength = s.hit.Length(size)
	if s.hit.Has(fault.NoLength) {
		resp.ContentLength = -1
	}
	if resp.ContentLength < 0 {
		resp.Header.Del("Content-Length")
	} else if resp.ContentLength != size {
		resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	}
	return nil
}

// body is the answer's body on its way to the client.
type body struct {
	gated
	io.Closer
	struck struck
}

// Read resets the client's connection where the fault says so: the proxy
// itself would only close it.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.gated.Read(p)
	if errors.Is(err, fault.ErrReset) {
		reset(b.struck.conn)
	}
	return n, err
}

// unanswered answers for a backend that did not, and ends the client's
// connection where the fault was the balancer's own.
func (b *Balancer) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	b.failed.Add(1)
	if errors.Is(err, fault.ErrCut) || errors.Is(err, fault.ErrReset) || errors.Is(err, http.ErrAbortHandler) {
		abort(conn(r), err)
	}
	w.Header().Set("Via", Via)
	http.Error(w, "no answer from the backend: "+err.Error(), http.StatusBadGateway)
}

// gated holds a body while the balancer is frozen.
type gated struct {
	b   *Balancer
	ctx context.Context
	r   io.Reader
}

func (g *gated) Read(p []byte) (int, error) {
	if err := g.b.faults.Gate(g.ctx); err != nil {
		return 0, err
	}
	return g.r.Read(p)
}

func conn(r *http.Request) net.Conn {
	s, _ := r.Context().Value(struckKey{}).(struck)
	return s.conn
}

func abort(c net.Conn, err error) {
	if errors.Is(err, fault.ErrReset) {
		reset(c)
	}
	panic(http.ErrAbortHandler)
}

// reset sends RST on c.
func reset(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
		t.Close()
	}
}
