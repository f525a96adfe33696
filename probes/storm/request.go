package storm

import (
	"encoding/hex"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"loadline/probes/internal/credential"
	"loadline/scenarios/unit"
)

// request is a target made ready to be sent: all but what is an op's own is put
// together beforehand.
type request struct {
	method string
	target text // path and query
	host   string
	fields []field
	head   text // HTTP/1.1: the whole of it
	id     text // what it is found again by: its X-Request-Id
	body   []byte
	expect *Expect
	digest []byte // decoded from expect; nil for none
	// undo removes what this request creates; nil if nothing is known to be.
	undo *request
}

// field is a header field of a request.
type field struct {
	name  string
	value text
}

// draft is a request before it is put together.
type draft struct {
	method, path, host string
	fields             []credential.Field
	body               []byte
	expect             *Expect
	trace              trace
	size               unit.Bytes // what {size} stands for
}

// compile puts a request together: the ids by which it is found again in the
// log of every hop, and what every client sends unless the scenario does.
func compile(d draft) request {
	size := strings.NewReplacer(sizeholder, strconv.FormatInt(int64(d.size), 10))
	r := request{method: d.method, target: named(size.Replace(d.path)), host: d.host, body: d.body, expect: d.expect}
	for _, f := range d.fields {
		value := fixed(f.Value)
		if !f.Secret {
			value = named(size.Replace(f.Value))
		}
		r.fields = append(r.fields, field{f.Name, value})
	}
	r.standard("Accept", fixed("*/*"))
	r.standard("User-Agent", fixed("loadline"))
	r.id = r.standard("X-Request-Id", d.trace.requestID())
	r.standard("traceparent", d.trace.parent())
	if len(d.expect.SHA256) > 0 {
		r.digest, _ = hex.DecodeString(d.expect.SHA256) // its form was checked
	}
	r.frame()
	return r
}

// standard adds a header that the scenario may set itself; it returns what is
// sent.
func (r *request) standard(name string, value text) text {
	for _, f := range r.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	r.fields = append(r.fields, field{name, value})
	return value
}

// sized reports whether the request announces the length of its body, even if
// that is 0.
func (r *request) sized() bool {
	return len(r.body) > 0 || r.method != http.MethodGet && r.method != http.MethodHead
}

// frame writes the head of HTTP/1.1.
func (r *request) frame() {
	parts := []text{fixed(r.method + " "), r.target, fixed(" HTTP/1.1\r\nHost: " + r.host)}
	for _, f := range r.fields {
		parts = append(parts, fixed("\r\n"+f.name+": "), f.value)
	}
	if r.sized() {
		parts = append(parts, fixed("\r\nContent-Length: "+strconv.Itoa(len(r.body))))
	}
	r.head = join(append(parts, fixed("\r\n\r\n"))...)
}

// header is the header for an op as the library wants it.
func (r *request) header(name string, id *opID) http.Header {
	h := make(http.Header, len(r.fields))
	for _, f := range r.fields {
		key := textproto.CanonicalMIMEHeaderKey(f.name)
		h[key] = append(h[key], f.value.with(name, id))
	}
	return h
}
