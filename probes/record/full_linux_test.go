package record

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"loadline/probes"
)

// smallDisk is a file system of its own of that many bytes; making one takes
// the right to mount.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small file system to fill up: mount: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestADiskWithoutRoomIsFoundAtTheStart(t *testing.T) {
	dir := smallDisk(t, "1m")
	_, err := Create(dir, header())
	var notKept *ErrNotKept
	if !errors.As(err, &notKept) || !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(notKept.Path, dir) {
		t.Errorf("got %v, want ErrNotKept for no space", err)
	}
}

// TestADiskThatFillsUpLeavesAReadableRecord fills the disk during a run: what
// was written stays, and the end line fits.
func TestADiskThatFillsUpLeavesAReadableRecord(t *testing.T) {
	w, err := Create(smallDisk(t, "8m"), header())
	if err != nil {
		t.Fatal(err)
	}
	trial := smallTrial(0)
	trial.Failures = []Failure{{Outcome: probes.Reset, Message: strings.Repeat("x", 300<<10)}}
	written := 0
	for ; written < 100; written++ {
		trial.Index = written
		if err = w.Trial(trial); err != nil {
			break
		}
	}
	var notKept *ErrNotKept
	if !errors.As(err, &notKept) || written == 0 {
		t.Fatalf("after %d trials: %v, want ErrNotKept after some", written, err)
	}
	if err := errors.Join(w.Removed(Names{To: 10}), w.End(End{Status: "failed", Why: err.Error()}), w.Close()); err != nil {
		t.Fatalf("the end did not fit on the full disk: %v", err)
	}
	r, err := Open(w.Path())
	if err != nil || len(r.Damage) > 0 || r.Partial() || len(r.Trials) != written {
		t.Errorf("%v, damage %q, partial %v, %d trials; want %d whole ones and an end", err, r.Damage, r.Partial(), len(r.Trials), written)
	}
}

func TestAReadOnlyPlaceIsNotKept(t *testing.T) {
	dir := smallDisk(t, "8m")
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("remount: %v", err)
	}
	var notKept *ErrNotKept
	if _, err := Create(dir, header()); !errors.As(err, &notKept) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want ErrNotKept for a read-only file system", err)
	}
}

func TestSpaceThatWasTakenAheadIsGivenBack(t *testing.T) {
	w, _ := create(t)
	if err := errors.Join(w.Trial(smallTrial(0)), w.Close()); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(w.Path(), &st); err != nil {
		t.Fatal(err)
	}
	if held := st.Blocks * 512; held > st.Size+64<<10 {
		t.Errorf("%d bytes on the disk for a file of %d", held, st.Size)
	}
}

// limitSize makes this process unable to write files past n bytes: the way to
// meet a failing write without any rights.
const fullEnv = "RECORD_TEST_FULL_DIR"

func TestAWriteThatFailsIsTakenBack(t *testing.T) {
	if dir := os.Getenv(fullEnv); dir != "" {
		writeToTheLimit(t, dir)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(self, "-test.run=^TestAWriteThatFailsIsTakenBack$")
	cmd.Env = append(os.Environ(), fullEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, header().Run, FileName))
	if err != nil || !bytes.HasSuffix(text, []byte("\n")) {
		t.Errorf("%v: the record ends in the middle of a line", err)
	}
	if r, err := Read(bytes.NewReader(text)); err != nil || len(r.Trials) == 0 || len(r.Damage) > 0 {
		t.Errorf("%v, %d trials, damage %q", err, len(r.Trials), r.Damage)
	}
}

func writeToTheLimit(t *testing.T, dir string) {
	w, err := Create(dir, header())
	if err != nil {
		t.Fatal(err)
	}
	limit := unix.Rlimit{Cur: 40 << 10, Max: 40 << 10}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	var notKept *ErrNotKept
	for i := range 100 {
		if err := w.Trial(smallTrial(i)); err != nil {
			if !errors.As(err, &notKept) {
				t.Errorf("%v, want ErrNotKept", err)
			}
			return
		}
	}
	t.Error("a hundred trials fitted in 40 kB")
}
