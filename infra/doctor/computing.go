package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"loadline/infra/hostinfo"
	"loadline/scenarios/unit"
)

// processor asks whether there is enough of it, and whether the scheduler
// believes in more than the control group allows: then every burst is followed
// by a pause that looks like a slow target.
func processor(_ context.Context, m Machine) Result {
	cores, limit, procs := runtime.NumCPU(), hostinfo.CgroupLimits(m.Root).CPU, runtime.GOMAXPROCS(0)
	found := fmt.Sprintf("%d cores", cores)
	if limit > 0 {
		found += fmt.Sprintf(", limited to %.3g", limit)
	}
	switch {
	case limit > 0 && float64(procs) > limit+1:
		return Result{"", Warn, found, fmt.Sprintf("%d threads would share %.3g cores and be paused by the limit in the middle of a measurement", procs, limit),
			fmt.Sprintf("export GOMAXPROCS=%d", max(1, int(limit)))}
	case cores < 2 || limit > 0 && limit < 2:
		return Result{"", Warn, found, "one core is soon the bottleneck itself, which makes a run INVALID", "run on a machine with 2 cores or more, or raise the limit"}
	}
	return fine("%s", found)
}

// load asks whether the machine is already at work for others.
func load(_ context.Context, m Machine) Result {
	words := strings.Fields(text(m.Root, "proc/loadavg"))
	if len(words) == 0 {
		return unknown("the load")
	}
	average, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		return unknown("the load")
	}
	cores := float64(runtime.NumCPU())
	found := fmt.Sprintf("%.1f of %.0f cores in the last minute", average, cores)
	if average > cores/2 {
		return Result{"", Warn, found, "others use this machine: more blocks are needed to see the same difference", "uptime; top -o %CPU"}
	}
	return fine("%s", found)
}

// enoughMemory is what a run of many streams takes with room to spare.
const enoughMemory = 512 * unit.MiB

func memory(_ context.Context, m Machine) Result {
	available, ok := memAvailable(m.Root)
	if !ok {
		return unknown("the free memory")
	}
	if limit := hostinfo.CgroupLimits(m.Root).Memory; limit > 0 && limit < available {
		available = limit
	}
	if available < enoughMemory {
		return Result{"", Warn, available.String() + " available", "a run of many streams takes 64 MiB and 2 MiB for each stream; the kernel's socket buffers come on top", "free -m; ps aux --sort=-rss | head"}
	}
	return fine("%s available", available)
}

func memAvailable(root fs.FS) (unit.Bytes, bool) {
	for _, line := range strings.Split(text(root, "proc/meminfo"), "\n") {
		var kib int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			return unit.Bytes(kib) * unit.KiB, true
		}
	}
	return 0, false
}

// steadyClocks are sources that are read without leaving the processor.
var steadyClocks = []string{"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "xen", "timebase", "riscv_clocksource"}

// clock asks whether time goes evenly: what a slow clock source costs is
// counted into every latency, and a wall clock that is being set makes a run
// INVALID.
func clock(ctx context.Context, m Machine) Result {
	source := strings.TrimSpace(text(m.Root, "sys/devices/system/clocksource/clocksource0/current_clocksource"))
	before := time.Now()
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
	after := time.Now()
	// Without their monotonic part, times are those of the wall clock.
	step := after.Round(0).Sub(before.Round(0)) - after.Sub(before)
	switch {
	case step.Abs() > 5*time.Millisecond:
		return Result{"", Fail, fmt.Sprintf("the wall clock moved by %v in 200 ms", step), "the time is being set: records could not be put in order", "timedatectl; chronyc tracking"}
	case source != "" && !slices.Contains(steadyClocks, source):
		return Result{"", Warn, "clock source " + source, "reading it takes a microsecond or more, which every latency pays for", "cat /sys/devices/system/clocksource/clocksource0/available_clocksource"}
	case source == "":
		return fine("steady")
	}
	return fine("steady, source %s", source)
}

// timers asks how late this machine wakes a sleeper: an op cannot start more
// punctually than that.
func timers(ctx context.Context, _ Machine) Result {
	const nap, naps = 2 * time.Millisecond, 100
	late := make([]time.Duration, 0, naps)
	for len(late) == 0 || len(late) < naps && ctx.Err() == nil {
		before := time.Now()
		time.Sleep(nap)
		late = append(late, time.Since(before)-nap)
	}
	slices.Sort(late)
	typical, worst := late[len(late)/2], late[len(late)-1]
	found := fmt.Sprintf("wakes %v late, at worst %v", typical.Round(time.Microsecond), worst.Round(time.Microsecond))
	if typical > 2*time.Millisecond || worst > 50*time.Millisecond {
		return Result{"", Warn, found, "starts would be late by as much, and response times count from when they were due", "stop other work on this machine, or give it cores of its own"}
	}
	return fine("%s", found)
}

// text is a small file as it is, empty if it cannot be read.
func text(root fs.FS, path string) string {
	b, err := fs.ReadFile(root, path)
	if err != nil {
		return ""
	}
	return string(b)
}
