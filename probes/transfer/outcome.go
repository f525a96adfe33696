package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"

	"golang.org/x/net/http2"

	"loadline/probes"
	"loadline/probes/internal/credential"
	"loadline/probes/internal/reach"
)

// judge turns the failure of an exchange into an outcome. What the op's
// context says goes first, because a cancelled context makes every other
// error.
func judge(ctx context.Context, err error) (probes.Outcome, error) {
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		switch cut, ok := probes.OutcomeOf(ctx); {
		case errors.Is(cause, errStalled):
			return probes.Stalled, cause
		case errors.Is(cause, errNoAnswer), errors.Is(cause, context.DeadlineExceeded):
			return probes.Timeout, cause
		case ok:
			return cut, cause
		}
	}
	var stage *stageError
	var protocol *reach.ProtocolError
	switch {
	case errors.As(err, &stage):
		return stage.outcome, stage
	case errors.As(err, &protocol):
		return probes.Protocol, protocol
	}
	return judgeConnection(err)
}

// fromPeer is the cause the library gives to resets that the peer sent; its own
// complaints about the peer's frames have others.
const fromPeer = "received from peer"

// judgeConnection tells a broken connection from a broken protocol.
func judgeConnection(err error) (probes.Outcome, error) {
	var away http2.GoAwayError
	var stream http2.StreamError
	var frames http2.ConnectionError
	switch {
	case errors.As(err, &away):
		return probes.Reset, fmt.Errorf("the peer ended the HTTP/2 connection: %v", away.ErrCode)
	case reach.Untaken(err):
		return probes.Reset, errors.New("the peer ended the HTTP/2 connection (GOAWAY) without having taken the request")
	case errors.As(err, &stream) && stream.Cause != nil && stream.Cause.Error() != fromPeer:
		return probes.Protocol, &reach.ProtocolError{Err: err}
	case errors.As(err, &stream):
		return probes.Reset, fmt.Errorf("the peer reset the HTTP/2 stream: %v", stream.Code)
	case errors.As(err, &frames), errors.Is(err, http2.ErrFrameTooLarge):
		return probes.Protocol, &reach.ProtocolError{Err: err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return probes.Reset, errors.New("the peer closed the connection before the answer was whole")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return probes.Reset, fmt.Errorf("the peer reset the connection: %w", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return probes.Reset, errors.New("the connection was broken off")
	case strings.HasPrefix(err.Error(), "http2: "):
		return probes.Protocol, &reach.ProtocolError{Err: err}
	}
	return probes.Reset, err
}

// refusal describes an answer that is no success. The body of a redirect is left
// out: it repeats the address, with the query that may be a signature.
func refusal(a *answer, start []byte, sent, size int64, hide credential.Secrets) error {
	text := fmt.Sprintf("answered %d %s", a.status, http.StatusText(a.status))
	if sent < size {
		text += fmt.Sprintf(" after %d of %d bytes of the body", sent, size)
	}
	if again := a.header.Get("Retry-After"); again != "" {
		text += " (Retry-After: " + printable(hide.Scrub(again), 40) + ")"
	}
	if to := a.header.Get("Location"); to != "" && a.status/100 == 3 {
		return errors.New(text + " to " + printable(hide.Scrub(place(to)), 200))
	}
	if said := printable(hide.Scrub(string(start)), 160); said != "" {
		text += ": " + said
	}
	return errors.New(text)
}

// place is where an address leads, without what may be secret in it: user,
// query, fragment and parameters of the path.
func place(address string) string {
	at, rest := address, ""
	if i := strings.IndexAny(at, "?#;"); i >= 0 {
		at, rest = at[:i], at[i:i+1]+"…"
	}
	if scheme, after, ok := strings.Cut(at, "//"); ok {
		host, path, slash := strings.Cut(after, "/")
		if slash {
			path = "/" + path
		}
		at = scheme + "//" + host[strings.LastIndexByte(host, '@')+1:] + path
	}
	return at + rest
}

// printable is the start of a text in one line.
func printable(s string, most int) string {
	line := strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xfffd }), " ")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}
