package record

import "fmt"

// ErrNotKept says that the record could not be kept: the disk is full or
// read-only, or failed. What was written before stays readable.
type ErrNotKept struct {
	Path  string
	Cause error
}

// Error names the file and the cause.
func (e *ErrNotKept) Error() string {
	return fmt.Sprintf("%s: the record could not be kept: %v (hint: free space there, or keep records elsewhere with --out DIR)", e.Path, e.Cause)
}

// Unwrap is the cause.
func (e *ErrNotKept) Unwrap() error { return e.Cause }
