package peer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Verb is what a peer is asked to do.
type Verb string

// The verbs.
const (
	Echo     Verb = "echo"
	Upload   Verb = "upload"
	Download Verb = "download"
)

// Bounds of the protocol, in bytes.
const (
	// MaxEcho is the largest echo: what fits into the buffers of any socket, so
	// that neither side has to read while it writes.
	MaxEcho = 16 << 10
	// MaxSize is the largest upload or download.
	MaxSize = 64 << 40
	// MaxLine is the longest line, its end included.
	MaxLine = 256
)

// protocol is how every request begins.
const protocol = "loadline-peer/1"

// Request is one thing asked of a peer.
type Request struct {
	Verb Verb
	Size int64 // bytes
	Seed uint64
}

// AppendLine appends the request's line.
func (r Request) AppendLine(b []byte) []byte {
	return fmt.Appendf(b, "%s %s %d %d\n", protocol, r.Verb, r.Size, r.Seed)
}

// parse reads a line without its end.
func parse(line string) (Request, error) {
	words := strings.Fields(line)
	if len(words) != 4 || words[0] != protocol {
		return Request{}, errors.New("not a request of " + protocol)
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil || size < 0 || size > MaxSize {
		return Request{}, fmt.Errorf("size %q is not a number of bytes up to %d", words[2], int64(MaxSize))
	}
	seed, err := strconv.ParseUint(words[3], 10, 64)
	if err != nil {
		return Request{}, fmt.Errorf("seed %q is not a number", words[3])
	}
	r := Request{Verb(words[1]), size, seed}
	switch {
	case r.Verb != Echo && r.Verb != Upload && r.Verb != Download:
		return Request{}, fmt.Errorf("verb %q is not echo, upload or download", words[1])
	case r.Verb == Echo && size > MaxEcho:
		return Request{}, fmt.Errorf("an echo of %d bytes is larger than %d", size, MaxEcho)
	}
	return r, nil
}

// Answer is a peer's first line: nil for "ok", and a *Refusal for "no". Any
// other line is no answer of a peer.
func Answer(line string) error {
	if line == "ok" {
		return nil
	}
	if reason, ok := strings.CutPrefix(line, "no "); ok {
		return &Refusal{reason}
	}
	return fmt.Errorf("%q is no answer of a loadline peer (hint: is one listening at target.url?)", clip(line))
}

// clip keeps what a message can show of a line.
func clip(line string) string {
	const most = 60
	if len(line) > most {
		line = line[:most] + "…"
	}
	return strings.ToValidUTF8(line, "?")
}

// Refusal is what a peer did not do, and why.
type Refusal struct{ Reason string }

// Error is the peer's reason.
func (r *Refusal) Error() string { return "the peer refused: " + clip(r.Reason) }

// corrupt is how the reason for bytes that were wrong begins.
const corrupt = "wrong byte at "

// Corrupt reports whether the reason is that bytes had changed on the way.
func (r *Refusal) Corrupt() bool { return strings.HasPrefix(r.Reason, corrupt) }
