package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"loadline/infra/hostinfo"
	"loadline/scenarios/unit"
)

// The numbers below which a storm or a wide transfer runs into the machine's
// own limits.
const (
	leastFiles = 4096
	leastPorts = 10_000
	// leastBuffer carries 1 Gbit/s over a round trip of 32 ms.
	leastBuffer = 4 * unit.MiB
)

func openFiles(context.Context, Machine) Result {
	switch n := hostinfo.OpenFiles(); {
	case n == 0:
		return unknown("the limit of open files")
	case n < 256:
		return Result{"", Fail, fmt.Sprint(n), "each connection is an open file; this is not enough for a run", "ulimit -n 65536"}
	case n < leastFiles:
		return Result{"", Warn, fmt.Sprint(n), "each connection is an open file: a run of many in flight would fail with \"too many open files\"", "ulimit -n 65536"}
	default:
		return fine("%d", n)
	}
}

// localPorts asks how many connections may be open to one address, those that
// linger for a minute after their end included.
func localPorts(_ context.Context, m Machine) Result {
	var low, high int
	if n, _ := fmt.Sscan(hostinfo.Sysctl(m.Root, "net.ipv4.ip_local_port_range"), &low, &high); n != 2 {
		return unknown("the range of local ports")
	}
	ports := high - low + 1
	found := fmt.Sprintf("%d (%d to %d)", ports, low, high)
	if ports < leastPorts {
		return Result{"", Warn, found, fmt.Sprintf("with a fresh connection for each op, more than %d a second to one address run out of them", ports/60),
			`sysctl -w net.ipv4.ip_local_port_range="15000 65000"`}
	}
	return fine("%s", found)
}

// socketBuffers asks how much may be on its way on one connection: rate times
// round trip cannot be more.
func socketBuffers(_ context.Context, m Machine) Result {
	var found []string
	least := unit.Bytes(0)
	for _, name := range []string{"net.ipv4.tcp_wmem", "net.ipv4.tcp_rmem"} {
		var low, initial, most int64
		if n, _ := fmt.Sscan(hostinfo.Sysctl(m.Root, name), &low, &initial, &most); n != 3 {
			return unknown("the limits of socket buffers")
		}
		found = append(found, fmt.Sprintf("%s up to %s", strings.TrimPrefix(name, "net.ipv4."), unit.Bytes(most)))
		if least == 0 || unit.Bytes(most) < least {
			least = unit.Bytes(most)
		}
	}
	if least < leastBuffer {
		rate := float64(least) / 0.01
		return Result{"", Warn, strings.Join(found, ", "), fmt.Sprintf("over a round trip of 10 ms one connection cannot do more than %.0f MB/s, whatever the path", rate/float64(unit.MB)),
			`sysctl -w net.ipv4.tcp_wmem="4096 65536 16777216" net.ipv4.tcp_rmem="4096 131072 16777216"`}
	}
	return fine("%s", strings.Join(found, ", "))
}

func congestion(_ context.Context, m Machine) Result {
	current := hostinfo.Sysctl(m.Root, "net.ipv4.tcp_congestion_control")
	available := strings.Fields(hostinfo.Sysctl(m.Root, "net.ipv4.tcp_available_congestion_control"))
	if current == "" {
		return unknown("the congestion control")
	}
	found := fmt.Sprintf("%s (available: %s)", current, strings.Join(available, ", "))
	for _, wanted := range m.Congestion {
		if !slices.Contains(available, wanted) {
			return Result{"", Fail, found, fmt.Sprintf("an arm asks for %s, which this kernel does not have loaded", wanted), "modprobe tcp_" + wanted}
		}
	}
	return fine("%s", found)
}

// names asks whether the targets' names resolve, and how long it takes: with a
// fresh connection for each op, every op waits for it.
func names(ctx context.Context, m Machine) Result {
	var slowest time.Duration
	var found []string
	for _, host := range m.Hosts {
		before := time.Now()
		addresses, err := m.Resolve(ctx, host)
		if took := time.Since(before); took > slowest {
			slowest = took
		}
		if err != nil {
			return Result{"", Fail, fmt.Sprintf("%s: %v", host, err), "the target's name does not resolve from here", "getent hosts " + host}
		}
		found = append(found, fmt.Sprintf("%s is %s", host, strings.Join(addresses, ", ")))
	}
	text := fmt.Sprintf("%s (%v)", strings.Join(found, "; "), slowest.Round(10*time.Microsecond))
	if slowest > 100*time.Millisecond {
		return Result{"", Warn, text, "looking up a name takes longer than many an answer; it is done once per trial unless target.resolve is each", "cat /etc/resolv.conf"}
	}
	return fine("%s", text)
}

// proxies asks for variables that other tools obey and loadline ignores.
func proxies(_ context.Context, m Machine) Result {
	var set []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		if m.Environ(name) != "" || m.Environ(strings.ToLower(name)) != "" {
			set = append(set, name)
		}
	}
	if len(set) > 0 {
		return Result{"", Warn, strings.Join(set, ", ") + " set", "they are ignored, so that it is known what is measured; if the target is only reached through a proxy, no arm will answer", "set target.proxy in the scenario"}
	}
	return fine("none")
}
