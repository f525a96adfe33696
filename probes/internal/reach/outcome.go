package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"loadline/probes"
)

// Limit is a limit of the op's own that was broken; its outcome is Stalled or
// Timeout.
type Limit struct {
	Outcome probes.Outcome
	What    string
}

// Error is what was waited for, and how long.
func (e *Limit) Error() string { return e.What }

// ProtocolError is an answer that the protocol does not allow.
type ProtocolError struct{ Err error }

// Error names the protocol's complaint.
func (e *ProtocolError) Error() string { return "the answer breaks the protocol: " + e.Err.Error() }

// Unwrap is the complaint.
func (e *ProtocolError) Unwrap() error { return e.Err }

// OnKept adds to the failure of an op that it met a connection which had served
// others: a peer may close one at the moment of the request.
func OnKept(err error) error { return fmt.Errorf("%w (%s)", err, probes.OnKept) }

// Judge turns the failure of an op into its outcome. What the op's context
// says goes first, because a cancelled context makes every other error; then
// the error's own type; what remains is a connection that broke.
func Judge(ctx context.Context, err error) (probes.Outcome, error) {
	if cut, ok := probes.OutcomeOf(ctx); ok {
		return cut, context.Cause(ctx)
	}
	var limit *Limit
	var opening *Error
	var protocol *ProtocolError
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return probes.Timeout, context.Cause(ctx)
	case errors.As(err, &limit):
		return limit.Outcome, limit
	case errors.As(err, &opening):
		return opening.Outcome, opening
	case errors.As(err, &protocol):
		return probes.Protocol, protocol
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return probes.Reset, errors.New("the peer closed the connection before the answer was whole")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return probes.Reset, fmt.Errorf("the peer reset the connection: %w", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return probes.Reset, errors.New("the connection was broken off")
	}
	return probes.Reset, err
}
