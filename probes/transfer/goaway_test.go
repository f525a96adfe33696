package transfer_test

import (
	"testing"

	"loadline/probes/probetest"
	"loadline/probes/transfer"
)

func TestConnectionsThatGoAway(t *testing.T) {
	probetest.OutlivesGoAway(t, transfer.Probe{}, "kind: http.transfer\ndirection: upload\nsize: 3KiB\npath: /{name}\nverify: none\ndelete: off\n")
}
