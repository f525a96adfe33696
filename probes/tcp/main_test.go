package tcp_test

import (
	"testing"

	"loadline/probes/probetest"
)

func TestMain(m *testing.M) { probetest.Main(m) }
