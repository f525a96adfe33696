package main

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"loadline/infra/lab/fault"
	"loadline/infra/lab/origin"
)

// TestMain lets the test binary be loadline itself, wherever a test starts it.
func TestMain(m *testing.M) {
	testscript.Main(patient{m}, map[string]func(){"loadline": main})
}

// patient runs more tests at a time than there are cores: most of their time
// they wait for timeouts, distances and signals.
type patient struct{ *testing.M }

func (p patient) Run() int {
	flag.Parse()
	if runtime.GOMAXPROCS(0) < 4 {
		flag.Set("test.parallel", "4")
	}
	return p.M.Run()
}

// TestScripts plays testdata/script: command lines as users type them, against
// a service of their own each. AROUND and THROUGH lead to it, CA is the
// authority to trust, STORE its origin, and quick.yaml a scenario for it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("LOADLINE_UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			x := newTarget(e.T().(testing.TB), e.WorkDir, origin.Options{})
			for name, value := range x.env {
				e.Setenv(name, value)
			}
			e.Values[targetKey{}] = x
			quick, err := os.ReadFile("testdata/quick.yaml")
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "quick.yaml"), quick, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"plant":  plantFault,
			"heal":   heal,
			"stored": storedNow,
			"awaits": awaitStored,
			"run-of": runOf,

			"put":          put,
			"cut-record":   cutRecord,
			"no-file-says": noFileSays,
		},
	})
}

type targetKey struct{}

func targetOf(ts *testscript.TestScript) *target { return ts.Value(targetKey{}).(*target) }

// exits runs a command that must end with an exit code: exits CODE COMMAND...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	code := 0
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// plantFault puts a fault into the balancer: plant KIND key=value...
func plantFault(ts *testscript.TestScript, _ bool, args []string) {
	f, err := fault.Parse(strings.Join(args, " "))
	ts.Check(err)
	ts.Check(targetOf(ts).front.Faults().Inject(f))
}

// heal takes all faults out of the balancer.
func heal(ts *testscript.TestScript, _ bool, _ []string) { targetOf(ts).front.Faults().Heal() }

// storedNow holds the number of objects on the origin: stored N.
func storedNow(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if n := targetOf(ts).stored(); (n == want) == neg {
		ts.Fatalf("the origin holds %d objects", n)
	}
}

// awaitStored waits until the origin holds so many objects at least: awaits N.
func awaitStored(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range 1000 {
		if targetOf(ts).stored() >= want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("the origin holds %d objects after 20 s, want %d", targetOf(ts).stored(), want)
}

// runOf sets RUN to the path of the one run below a directory, and ID to its
// name: run-of DIR.
func runOf(ts *testscript.TestScript, _ bool, args []string) {
	runs, err := filepath.Glob(ts.MkAbs(filepath.Join(args[0], "*", "record.ndjson")))
	ts.Check(err)
	if len(runs) != 1 {
		ts.Fatalf("%d runs below %s, want 1", len(runs), args[0])
	}
	ts.Setenv("RUN", filepath.Dir(runs[0]))
	ts.Setenv("ID", filepath.Base(filepath.Dir(runs[0])))
}

// put stores an object that is no run's: put NAME.
func put(ts *testscript.TestScript, _ bool, args []string) { ts.Check(targetOf(ts).put(args[0])) }

// cutRecord ends a record in the middle of a line, as a crash does: the header
// and N finished trials stay: cut-record RUN N.
func cutRecord(ts *testscript.TestScript, _ bool, args []string) {
	keep, err := strconv.Atoi(args[1])
	ts.Check(err)
	file := filepath.Join(ts.MkAbs(args[0]), "record.ndjson")
	text, err := os.ReadFile(file)
	ts.Check(err)
	trials, size := 0, 0
	for line := range bytes.Lines(text) {
		if bytes.Contains(line[:min(len(line), 40)], []byte(`"type":"trial"`)) {
			if trials++; trials > keep {
				size += len(line) / 2
				break
			}
		}
		size += len(line)
	}
	if trials <= keep {
		ts.Fatalf("%s has only %d trials", file, trials)
	}
	ts.Check(os.WriteFile(file, text[:size], 0o600))
}

// noFileSays fails if any file below the script's directory holds a text.
func noFileSays(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(args[0])) {
			ts.Fatalf("%s says %q", path, args[0])
		}
		return err
	}))
}
