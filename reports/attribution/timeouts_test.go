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

// TestAYoungAgeIsATimeoutWhereOpsTakeMuchLess, and is not where ops take about
// that long in any case, where the answer is one that is meant, or where the
// peer is as far.
func TestAYoungAgeIsATimeoutWhereOpsTakeMuchLess(t *testing.T) {
	const ms = time.Millisecond
	slow := func(p synthetic.Path, wait time.Duration) synthetic.Path {
		return with(p, func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Wait = wait })
	}
	failing := func(p synthetic.Path, status int, wait func(n int) time.Duration) synthetic.Path {
		return with(p, func(_ plan.Cell, n int, o *synthetic.Op) {
			if n%10 == 7 {
				o.Outcome, o.Status, o.Phases.Wait, o.Phases.Receive = probes.Status, status, wait(n), 0
			}
		})
	}
	after := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	near, far := slow(down.path(), 5*ms), connected(slow(down.path(), 100*ms), 100*ms)
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		want            string
	}{
		{"some 300 ms among ops of 5 ms", near, failing(near, 504, after(302*ms)), "a timeout of about 30"},
		{"refused at once", near, failing(near, 503, after(ms)), ""},
		{"all take 300 ms", slow(near, 300*ms), failing(slow(near, 300*ms), 503, after(300*ms)), ""},
		{"all take 700 ms", slow(near, 700*ms), failing(slow(near, 700*ms), 503, after(700*ms)), ""},
		{"the candidate's others take 300 ms", near, failing(slow(near, 300*ms), 503, after(300*ms)), ""},
		{"a third of the time more", slow(near, 200*ms), failing(slow(near, 200*ms), 503, after(300*ms)), ""},
		{"any age", near, failing(near, 504, func(n int) time.Duration { return time.Duration(100+10*n) * ms }), ""},
		{"a refusal that takes its time", near, failing(near, 401, after(300*ms)), ""},
		{"far away, answered at once", near, failing(far, 503, after(150*ms)), ""},
	} {
		a := attributed(t, synthetic.Design{Spec: download, Cells: tiny, Around: c.around, Through: c.through})
		if said := strings.Contains(a.Where, "a timeout of"); a.Arm != "through" || said != (c.want != "") || !strings.Contains(a.Where, c.want) {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
}
