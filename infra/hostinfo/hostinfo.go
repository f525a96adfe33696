// Package hostinfo says what the machine is that offers the load: what goes
// into every record, so that two runs are compared knowing where they were
// made. It reads and never changes anything, and judges nothing: package
// doctor does.
//
// Memory is in bytes, processor limits in cores. What cannot be read stays
// empty; a record is never refused for want of it.
package hostinfo

import (
	"context"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"loadline/probes/record"
	"loadline/scenarios/unit"
)

// patience bounds the snapshot: some of the facts come from programs or files
// that may hang on a sick machine.
const patience = 2 * time.Second

// Snapshot is the machine as this process sees it: limits of the control
// group it runs in are beside the machine's own figures.
func Snapshot() record.Environment {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	root := os.DirFS("/")
	limits := CgroupLimits(root)
	e := record.Environment{
		OS:          system(ctx),
		Arch:        runtime.GOARCH,
		Cores:       runtime.NumCPU(),
		CPULimit:    limits.CPU,
		MemoryLimit: limits.Memory,
		OpenFiles:   OpenFiles(),
		Congestion:  Sysctl(root, "net.ipv4.tcp_congestion_control"),
		Virtual:     virtual(ctx),
		ClockSource: line(root, "sys/devices/system/clocksource/clocksource0/current_clocksource"),
	}
	e.Host, _ = os.Hostname()
	e.Kernel, _ = host.KernelVersionWithContext(ctx)
	if all, err := cpu.InfoWithContext(ctx); err == nil && len(all) > 0 {
		e.CPU = strings.Join(strings.Fields(all[0].ModelName), " ")
	}
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		e.Memory = unit.Bytes(m.Total)
	}
	if e.MemoryLimit >= e.Memory {
		e.MemoryLimit = 0
	}
	if e.CPULimit >= float64(e.Cores) {
		e.CPULimit = 0
	}
	return e
}

// system is the operating system with its distribution, such as "linux debian
// 12.5".
func system(ctx context.Context) string {
	platform, _, version, err := host.PlatformInformationWithContext(ctx)
	if err != nil {
		return runtime.GOOS
	}
	return strings.TrimSpace(strings.Join([]string{runtime.GOOS, platform, version}, " "))
}

// virtual is the virtual machine or container system that this machine is a
// guest of; empty if it is none, or not known.
func virtual(ctx context.Context) string {
	name, role, err := host.VirtualizationWithContext(ctx)
	if err != nil || role != "guest" {
		return ""
	}
	return name
}

// Sysctl is a kernel setting by its dotted name, empty if there is none of
// that name; words are separated by single spaces.
func Sysctl(root fs.FS, name string) string {
	return line(root, "proc/sys/"+strings.ReplaceAll(name, ".", "/"))
}

// line is the text of a small file with single spaces, empty if it cannot be
// read.
func line(root fs.FS, path string) string {
	b, err := fs.ReadFile(root, path)
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(b)), " ")
}
