package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"loadline/probes/engine/load"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/redact"
)

// tailKept is how much of a program's output is kept.
const tailKept = 4 << 10

// change runs the scenario's event, if it has one, at its part of the measured
// part, and gives how it went; nil if there is none, or if the run was stopped
// before.
func (t *trial) change(ctx context.Context, epoch time.Time) <-chan *record.Event {
	out := make(chan *record.Event, 1)
	event := t.run.plan.Scenario.Event
	if event == nil {
		out <- nil
		return out
	}
	at := time.Duration(float64(t.load.Measure) * float64(event.At))
	go func() {
		if !load.Pause(ctx, at-time.Since(epoch)) {
			out <- nil
			return
		}
		out <- execute(ctx, *event, epoch, t.run.hide())
	}()
	return out
}

// execute runs the program in a process group of its own, so that whatever it
// started ends with it when its time is up or the run is stopped. What it is
// called with and prints is kept without what must be shown nowhere.
func execute(ctx context.Context, event scenarios.Event, epoch time.Time, hide redact.Values) *record.Event {
	began := time.Now()
	e := &record.Event{At: began.Sub(epoch), Exit: -1}
	limited, stop := context.WithTimeout(ctx, event.Timeout)
	defer stop()
	var printed tail
	c := exec.CommandContext(limited, event.Run[0], event.Run[1:]...)
	c.Stdout, c.Stderr = &printed, &printed
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second // a daemon that it started may hold the pipe
	err := c.Run()
	e.Took, e.Output = time.Since(began), hide.Text(printed.String())
	if c.ProcessState != nil {
		e.Exit = c.ProcessState.ExitCode()
	}
	what := strings.Join(hide.Command(event.Run), " ")
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // what it left running holds its output
	case ctx.Err() != nil:
		e.Err = fmt.Sprintf("event %q: ended because the run was stopped", what)
	case limited.Err() != nil:
		e.Err = fmt.Sprintf("event %q: not done after %v (hint: raise event.timeout)", what, event.Timeout)
	case e.Exit > 0:
		e.Err = fmt.Sprintf("event %q: exit code %d", what, e.Exit)
	default:
		e.Err = hide.Text(fmt.Sprintf("event %q: %v", what, err))
	}
	return e
}

// tail keeps the end of what is written to it. exec writes from one goroutine
// when stdout and stderr are the same writer.
type tail struct {
	kept []byte
	cut  bool // there was more before
}

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailKept; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
	return len(b), nil
}

// String starts with a whole word: of a part of one it could not be told
// whether it is a secret's.
func (t *tail) String() string {
	kept := t.kept
	if t.cut {
		kept = kept[bytes.IndexAny(kept, " \n")+1:]
	}
	return string(bytes.ToValidUTF8(kept, []byte("�")))
}
