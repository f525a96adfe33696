package storm

import (
	"bytes"
	"cmp"
	"net/http"
	"strings"
)

// head is what an op needs of an answer's head.
type head struct {
	backendName string // in lower case; empty for none

	size   int // of the head, in bytes
	status int
	length int64 // of the body
	keep   bool  // the connection is fit for another request
	server value
	via    value
	// backend is the value of the header that names the backend.
	backend value
	// theirs is the id that the answer names, and again its Retry-After; both
	// last until the next bytes are read.
	theirs, again []byte
}

// value is a header's value. Most answers repeat that of the answer before,
// and then share its text.
type value struct{ text string }

func (v *value) set(b []byte) {
	if v.text != string(b) { // this comparison copies nothing
		v.text = string(b)
	}
}

// parse reads a plain head in place: HTTP/1.1, a final status, at most one
// Content-Length and no other framing, names that are tokens, nothing folded,
// the whole of it in b. It is false for any other, of which nothing is kept;
// the standard library's parser has the last word on those.
func (h *head) parse(b []byte, method string) bool {
	rest, ok := h.statusLine(b)
	if !ok {
		return false
	}
	h.length, h.keep = -1, true
	var seen told
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 1 || rest[end-1] != '\r' {
			return false
		}
		line := rest[:end-1]
		rest = rest[end+1:]
		if len(line) == 0 {
			break
		}
		name, text, ok := headerLine(line)
		if !ok || !h.field(name, text, &seen) {
			return false
		}
	}
	if method == http.MethodHead || h.status == http.StatusNoContent || h.status == http.StatusNotModified {
		h.length = 0
	}
	if h.length < 0 {
		return false
	}
	h.size = len(b) - len(rest)
	h.server.set(seen.server)
	h.via.set(seen.via)
	h.backend.set(seen.backend)
	h.theirs, h.again = seen.theirs, seen.again
	return true
}

// told are the values in a head that are kept once it was read to its end.
type told struct{ server, via, backend, theirs, again []byte }

// field takes one header line; it is false for what makes a head not plain.
// Most names are told apart by their length alone.
func (h *head) field(name, text []byte, seen *told) bool {
	if len(h.backendName) == len(name) && is(name, h.backendName) && h.backendName != "" {
		seen.backend = text
	}
	switch len(name) {
	case len("via"):
		if is(name, "via") {
			if seen.via != nil {
				return false // several lines are one value; the library joins them
			}
			seen.via = text
		}
	case len("server"):
		if is(name, "server") {
			seen.server = text
		}
	case len("connection"):
		return !is(name, "connection") || is(text, "keep-alive")
	case len("retry-after"):
		if is(name, "retry-after") {
			seen.again = text
		}
	case len("x-request-id"):
		if is(name, "x-request-id") {
			seen.theirs = text
		}
	case len("x-amz-request-id"):
		if seen.theirs == nil && is(name, "x-amz-request-id") {
			seen.theirs = text
		}
	case len("content-length"):
		return !is(name, "content-length") || h.length < 0 && h.setLength(text)
	case len("transfer-encoding"):
		return !is(name, "transfer-encoding")
	}
	return true
}

// statusLine reads "HTTP/1.1 200 …" and gives what follows the line.
func (h *head) statusLine(b []byte) (rest []byte, ok bool) {
	const start = "HTTP/1.1 "
	end := bytes.IndexByte(b, '\n')
	if end < len(start)+4 || b[end-1] != '\r' || string(b[:len(start)]) != start {
		return nil, false
	}
	code, reason := b[len(start):len(start)+3], b[len(start)+3:end-1]
	if len(reason) > 0 && reason[0] != ' ' || !graphic(reason) {
		return nil, false
	}
	n := 0
	for _, c := range code {
		if c < '0' || c > '9' {
			return nil, false
		}
		n = 10*n + int(c-'0')
	}
	if n < 200 {
		return nil, false
	}
	h.status = n
	return b[end+1:], true
}

// graphic reports whether a text has no control characters but tabs.
func graphic(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// setLength reads a Content-Length; lengths beyond 18 digits are left to the
// library, which refuses them.
func (h *head) setLength(text []byte) bool {
	if len(text) == 0 || len(text) > 18 {
		return false
	}
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
		n = 10*n + int64(c-'0')
	}
	h.length = n
	return true
}

// headerLine reads "Name: value", without the space around the value.
func headerLine(line []byte) (name, text []byte, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 {
		return nil, nil, false
	}
	for _, c := range line[:colon] {
		if !token[c] {
			return nil, nil, false
		}
	}
	text = line[colon+1:]
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
	}
	for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == '\t') {
		text = text[:len(text)-1]
	}
	return line[:colon], text, graphic(text)
}

// token are the characters of a header's name (RFC 9110, section 5.6.2).
var token = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return t
}()

// is compares with a word in lower case, in any case.
func is(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range len(word) {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// theirID is the id that an answer names.
func theirID(h http.Header) string {
	return cmp.Or(h.Get("X-Request-Id"), h.Get("X-Amz-Request-Id"))
}

// library takes over what the standard library has read.
func (h *head) library(resp *http.Response) {
	h.theirs, h.again = []byte(theirID(resp.Header)), []byte(resp.Header.Get("Retry-After"))
	h.status, h.length, h.keep = resp.StatusCode, resp.ContentLength, !resp.Close
	h.server.text = strings.Join(resp.Header.Values("Server"), ", ")
	h.via.text = strings.Join(resp.Header.Values("Via"), ", ")
	h.backend.text = ""
	if h.backendName != "" {
		h.backend.text = strings.Join(resp.Header.Values(h.backendName), ", ")
	}
}
