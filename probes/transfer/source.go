package transfer

import (
	"io"
	"strings"

	"loadline/probes/internal/payload"
)

// source is the body of one request: the generated object, for a form between
// the two halves of its framing.
type source struct {
	object  payload.Object
	head    string
	tail    string
	chunked bool
}

// length is the body's length in bytes, framing of a form included.
func (s *source) length() int64 {
	return int64(len(s.head)) + s.object.Size + int64(len(s.tail))
}

// reader reads the body from the start.
func (s *source) reader() io.Reader {
	if s.head == "" && s.tail == "" {
		return s.object.Reader()
	}
	return io.MultiReader(strings.NewReader(s.head), s.object.Reader(), strings.NewReader(s.tail))
}

// fill reads until p is full or the body ends; sources fail in no other way.
func fill(r io.Reader, p []byte) int {
	n, _ := io.ReadFull(r, p)
	return n
}
