package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
)

// TestOurOwnPatienceIsNoTimeoutOfTheirs: a connect that we gave up after the
// time that the scenario allows has that age by our own doing.
func TestOurOwnPatienceIsNoTimeoutOfTheirs(t *testing.T) {
	everyOther := func(o probes.Outcome, message, peer string) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, n int, op *synthetic.Op) {
			if n%2 == 0 {
				op.Peer = probes.Peer{Address: peer}
				op.Outcome, op.Message = o, message
				op.Phases = probes.Phases{Connect: 2 * time.Second}
			}
		})
	}
	const hole = "10.0.0.7:443"
	for _, c := range []struct {
		name    string
		through synthetic.Path
		lead    string
		timeout bool
	}{
		{"a black hole among two addresses", everyOther(probes.Refused, "connect 10.0.0.7:443: no answer within 2s: check that the address is right and that no firewall drops packets", hole),
			"a dead address among those dialled (10.0.0.7:443)", false},
		{"a port that takes and does not shake hands", everyOther(probes.TLS, "handshake with 10.0.0.7:443: not finished within 2s", hole), "a dead address", false},
		{"no name server", everyOther(probes.DNS, "resolve lb: no answer from the name server within 2s", ""), "", false},
		{"the same address, at times", everyOther(probes.Refused, "connect 10.0.0.1:443: no answer within 2s", "10.0.0.1:443"), "", false},
		{"broken off by the other side", everyOther(probes.Reset, "the peer reset the connection", "10.0.0.1:443"), "a timeout of about 2 s", true},
		{"a handshake that the other side breaks off", everyOther(probes.TLS, "handshake with 10.0.0.1:443: EOF", "10.0.0.1:443"), "a timeout of about 2 s", true},
	} {
		a := attributed(t, synthetic.Design{Cells: tiny, Around: up.path(), Through: c.through})
		if a.Arm == "" || !strings.Contains(a.Where, c.lead) || strings.Contains(a.Where, "a timeout of") != c.timeout {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
		if strings.HasPrefix(c.lead, "a dead") && !strings.Contains(a.Evidence[0], "10.0.0.7:443 never took a connection") {
			t.Errorf("%s: led by %q", c.name, a.Evidence[0])
		}
	}
}
