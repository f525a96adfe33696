package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"loadline/infra/lab/origin"
)

var escape = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{}, "refuse on=upload status=500")
	if e := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs"); e.code != 10 || escape.MatchString(e.stdout+e.stderr) {
		t.Errorf("exit code %d, colours in a pipe: %q", e.code, e.stdout)
	}
	path, _ := theRun(t, dir+"/runs")
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		{map[string]string{"TERM": "dumb", "NO_COLOR": ""}, false},
	} {
		shown := onTerminal(t, dir, c.env, "report", path)
		if !strings.Contains(shown, "REGRESSED") || escape.MatchString(shown) != c.want {
			t.Errorf("%v: want colours %t, got %q", c.env, c.want, shown)
		}
	}
	if e := loadline(t, dir, map[string]string{"TERM": "xterm"}, time.Minute, "report", path, "-o", "text=out.txt"); e.code != 10 {
		t.Errorf("exit code %d: %s", e.code, e.stderr)
	}
	if text, err := os.ReadFile(dir + "/out.txt"); err != nil || escape.Match(text) {
		t.Errorf("colours in a file: %q, %v", text, err)
	}
}

func TestProgressOnATerminalIsABarWithRateShareAndETA(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	env := map[string]string{"TERM": "xterm"}
	for name, value := range x.env {
		env[name] = value
	}
	shown := onTerminal(t, dir, env, "run", "quick.yaml", "--out", "runs", "--set", "load.measure=700ms", "--set", "design.max_duration=2m")
	for _, want := range []string{`block [1-7]/7 trial \d+/14 (around|through)`, `\d+(\.\d+)? [kM]B/s`, `\d+ ?%`, `ETA \d+`} {
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("the bar never showed %q:\n%q", want, shown)
		}
	}
}

// onTerminal runs a command line on a terminal of 200 columns and gives what
// the terminal got.
func onTerminal(t *testing.T, dir string, env map[string]string, args ...string) string {
	t.Helper()
	ours, theirs := terminal(t)
	c, _, _ := command(t.Context(), dir, env, args...)
	c.Stdin, c.Stdout, c.Stderr = theirs, theirs, theirs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	shown, _ := io.ReadAll(ours) // ends with EIO when the last user of the terminal is gone
	c.Wait()
	return string(shown)
}

// terminal opens both ends of a pseudo-terminal.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { ours.Close() })
	fd := int(ours.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200})
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
