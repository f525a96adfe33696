package hostinfo

import (
	"os"
	"runtime"
	"testing"
	"testing/fstest"

	"loadline/scenarios/unit"
)

func TestTheSnapshotKnowsThisMachine(t *testing.T) {
	e := Snapshot()
	if e.Cores != runtime.NumCPU() || e.Arch != runtime.GOARCH || e.OS == "" || e.Kernel == "" || e.Memory < 64*unit.MiB {
		t.Errorf("%+v", e)
	}
	if runtime.GOOS == "linux" && (e.OpenFiles == 0 || e.Congestion == "") {
		t.Errorf("open files %d, congestion %q: not read", e.OpenFiles, e.Congestion)
	}
	if e.CPULimit < 0 || e.MemoryLimit < 0 || e.MemoryLimit > e.Memory {
		t.Errorf("limits %v cores, %v of %v", e.CPULimit, e.MemoryLimit, e.Memory)
	}
}

func TestSysctlReadsByDottedName(t *testing.T) {
	root := fstest.MapFS{"proc/sys/net/ipv4/tcp_wmem": {Data: []byte("4096\t16384\t4194304\n")}}
	if got := Sysctl(root, "net.ipv4.tcp_wmem"); got != "4096 16384 4194304" {
		t.Errorf("got %q", got)
	}
	if got := Sysctl(root, "net.ipv4.none"); got != "" {
		t.Errorf("got %q for a setting that is not there", got)
	}
	if runtime.GOOS == "linux" && Sysctl(os.DirFS("/"), "kernel.ostype") != "Linux" {
		t.Error("kernel.ostype was not read from this machine")
	}
}

// files is a tree of small files.
func files(pairs ...string) fstest.MapFS {
	tree := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		tree[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1] + "\n")}
	}
	return tree
}

func TestTheLeastLimitOfAllLevelsCounts(t *testing.T) {
	for name, test := range map[string]struct {
		tree fstest.MapFS
		want Limits
	}{
		"version 2, parent is tighter": {
			files("proc/self/cgroup", "0::/kubepods/pod1/c1",
				"sys/fs/cgroup/kubepods/pod1/c1/cpu.max", "400000 100000",
				"sys/fs/cgroup/kubepods/pod1/cpu.max", "150000 100000",
				"sys/fs/cgroup/kubepods/pod1/c1/memory.max", "1073741824",
				"sys/fs/cgroup/kubepods/memory.max", "max"),
			Limits{CPU: 1.5, Memory: unit.GiB},
		},
		"version 2, in a namespace": {
			files("proc/self/cgroup", "0::/", "sys/fs/cgroup/cpu.max", "50000 100000", "sys/fs/cgroup/memory.max", "max"),
			Limits{CPU: 0.5},
		},
		"version 1": {
			files("proc/self/cgroup", "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/",
				"sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "200000",
				"sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000",
				"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "536870912"),
			Limits{CPU: 2, Memory: 512 * unit.MiB},
		},
		"version 1, the path is the host's and not mounted here": {
			files("proc/self/cgroup", "4:memory:/docker/abc", "sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912"),
			Limits{Memory: 512 * unit.MiB},
		},
		"no limits": {
			files("proc/self/cgroup", "4:memory:/\n2:cpu:/\n0::/",
				"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000",
				"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712"),
			Limits{},
		},
		"nothing to read":  {files(), Limits{}},
		"not understood":   {files("proc/self/cgroup", "what\n0::/", "sys/fs/cgroup/cpu.max", "lots 100000"), Limits{}},
		"hybrid hierarchy": {files("proc/self/cgroup", "0::/a", "sys/fs/cgroup/unified/a/cpu.max", "300000 100000"), Limits{CPU: 3}},
	} {
		if got := CgroupLimits(test.tree); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
