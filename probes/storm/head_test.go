package storm

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// FuzzPlainHeads holds the reader of plain heads to the standard library: what
// it takes, the library takes, and reads the same from it.
func FuzzPlainHeads(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\nConnection: keep-alive\r\nETag: \"x\"\r\nAccept-Ranges: bytes\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nVia: 1.1 a\r\nX-Backend: b\r\n\r\n",
		"HTTP/1.1 304\r\nContent-Length: 10\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n folded\r\n\r\nx",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"HTTP/1.1 999 \r\nContent-Length: 00\r\n\r\n",
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, isHead bool) {
		method := http.MethodGet
		if isHead {
			method = http.MethodHead
		}
		h := head{backendName: "x-backend"}
		if !h.parse(b, method) {
			return
		}
		br := bufio.NewReader(bytes.NewReader(b))
		resp, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%q is taken, and the library says %v", b, err)
		}
		var want head
		want.backendName = "x-backend"
		want.library(resp)
		if want.length < 0 || method == http.MethodHead || h.status == 204 || h.status == 304 {
			want.length = h.length // no body follows, whatever is announced
			if h.length != 0 {
				t.Errorf("%q: length %d where no body follows", b, h.length)
			}
		}
		if h.status != want.status || h.length != want.length || h.keep != want.keep || h.via != want.via || h.backend.text != first(resp, "X-Backend", h.backend.text) || h.server.text != first(resp, "Server", h.server.text) {
			t.Errorf("%q:\n got %+v\nwant %+v", b, h, want)
		}
		if rest := br.Buffered(); rest != len(b)-h.size && len(b) < 4096 {
			t.Errorf("%q: the head is %d bytes long, and the library leaves %d of %d", b, h.size, rest, len(b))
		}
	})
}

// first allows for a header that was given twice: one of its values is kept.
func first(resp *http.Response, name, got string) string {
	values := resp.Header.Values(name)
	for _, v := range values {
		if v == got {
			return v
		}
	}
	return strings.Join(values, ", ")
}

func TestPlainHeads(t *testing.T) {
	const nginx = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n"
	var h head
	if !h.parse([]byte(nginx+"body"), "GET") || h.status != 200 || h.length != 1024 || !h.keep || h.size != len(nginx) || h.server.text != "nginx/1.22.1" {
		t.Errorf("a plain head gives %+v", h)
	}
	again := []byte(nginx)
	if n := testing.AllocsPerRun(100, func() { h.parse(again, "GET") }); n > 0 {
		t.Errorf("a head like the one before costs %v allocations", n)
	}
	for _, text := range []string{
		nginx[:len(nginx)-1], "", "HTTP/1.1 200 OK", strings.Replace(nginx, "HTTP/1.1", "HTTP/1.0", 1), strings.Replace(nginx, "keep-alive", "close", 1),
		strings.Replace(nginx, "Server", "Content-Length", 1), strings.Replace(nginx, "Server:", "Server :", 1), strings.Replace(nginx, "1024", "-1", 1),
		strings.Replace(nginx, "\r\nDate", "\nDate", 1), strings.Replace(nginx, "Server: nginx/1.22.1", "Transfer-Encoding: chunked", 1),
	} {
		if h.parse([]byte(text), "GET") {
			t.Errorf("%q is taken for a plain head", text)
		}
	}
}
