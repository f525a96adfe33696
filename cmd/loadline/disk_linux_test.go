package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/infra/lab/origin"
)

// TestAFullDiskEndsTheRunWithItsOwnCode has room for all, none for the record,
// and none for a report that goes elsewhere. That the disk fills up during a
// run is the engine's own test.
func TestAFullDiskEndsTheRunWithItsOwnCode(t *testing.T) {
	for _, c := range []struct {
		name string
		free string // where there is room
		code int
	}{
		{"room for all", "runs reports", exitOK},
		{"none for the record", "reports", exitNotKept},
		{"none for the report", "runs", exitNotKept},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := quick(t)
			x := newTarget(t, dir, origin.Options{})
			for _, disk := range []string{"runs", "reports"} {
				mount(t, filepath.Join(dir, disk))
				if !strings.Contains(c.free, disk) {
					fill(t, filepath.Join(dir, disk, "fill"))
				}
			}
			e := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs", "-o", "text", "-o", "json=reports/out.json")
			if e.code != c.code {
				t.Errorf("exit code %d, want %d\n%s%s", e.code, c.code, e.stdout, e.stderr)
			}
			if c.code == exitNotKept && !strings.Contains(e.stderr, "no space left on device") {
				t.Errorf("the cause is not named: %s", e.stderr)
			}
			if strings.Contains(c.free, "reports") {
				text, err := os.ReadFile(filepath.Join(dir, "reports", "out.json"))
				if want := fmt.Sprintf(`"exit_code": %d`, c.code); err != nil || !strings.Contains(string(text), want) {
					t.Errorf("the document does not say %s: %s (%v)", want, text, err)
				}
			}
			if n := x.stored(); n > 0 {
				t.Errorf("%d objects were left on the target", n)
			}
			if !strings.Contains(c.free, "runs") {
				return
			}
			if _, kept := theRun(t, filepath.Join(dir, "runs")); len(kept.Trials) == 0 || kept.End == nil {
				t.Error("what was measured is not kept")
			}
			if !strings.Contains(e.stdout, "PASS") && !strings.Contains(e.stdout, "IMPROVED") {
				t.Errorf("the verdict is not told: %s", e.stdout)
			}
		})
	}
}

// mount makes a disk of 8 MiB, for which it takes root.
func mount(t *testing.T, at string) {
	t.Helper()
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, "size=8m"); err != nil {
		if os.Getenv("CI") != "" && os.Geteuid() == 0 {
			t.Fatalf("mount: %v", err)
		}
		t.Skipf("a disk that can be filled needs root: %v", err)
	}
	t.Cleanup(func() {
		for range 50 {
			if syscall.Unmount(at, 0) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		syscall.Unmount(at, syscall.MNT_DETACH)
	})
}

// fill writes a file until its disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 64 << 10, 4 << 10} {
		for block := make([]byte, size); ; {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
