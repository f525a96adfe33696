package tcp_test

import (
	"context"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/tcp"
	"loadline/scenarios/unit"
)

// BenchmarkOp is one op against a peer in the same process, so that the
// peer's work counts too: MB/s of a bandwidth op is what both ends can do
// together, each comparing or making every byte.
func BenchmarkOp(b *testing.B) {
	for _, c := range []struct {
		name, work string
		size       unit.Bytes
	}{
		{"connect", connectWork, 0}, {"echo", echoWork, 64},
		{"upload", "kind: net.tcp\nmode: upload\nsize: 256MiB\n", 256 * unit.MiB},
		{"download", "kind: net.tcp\nmode: download\nsize: 256MiB\n", 256 * unit.MiB},
	} {
		b.Run(c.name, func(b *testing.B) {
			bench := probetest.Open(b, tcp.Probe{}, c.work, clear(b))
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				if o := bench.Do(context.Background(), bench.Op(0)); o.Outcome != probes.OK {
					b.Fatal(o.Err)
				}
			}
		})
	}
}
