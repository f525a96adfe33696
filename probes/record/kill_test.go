package record

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// writeForever is what the child does until it is killed: it reserves names,
// says on stdout which op it starts, and writes trials.
func writeForever(dir string) {
	w, err := Create(dir, header())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for trial := 0; ; trial++ {
		for seq := uint64(0); seq < 40; seq++ {
			if seq%8 == 0 {
				if err := w.Reserve(Names{Trial: trial, Arm: "around", Cell: "all", From: seq, To: seq + 8}); err != nil {
					os.Exit(1)
				}
			}
			fmt.Println(trial, seq)
		}
		if err := w.Trial(smallTrial(trial)); err != nil {
			os.Exit(1)
		}
	}
}

const killDir = "RECORD_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

// TestAKilledRunKnowsEveryNameItHandedOut kills a writer at growing numbers of
// ops: each record opens, says that it is partial, and covers every op that
// was started by a name reserved before.
func TestAKilledRunKnowsEveryNameItHandedOut(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{1, 3, 8, 9, 39, 40, 41, 83, 200, 311} {
		dir := t.TempDir()
		started := killAfter(t, self, dir, after)
		r, err := Open(dir + "/" + header().Run)
		if err != nil {
			t.Fatalf("killed after %d ops: %v", after, err)
		}
		if !r.Partial() {
			t.Errorf("killed after %d ops: the record says that it is whole", after)
		}
		for _, op := range started {
			if !covered(r.LeftBehind(), op) {
				t.Errorf("killed after %d ops: op %v was started, and its name is not in the record", after, op)
			}
		}
	}
}

type startedOp struct {
	trial int
	seq   uint64
}

// killAfter starts the child, kills it once it has started so many ops, and
// returns all the ops that it said it had started.
func killAfter(t *testing.T, self, dir string, after int) []startedOp {
	t.Helper()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer guard.Stop()
	var started []startedOp
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var op startedOp
		if _, err := fmt.Sscan(lines.Text(), &op.trial, &op.seq); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		started = append(started, op)
		if len(started) == after {
			_ = cmd.Process.Kill() // SIGKILL
		}
	}
	_ = cmd.Wait()
	if len(started) < after {
		t.Fatalf("the child ended after %d ops, before it was killed at %d", len(started), after)
	}
	return started
}

func covered(names []Names, op startedOp) bool {
	for _, n := range names {
		if n.Trial == op.trial && n.From <= op.seq && op.seq < n.To {
			return true
		}
	}
	return false
}
