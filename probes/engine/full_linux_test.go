package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
)

// TestADiskThatFillsUpEndsTheRun writes a real record to a disk that someone
// else fills while the run goes on.
func TestADiskThatFillsUpEndsTheRun(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("no small file system to fill up: mount: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	m := newMemory(100, map[string]*way{"r": {latency: 200 * time.Microsecond}, "c": {latency: 200 * time.Microsecond}})
	p := m.plan(closed(8, 0, 20*time.Millisecond, time.Second), 1000)
	header := engine.NewHeader(p, "full", record.Tool{}, record.Environment{}, time.Now())
	w, err := record.Create(dir, header)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	run, err := m.run(t, p, func(o *engine.Options) {
		o.Header, o.Writer = header, w
		o.Watch = func(e engine.Event) {
			if e.Kind == engine.BlockEnded {
				if blocks++; blocks == 2 {
					_ = os.WriteFile(filepath.Join(dir, "someone-elses"), make([]byte, 8<<20), 0o600)
				}
			}
		}
	})
	var full *record.ErrNotKept
	if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error %v, want that the record could not be kept", err)
	}
	if len(run.Trials) < 4 || run.End.Status != "failed" || !strings.Contains(run.End.Why, "could not be kept") {
		t.Errorf("%d trials, end %+v: want what was measured, and why it ended", len(run.Trials), run.End)
	}
	if len(m.stored) != 0 {
		t.Errorf("%d objects left on the target", len(m.stored))
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	kept, err := record.Open(w.Path())
	if err != nil || kept.Partial() || len(kept.Trials) < 4 || kept.Trials[0].Ops[probes.OK] == 0 {
		t.Errorf("the record on the full disk: error %v, %d trials, end %+v", err, len(kept.Trials), kept.End)
	}
}
