package probes

import (
	"errors"
	"time"

	"loadline/scenarios/plan"
)

// Readback says how the objects that acknowledged ops left are looked at again
// after the timed part.
type Readback struct {
	// Arm is the arm to read through; "other" or empty is the first arm of
	// another role than the one that stored the object.
	Arm string
	// Parallel is the number of read-backs at a time; Budget the time for all
	// of them. A Budget of 0 means that nothing is read back.
	Parallel int
	Budget   time.Duration
}

// Audited is a spec whose ops leave objects that are read back. A spec without
// it, or whose budget is 0, keeps no promise about what it stored.
type Audited interface {
	Readback() Readback
}

// Fixed is a spec whose sessions make fixtures in Prepare. Fixtures are their
// names in a cell of a run, so that those of a killed run can be removed.
type Fixed interface {
	Fixtures(run string, cell plan.Cell) []string
}

// What an error of Keeper.Remove may be. Any other one is a refusal: the path
// answered, and did not remove the object.
var (
	// ErrAbsent: the path answered that there is nothing of that name. That is
	// as good as removed only where the object cannot lie elsewhere.
	ErrAbsent = errors.New("there is nothing of that name")
	// ErrSilent: nothing answered.
	ErrSilent = errors.New("no answer")
)
