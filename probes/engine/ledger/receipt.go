package ledger

import (
	"slices"

	"loadline/probes"
)

// receipt is what one op was told, in one byte: 0 not started, 1 no end seen,
// else the place of its outcome in probes.Outcomes plus 2; the flag says that
// nothing can have reached the target.
type receipt uint8

const (
	unstarted    receipt = 0
	pending      receipt = 1
	firstOutcome receipt = 2
	unsent       receipt = 0x80
)

// receiptOf notes an observation. What failed for want of a connection, before
// a byte of the body was sent, cannot have been stored.
func receiptOf(o probes.Observation) receipt {
	i := slices.Index(probes.Outcomes, o.Outcome)
	if i < 0 {
		return pending
	}
	r := firstOutcome + receipt(i)
	switch o.Outcome {
	case probes.DNS, probes.Refused, probes.TLS:
		if o.Sent == 0 {
			r |= unsent
		}
	case probes.Dropped:
		r |= unsent
	}
	return r
}

// outcome is what the op ended with; one whose end was not seen was cut.
func (r receipt) outcome() probes.Outcome {
	switch r &^= unsent; {
	case r == unstarted:
		return probes.Dropped
	case r == pending:
		return probes.Cut
	}
	return probes.Outcomes[r-firstOutcome]
}

// acknowledged reports whether the target said that it has the object.
func (r receipt) acknowledged() bool { return r.outcome() == probes.OK }

// refused reports whether the op was started and failed.
func (r receipt) refused() bool {
	o := r.outcome()
	return o.Failed() && o != probes.Dropped
}

// reached reports whether anything of the op may have reached the target.
func (r receipt) reached() bool { return r != unstarted && r&unsent == 0 }
