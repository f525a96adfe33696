package origin

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"loadline/infra/lab/fault"
)

// Totals are the origin's counts since its start.
type Totals struct {
	ID          string                 `json:"id"`
	Connections int64                  `json:"connections"` // accepted
	Requests    int64                  `json:"requests"`    // but for /stats
	Broken      int64                  `json:"broken"`      // uploads that did not arrive whole
	BytesIn     int64                  `json:"bytes_in"`    // of bodies
	BytesOut    int64                  `json:"bytes_out"`   // of bodies
	Receipts    int64                  `json:"receipts"`    // bodies stored
	Names       map[string]ObjectStats `json:"names,omitempty"`
}

// Totals reads the counters; names carry no digest here.
func (o *Origin) Totals() Totals {
	t := Totals{
		ID: o.opt.ID, Connections: o.connections.Load(), Requests: o.requests.Load(), Broken: o.broken.Load(),
		BytesIn: o.bytesIn.Load(), BytesOut: o.bytesOut.Load(), Names: make(map[string]ObjectStats),
	}
	o.table.each(func(s ObjectStats) {
		t.Names[s.Name] = s
		t.Receipts += s.Receipts
	})
	return t
}

// Stats is what the origin witnessed of one name.
func (o *Origin) Stats(name string) ObjectStats { return o.table.stats(name) }

func (o *Origin) handler() http.Handler {
	measured := http.NewServeMux()
	measured.HandleFunc("PUT /files/{name...}", o.upload)
	measured.HandleFunc("POST /files/{name...}", o.upload)
	measured.HandleFunc("GET /files/{name...}", o.download)
	measured.HandleFunc("DELETE /files/{name...}", o.remove)
	measured.HandleFunc("DELETE /sink/{name...}", o.remove)
	measured.HandleFunc("PUT /sink/{name...}", o.upload)
	measured.HandleFunc("POST /sink/{name...}", o.upload)
	measured.HandleFunc("GET /bytes/{n}", o.generated)
	measured.HandleFunc("POST /echo", o.echo)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, o.Totals()) })
	mux.HandleFunc("GET /stats/{name...}", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, o.Stats(r.PathValue("name")))
	})
	mux.Handle("/", o.counted(measured))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Backend", o.opt.ID)
		mux.ServeHTTP(w, r)
	})
}

// counted is what every measured request passes first.
func (o *Origin) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.requests.Add(1)
		if o.faults.Gate(r.Context()) != nil {
			panic(http.ErrAbortHandler)
		}
		if !o.opt.Auth.allows(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="loadline lab"`)
			http.Error(w, "credentials are missing or wrong", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a Auth) allows(r *http.Request) bool {
	if a == (Auth{}) {
		return true
	}
	if a.Token != "" && equal(r.Header.Get("Authorization"), "Bearer "+a.Token) {
		return true
	}
	user, password, ok := r.BasicAuth()
	return ok && a.User != "" && equal(user, a.User) && equal(password, a.Password)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// before does what a struck request gets instead of, or before, its work. It
// says whether the request has been dealt with.
func (o *Origin) before(w http.ResponseWriter, r *http.Request, hit fault.Struck) (done bool) {
	if hit.Has(fault.Redirect) {
		w.Header().Set("Location", r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	if f, ok := hit.Get(fault.Refuse); ok && !f.Store {
		http.Error(w, "refused by fault "+f.String(), f.Status)
		return true
	}
	return false
}

// answerable waits as long as a struck request's answer has to wait, and
// aborts the request when that is for ever.
func (o *Origin) answerable(r *http.Request, hit fault.Struck) {
	ctx := r.Context()
	if hit.Has(fault.Silent) {
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	}
	var err error
	if f, ok := hit.Get(fault.Slow); ok {
		err = fault.Sleep(ctx, f.Delay)
	}
	if err == nil {
		err = o.faults.Gate(ctx)
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// abort ends a request whose body ended with err, in the way that err asks
// for: a reset, or a closed connection.
func abort(r *http.Request, err error) {
	if errors.Is(err, fault.ErrReset) {
		reset(r.Context())
	}
	panic(http.ErrAbortHandler)
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// reset sends RST on the connection of the request: over HTTP/2 that ends
// every stream on it, as a dying balancer would.
func reset(ctx context.Context) {
	c, _ := ctx.Value(connKey{}).(net.Conn)
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
		t.Close()
	}
}

// echo gives a small body back.
func (o *Origin) echo(w http.ResponseWriter, r *http.Request) {
	hit := o.faults.Strike(fault.Request{On: fault.Upload, Name: "echo", Size: r.ContentLength})
	if o.before(w, r, hit) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, io.NopCloser(hit.Body(r.Context(), r.Body, r.ContentLength)), 1<<20))
	o.bytesIn.Add(int64(len(body)))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		http.Error(w, "echo takes at most 1 MiB", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		abort(r, err)
	}
	o.answerable(r, hit)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Content-Type", "application/octet-stream")
	n, _ := w.Write(body)
	o.bytesOut.Add(int64(n))
}

func (o *Origin) remove(w http.ResponseWriter, r *http.Request) {
	if !o.table.remove(r.PathValue("name")) {
		http.Error(w, fmt.Sprintf("no object %q here", r.PathValue("name")), http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}
