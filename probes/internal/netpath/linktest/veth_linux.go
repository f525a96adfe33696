package linktest

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
)

// Veth makes a Link of a kernel veth pair. A rate above 0, bytes per second,
// limits each direction with a token bucket (tc tbf) whose queue holds 100 ms.
func Veth(t testing.TB, rate int64) *Link {
	t.Helper()
	need(t, "ip", "tc")
	l := newLink(t)
	// Segmentation offload would pass the token bucket 64 KiB at a time.
	l.near.must(t, func() error {
		other := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), l.far.file.Fd())
		return command("ip", "link", "add", "veth", "gso_max_segs", "1", "type", "veth", "peer", "name", "veth", "netns", other)
	})
	for side, addr := range map[*namespace]netip.Addr{l.near: NearAddr, l.far: FarAddr} {
		side.must(t, func() error { return setAddr("veth", addr) })
		if rate > 0 {
			side.must(t, func() error {
				return command("tc", "qdisc", "add", "dev", "veth", "root", "tbf",
					"rate", fmt.Sprintf("%dbit", rate*8), "burst", "16kb", "latency", "100ms")
			})
		}
	}
	return l
}
