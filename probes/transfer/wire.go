package transfer

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// field is one header line as it is sent.
type field struct {
	name, value string
	secret      bool // never sent to another origin
}

// request is one request as it goes on the wire, exactly once.
type request struct {
	method string
	scheme string
	host   string // of the Host header
	target string // path and query, as written
	fields []field
	body   *source // nil for none
	expect bool    // wait for 100 Continue before the body
}

// answer is the head of a final answer; its body is still to be read.
type answer struct {
	status int
	proto  string // HTTP/1.1 or HTTP/2.0
	header http.Header
	length int64 // announced length of the body, -1 for none
	body   io.ReadCloser
	// partial is true if the answer came before the body was sent whole.
	partial bool
}

// wire is one connection and the protocol spoken on it. One exchange at a
// time, except on shared HTTP/2.
type wire interface {
	// exchange sends the request once and returns the head of the answer. It
	// keeps the marks of the progress.
	exchange(ctx context.Context, r *request, p *progress) (*answer, error)
	// complete is called once the answer's body was read to its end. It waits
	// until the request was sent whole, and says why it was not.
	complete(a *answer) error
	// silence ends an answer of which enough was heard; reading it fails.
	silence(a *answer)
	// reusable reports whether another exchange may follow.
	reusable() bool
	// abort breaks everything that blocks on the connection; close ends it.
	abort()
	close()
}

// Errors of the messages themselves, as opposed to those of the connection.
var (
	errHead     = errors.New("the answer's header is longer than 1 MiB")
	errInterim  = errors.New("more than 64 interim answers")
	errUpgrade  = errors.New("the answer switches to another protocol")
	errTrailing = errors.New("bytes follow the answer that belong to no request")
)
