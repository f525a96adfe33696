// Package doctor examines the machine that is to offer the load, before it
// does: each check says what it found, why that matters and which command
// would mend it. It changes nothing, needs no rights, and does not measure the
// target; a run still watches its own health (see probes/engine).
package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"time"
)

// Status is the result of a check.
type Status string

// The statuses. Warn means that some runs would suffer, or that it could not
// be told; Fail that no run can be trusted or kept.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Result is what one check found.
type Result struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	// Why says what would suffer, and Fix is a command that would mend it;
	// both are empty if all is well.
	Why string `json:"why,omitempty"`
	Fix string `json:"fix,omitempty"`
}

// Check is one question to the machine. Run must end when ctx does.
type Check struct {
	Name string
	Run  func(ctx context.Context, m Machine) Result
}

// Machine is what the checks look at; the zero value is this machine.
type Machine struct {
	// Root has proc and sys; nil is the file system of this machine.
	Root fs.FS
	// Out is the directory for records; empty is the current one.
	Out string
	// Hosts are names that the targets have; empty asks for localhost.
	Hosts []string
	// Congestion are the congestion controls that the arms ask for.
	Congestion []string
	// Environ gives environment variables, LookPath finds programs and Resolve
	// looks up names; nil are those of this machine.
	Environ  func(string) string
	LookPath func(string) (string, error)
	Resolve  func(context.Context, string) ([]string, error)
}

// patience is how long one check may take.
const patience = 5 * time.Second

// Examine asks all checks in order. It never hangs: a check that does not
// answer in time is a warning.
func Examine(ctx context.Context, m Machine, checks []Check) []Result {
	m = m.withDefaults()
	out := make([]Result, len(checks))
	for i, c := range checks {
		out[i] = ask(ctx, m, c)
	}
	return out
}

func ask(ctx context.Context, m Machine, c Check) Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer := make(chan Result, 1)
	go func() { answer <- c.Run(ctx, m) }()
	select {
	case r := <-answer:
		r.Check = c.Name
		return r
	case <-ctx.Done():
		return Result{c.Name, Warn, "no answer", fmt.Sprintf("the check did not end: %v", ctx.Err()), ""}
	}
}

// Worst is the gravest status among the results, OK if there are none.
func Worst(results []Result) Status {
	worst := OK
	for _, r := range results {
		if r.Status == Fail || r.Status == Warn && worst == OK {
			worst = r.Status
		}
	}
	return worst
}

func (m Machine) withDefaults() Machine {
	if m.Root == nil {
		m.Root = os.DirFS("/")
	}
	if m.Out == "" {
		m.Out = "."
	}
	if len(m.Hosts) == 0 {
		m.Hosts = []string{"localhost"}
	}
	if m.Environ == nil {
		m.Environ = os.Getenv
	}
	if m.LookPath == nil {
		m.LookPath = exec.LookPath
	}
	if m.Resolve == nil {
		m.Resolve = net.DefaultResolver.LookupHost
	}
	return m
}

// fine is a result with nothing to mend.
func fine(format string, args ...any) Result {
	return Result{Status: OK, Found: fmt.Sprintf(format, args...)}
}

// unknown is the result of a question that this system does not answer.
func unknown(what string) Result {
	return Result{Status: Warn, Found: "not known", Why: what + " cannot be read on this system; watch the run's own health figures"}
}
