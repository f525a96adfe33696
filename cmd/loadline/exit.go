package main

import (
	"context"
	"errors"

	"loadline/reports/verdict"
	"loadline/scenarios"
)

// The exit codes are a public contract. A verdict's code is the verdict's own
// (verdict.ExitCode); these are the ends without one. 1 and 2 stay free for
// crashes, so that a crash never reads as a verdict.
const (
	exitOK          = 0
	exitUsage       = 20 // scenario or usage wrong
	exitUnreachable = 21 // reference, broker or mount unreachable
	exitNotKept     = 22 // the record, or an output asked for, could not be kept; a reader of stdout that left is none of these (see outlet)
	exitInterrupted = 130
)

// ending is an error that knows its exit code.
type ending struct {
	code int
	err  error
}

func (e ending) Error() string { return e.err.Error() }
func (e ending) Unwrap() error { return e.err }

func usage(err error) error       { return ending{exitUsage, err} }
func unreachable(err error) error { return ending{exitUnreachable, err} }
func notKept(err error) error     { return ending{exitNotKept, err} }

// judged is the ending of a run that reached a verdict; it prints nothing, the
// report already has.
type judged struct{ verdict verdict.Verdict }

func (j judged) Error() string { return string(j.verdict) }

// exitCode maps the error of a command to the exit code of the process.
func exitCode(err error) int {
	var e ending
	var j judged
	var ps scenarios.Problems
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &j):
		return j.verdict.ExitCode()
	case errors.As(err, &e):
		return e.code
	case errors.As(err, &ps):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	default:
		return exitUsage
	}
}
