package transfer_test

import (
	"testing"

	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

const (
	uploadWork   = "kind: http.transfer\ndirection: upload\nsize: 300KiB\npath: /files/{name}\n"
	downloadWork = "kind: http.transfer\ndirection: download\nsize: 300KiB\npath: /files/{name}\n"
)

func TestConformance(t *testing.T) {
	healthy := func(t *testing.T) scenarios.Target { return newOrigin(t, flavour{}).target(t) }
	for name, work := range map[string]string{"upload": uploadWork, "download": downloadWork} {
		t.Run(name, func(t *testing.T) {
			probetest.Run(t, probetest.Case{
				Probe: transfer.Probe{}, Work: work, Size: 300 * unit.KiB, Moves: true,
				Healthy: healthy, Frozen: frozen,
				Bad: map[string]string{
					"kind: http.transfer\ndirection: sideways\npath: /x\n": "sideways",
				},
			})
		})
	}
}
