package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// outlet is a stdout whose reader may leave before the end, as head and grep -q
// do. What nobody reads is lost without an error: the exit code is the verdict
// still, and the report stands beside the record. Any other failure, such as a
// full disk behind a redirection, is an output that could not be kept (22).
type outlet struct {
	file *os.File
	hint io.Writer
	gone bool
}

// newOutlet also keeps SIGPIPE from ending the process, without which no write
// would ever return; programs that are started get the usual behaviour.
func newOutlet(file *os.File, hint io.Writer) *outlet {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return &outlet{file: file, hint: hint}
}

// Write writes to the file, or nowhere once its reader has gone.
func (o *outlet) Write(b []byte) (int, error) {
	if o.gone {
		return len(b), nil
	}
	n, err := o.file.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		o.gone = true
		fmt.Fprintln(o.hint, "stdout was closed by its reader: the rest of the output is lost, the exit code is not")
		return len(b), nil
	}
	return n, err
}

// Fd says whether it is a terminal.
func (o *outlet) Fd() uintptr { return o.file.Fd() }
