package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/disk"

	"loadline/scenarios/unit"
)

// A long run with raw observations leaves some hundred megabytes.
const (
	leastDisk  = 64 * unit.MiB
	enoughDisk = unit.GiB
)

// recordDirectory asks whether records can be kept there: whether it can be
// written to, how much room there is, and how long the disk takes to say that
// a line is safe, which happens after every trial.
func recordDirectory(ctx context.Context, m Machine) Result {
	dir := existing(m.Out)
	usage, err := disk.UsageWithContext(ctx, dir)
	if err != nil {
		return Result{"", Fail, fmt.Sprintf("%s: %v", dir, err), "records could not be kept there", "use --out DIR"}
	}
	free := unit.Bytes(usage.Free)
	found := fmt.Sprintf("%s: %s free", dir, free)
	took, err := writeSafely(dir)
	switch {
	case err != nil:
		return Result{"", Fail, err.Error(), "records could not be kept there, and a run would end with exit code 22", "use --out DIR"}
	case free < leastDisk:
		return Result{"", Fail, found, "the record of a run may not fit", "df -h " + dir}
	case free < enoughDisk:
		return Result{"", Warn, found, "the records of long runs, or raw observations, may not fit", "df -h " + dir}
	case took > 250*time.Millisecond:
		return Result{"", Warn, fmt.Sprintf("%s, %v until a write is safe", found, took.Round(time.Millisecond)), "each trial ends with such a wait", "use --out DIR on a local disk"}
	}
	return fine("%s, %v until a write is safe", found, took.Round(10*time.Microsecond))
}

// existing is the directory itself, or the nearest one above it that exists.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return dir
		}
		dir = parent
	}
}

// writeSafely writes a small file, waits until it is on the disk, removes it,
// and says how long that took.
func writeSafely(dir string) (time.Duration, error) {
	before := time.Now()
	f, err := os.CreateTemp(dir, ".loadline-doctor-*")
	if err != nil {
		return 0, err
	}
	_, werr := f.Write(make([]byte, 4096))
	err = errors.Join(werr, f.Sync(), f.Close())
	return time.Since(before), errors.Join(err, os.Remove(f.Name()))
}

// program asks for a real balancer, which only the lab needs.
func program(name string) func(context.Context, Machine) Result {
	return func(_ context.Context, m Machine) Result {
		path, err := m.LookPath(name)
		if err != nil {
			return Result{"", Warn, "not installed", "the lab cannot start a real " + name + ", and the tests that need it are skipped; demo and run do not need it", "apt-get install " + name}
		}
		return fine("%s", path)
	}
}
