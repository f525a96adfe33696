package probes

import (
	"context"
	"errors"
)

// Outcome is the typed ending of an op. Every outcome but OK and Cut is an
// error of the arm; Dropped is one of the generator.
type Outcome string

// The outcomes.
const (
	OK       Outcome = "ok"
	Cut      Outcome = "cut"      // ended by us: the verdict did not wait for it
	Dropped  Outcome = "dropped"  // due, but never started
	DNS      Outcome = "dns"      // the name did not resolve
	Refused  Outcome = "refused"  // no connection: refused, unreachable, connect timeout
	TLS      Outcome = "tls"      // handshake or certificate
	Reset    Outcome = "reset"    // the connection broke
	Timeout  Outcome = "timeout"  // no answer in answer_after
	Stalled  Outcome = "stalled"  // no byte moved in stall_after
	Status   Outcome = "status"   // the answer's status is not a success
	Protocol Outcome = "protocol" // the answer is not what the protocol allows
	Short    Outcome = "short"    // fewer bytes than the object has
	Long     Outcome = "long"     // more bytes than the object has
	Corrupt  Outcome = "corrupt"  // right length, wrong bytes
	Swapped  Outcome = "swapped"  // another object's bytes
	Stale    Outcome = "stale"    // an older generation's bytes
)

// Outcomes are all outcomes in the order in which reports list them.
var Outcomes = []Outcome{OK, Cut, Dropped, DNS, Refused, TLS, Reset, Timeout, Stalled, Status, Protocol, Short, Long, Corrupt, Swapped, Stale}

// Failed reports whether the outcome counts as an error.
func (o Outcome) Failed() bool { return o != OK && o != Cut }

// OnKept stands in the error of an op that was reset before any answer, on a
// connection that had served others; the attribution looks for it.
const OnKept = "on a kept connection; the request was not repeated"

// The causes with which the engine cancels an op's context.
var (
	ErrCut  = errors.New("cut: cannot end in the drain at its present rate")
	ErrStop = errors.New("stopped: the run ends")
)

// OutcomeOf is the outcome that a cancelled context dictates, if any: ops that
// the engine ends are Cut, whatever error the cancellation caused.
func OutcomeOf(ctx context.Context) (Outcome, bool) {
	if ctx.Err() == nil {
		return "", false
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrCut) || errors.Is(cause, ErrStop) || errors.Is(cause, context.Canceled) {
		return Cut, true
	}
	return "", false
}
