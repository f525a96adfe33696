package record

import "time"

// Event is how the scenario's event went in one trial: the change that was
// made, or should have been, while the load went on.
type Event struct {
	// At is when it started, from the start of the measured part; Took how
	// long it ran.
	At   time.Duration `json:"at"`
	Took time.Duration `json:"took"`
	// Exit is the program's exit code, −1 if it did not exit by itself.
	Exit int `json:"exit"`
	// Err says what went wrong, empty if the program ended with 0 in time.
	// A trial with an Err did not measure what the scenario says.
	Err string `json:"err,omitempty"`
	// Output is the end of what it printed, at most 4 KiB.
	Output string `json:"output,omitempty"`
}

// Failed reports whether the event was asked for and did not succeed.
func (e *Event) Failed() bool { return e != nil && e.Err != "" }
