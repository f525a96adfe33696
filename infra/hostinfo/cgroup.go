package hostinfo

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"

	"loadline/scenarios/unit"
)

// Limits are what the control groups of this process allow it; 0 is no limit.
type Limits struct {
	CPU    float64 // cores
	Memory unit.Bytes
}

// CgroupLimits reads the limits of this process's control groups, of version 1
// and 2, from /proc and /sys under root. A limit of a parent binds its
// children, so the least of all levels counts.
func CgroupLimits(root fs.FS) Limits {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return Limits{}
	}
	cores, memory := math.Inf(1), math.Inf(1)
	for _, group := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		parts := strings.SplitN(group, ":", 3)
		if len(parts) != 3 {
			continue
		}
		for _, dir := range levels(parts[1], parts[2]) {
			cores = min(cores, cpuLimit(root, dir))
			memory = min(memory, memoryLimit(root, dir))
		}
	}
	var l Limits
	if !math.IsInf(cores, 1) {
		l.CPU = cores
	}
	// Version 1 says "no limit" with the largest number of pages there is.
	if memory < 1<<62 {
		l.Memory = unit.Bytes(memory)
	}
	return l
}

// levels are the directories of a group and of its parents. A process in a
// container may be told the path on the host, which is not mounted in the
// container: reading the levels that are there still finds the container's own
// limit at the mount itself.
func levels(controllers, group string) []string {
	mounts := []string{"sys/fs/cgroup/" + controllers}
	if controllers == "" {
		mounts = []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}
	}
	var dirs []string
	for _, mount := range mounts {
		for at := path.Clean("/" + group); ; at = path.Dir(at) {
			dirs = append(dirs, path.Join(mount, at))
			if at == "/" {
				break
			}
		}
	}
	return dirs
}

// cpuLimit is the limit of one group in cores, +Inf for none.
func cpuLimit(root fs.FS, dir string) float64 {
	quota, period := line(root, dir+"/cpu.cfs_quota_us"), line(root, dir+"/cpu.cfs_period_us")
	if both := strings.Fields(line(root, dir+"/cpu.max")); len(both) == 2 {
		quota, period = both[0], both[1]
	}
	q, err1 := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 {
		return math.Inf(1)
	}
	return q / p
}

// memoryLimit is the limit of one group in bytes, +Inf for none.
func memoryLimit(root fs.FS, dir string) float64 {
	for _, name := range []string{"/memory.max", "/memory.limit_in_bytes"} {
		if n, err := strconv.ParseFloat(line(root, dir+name), 64); err == nil && n > 0 {
			return n
		}
	}
	return math.Inf(1)
}
