package engine

import (
	"time"

	"loadline/scenarios/unit"
)

// Kind is what an Event tells.
type Kind string

// The kinds of events, in the order in which a run has them.
const (
	Preparing    Kind = "preparing"     // a session is being prepared
	TrialStarted Kind = "trial started" // its warm-up begins
	TrialTick    Kind = "trial tick"    // twice a second while it is measured
	TrialEnded   Kind = "trial ended"
	BlockEnded   Kind = "block ended"
	Auditing     Kind = "auditing" // Done of Total objects were looked for
	Removing     Kind = "removing" // Done of Total objects were removed
)

// Event is progress for a person to watch; fields that do not belong to the
// kind are zero.
type Event struct {
	Kind      Kind
	Arm, Cell string
	// Trial counts from 1 of Trials, Block from 1 of Blocks.
	Trial, Trials, Block, Blocks int
	// Elapsed is the time from the start of the run.
	Elapsed time.Duration
	// At is the time from the start of the measured part, of Length in all.
	At, Length time.Duration
	// Of the trial so far: bytes moved, ops ended, failed, and in flight.
	Moved         unit.Bytes
	Ended, Failed uint64
	InFlight      int
	// Rate is bytes moved per second since the tick before.
	Rate unit.BytesPerSecond
	// Done of Total objects, when auditing or removing.
	Done, Total int
}
