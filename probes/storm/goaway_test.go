package storm_test

import (
	"testing"

	"loadline/probes/probetest"
	"loadline/probes/storm"
)

func TestConnectionsThatGoAway(t *testing.T) {
	probetest.OutlivesGoAway(t, storm.Probe{}, getWork)
}
