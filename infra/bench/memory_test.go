//go:build linux

package bench

import (
	"fmt"
	"testing"

	"loadline/infra/lab/origin"
	"loadline/scenarios/unit"
)

// TestMemory moves 8 GiB each way, in one body and in sixteen at a time, and
// looks at the most memory that the client's process ever had.
func TestMemory(t *testing.T) {
	wanted(t)
	for _, direction := range []string{"download", "upload"} {
		for _, l := range links {
			for _, streams := range []int{1, 16} {
				t.Run(fmt.Sprintf("%s %s %d", direction, l.name, streams), func(t *testing.T) {
					store, path := origin.Disk, "/files/{name}"
					if direction == "upload" {
						store, path = origin.Sink, "/sink/{name}"
					}
					at, _ := startOrigin(t, store, l.tls)
					size := 8 * unit.GiB / unit.Bytes(streams)
					ours := start(t, "transfer", clientSpec{
						Work:   fmt.Sprintf("kind: http.transfer\ndirection: %s\nsize: %dB\npath: %s\n", direction, size, path),
						Target: l.reach(at), Streams: streams,
					}, new(client))
					var m moved
					ours.turn(t, &m)
					limit := 64*unit.MiB + unit.Bytes(streams)*2*unit.MiB
					report(t, figure{
						what:   fmt.Sprintf("peak memory, %s, %s, %d × %v", direction, l.name, streams, size),
						ours:   fmt.Sprintf("%.1f MiB", float64(m.Peak)/float64(unit.MiB)),
						target: fmt.Sprintf("≤ %v", limit), reached: m.Peak <= int64(limit),
					})
				})
			}
		}
	}
}
