//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Names of the variables by which the test binary starts itself again.
const (
	roleVariable = "LOADLINE_BENCH_ROLE"
	specVariable = "LOADLINE_BENCH_SPEC"
)

// worker is what a child process does: it greets when it is ready, and does
// one turn of its work for each line on stdin, until stdin ends.
type worker struct {
	greeting any
	turn     func() (any, error)
	end      func()
}

// roles are the workers that the test binary can become.
var roles = map[string]func(spec []byte) (worker, error){
	"origin":   becomeOrigin,
	"transfer": becomeTransfer,
	"judge":    becomeJudge,
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := work(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	printFigures(os.Stdout)
	os.Exit(code)
}

func work(role string) error {
	become, ok := roles[role]
	if !ok {
		return fmt.Errorf("no role %q", role)
	}
	w, err := become([]byte(os.Getenv(specVariable)))
	if err != nil {
		return fmt.Errorf("%s: %w", role, err)
	}
	defer w.end()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(w.greeting); err != nil {
		return err
	}
	for in := bufio.NewReader(os.Stdin); ; {
		if _, err := in.ReadString('\n'); err != nil {
			return nil
		}
		said, err := w.turn()
		if err != nil {
			return fmt.Errorf("%s: %w", role, err)
		}
		if err := out.Encode(said); err != nil {
			return err
		}
	}
}

// child is a worker in a process of its own.
type child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
	errors bytes.Buffer
}

// start makes the test binary a worker, which ends with the test.
func start(t *testing.T, role string, spec, greeting any, env ...string) *child {
	t.Helper()
	text, err := json.Marshal(spec)
	must(t, err)
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(append(os.Environ(), roleVariable+"="+role, specVariable+"="+string(text)), env...)
	c.cmd.Stderr = &c.errors
	c.in, err = c.cmd.StdinPipe()
	must(t, err)
	out, err := c.cmd.StdoutPipe()
	must(t, err)
	must(t, c.cmd.Start())
	t.Cleanup(c.stop)
	c.out = json.NewDecoder(out)
	c.hear(t, greeting)
	return c
}

// turn lets the worker do one turn and reads what it says of it.
func (c *child) turn(t *testing.T, said any) {
	t.Helper()
	_, err := io.WriteString(c.in, "\n")
	must(t, err)
	c.hear(t, said)
}

func (c *child) hear(t *testing.T, said any) {
	t.Helper()
	if err := c.out.Decode(said); err != nil {
		c.stop()
		t.Fatalf("child %s: %v\n%s", c.cmd.Env[len(c.cmd.Env)-1], err, c.errors.String())
	}
}

func (c *child) stop() {
	c.in.Close()
	ended := make(chan struct{})
	go func() { _ = c.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = c.cmd.Process.Kill()
		<-ended
	}
}

// spent is the user and system time of this process.
func spent() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peakMemory is the most memory this process has had, in bytes. It is not the
// Maxrss of getrusage, which begins with what the parent had at the fork.
func peakMemory() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmHWM")
}

// program measures one run of another program: what it wrote, and the time
// that its own process was charged.
func program(t *testing.T, name string, args ...string) (out []byte, cpu time.Duration) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// look finds a program, or skips the test with a clear line.
func look(t *testing.T, name string) string {
	t.Helper()
	for _, at := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(at); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed: nothing to measure beside (apt-get install %s)", name, name)
	return ""
}

// wanted skips a benchmark that was not asked for.
func wanted(t *testing.T) {
	t.Helper()
	if os.Getenv("LOADLINE_BENCH") == "" {
		t.Skip("LOADLINE_BENCH is not set (make bench sets it)")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
