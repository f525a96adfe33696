package storm

import (
	"encoding/hex"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"loadline/probes/internal/credential"
)

// placeholder stands for the op's name in paths and headers.
const placeholder = "{name}"

// request is a target made ready to be sent: all but the op's name is put
// together beforehand.
type request struct {
	method string
	target text // path and query
	host   string
	fields []field
	head   [][]byte // HTTP/1.1: what stands before, between and after the names
	body   []byte
	expect *Expect
	digest []byte // decoded from expect; nil for none
}

// text is a text in which the op's name may stand.
type text struct {
	literal string
	named   bool
}

func named(s string) text { return text{s, strings.Contains(s, placeholder)} }

// with puts the op's name in.
func (t text) with(name string) string {
	if !t.named {
		return t.literal
	}
	return strings.ReplaceAll(t.literal, placeholder, name)
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
}

// compile puts a request together: the op's name as request id, so that the
// request is found again in the log of every hop, and what every client sends
// unless the scenario does.
func compile(d draft) request {
	r := request{method: d.method, target: named(d.path), host: d.host, body: d.body, expect: d.expect}
	for _, f := range d.fields {
		value := named(f.Value)
		value.named = value.named && !f.Secret
		r.fields = append(r.fields, field{f.Name, value})
	}
	r.standard("Accept", "*/*")
	r.standard("User-Agent", "loadline")
	r.standard("X-Request-Id", placeholder)
	if len(d.expect.SHA256) > 0 {
		r.digest, _ = hex.DecodeString(d.expect.SHA256) // its form was checked
	}
	r.frame()
	return r
}

func (r *request) standard(name, value string) {
	for _, f := range r.fields {
		if strings.EqualFold(f.name, name) {
			return
		}
	}
	r.fields = append(r.fields, field{name, named(value)})
}

// sized reports whether the request announces the length of its body, even if
// that is 0.
func (r *request) sized() bool {
	return len(r.body) > 0 || r.method != http.MethodGet && r.method != http.MethodHead
}

// frame writes the head of HTTP/1.1.
func (r *request) frame() {
	var f framer
	f.add(r.method + " ")
	f.put(r.target)
	f.add(" HTTP/1.1\r\nHost: " + r.host)
	for _, x := range r.fields {
		f.add("\r\n" + x.name + ": ")
		f.put(x.value)
	}
	if r.sized() {
		f.add("\r\nContent-Length: " + strconv.Itoa(len(r.body)))
	}
	f.add("\r\n\r\n")
	r.head = append(f.done, f.open)
}

// framer collects pieces between which the op's name stands.
type framer struct {
	done [][]byte
	open []byte
}

func (f *framer) add(s string) { f.open = append(f.open, s...) }

func (f *framer) put(t text) {
	if !t.named {
		f.add(t.literal)
		return
	}
	for i, piece := range strings.Split(t.literal, placeholder) {
		if i > 0 {
			f.done = append(f.done, f.open)
			f.open = nil
		}
		f.add(piece)
	}
}

// appendHead appends the head for an op.
func (r *request) appendHead(b []byte, name string) []byte {
	b = append(b, r.head[0]...)
	for _, piece := range r.head[1:] {
		b = append(b, name...)
		b = append(b, piece...)
	}
	return b
}

// header is the header for an op as the library wants it.
func (r *request) header(name string) http.Header {
	h := make(http.Header, len(r.fields))
	for _, f := range r.fields {
		key := textproto.CanonicalMIMEHeaderKey(f.name)
		h[key] = append(h[key], f.value.with(name))
	}
	return h
}
