package verdict_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"loadline/probes"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// speaking is the healthy arm, asked for HTTP/2 by name, whose peer speaks the
// given protocol.
func speaking(protocol string) synthetic.Path {
	p := fast()
	p.Target.HTTP = scenarios.HTTP2
	op := p.Op
	p.Op = func(c plan.Cell, n int, r *rand.Rand) synthetic.Op {
		o := op(c, n, r)
		o.Peer.Address, o.Peer.Protocol = "192.0.2.1:443", protocol
		if protocol != "HTTP/2.0" {
			o.Outcome, o.Message = probes.Protocol, "the scenario asks for HTTP/2, and 192.0.2.1:443 negotiated nothing"
		}
		return o
	}
	return p
}

func TestAProtocolThatWasNotAskedForIsInvalid(t *testing.T) {
	for protocol, want := range map[string]verdict.Verdict{"HTTP/2.0": verdict.Pass, "HTTP/1.1": verdict.Invalid, "no protocol": verdict.Invalid} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Criteria: usual, Ledger: intact, Around: speaking("HTTP/2.0"), Through: speaking(protocol),
		}), verdict.Options{})
		if d.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", protocol, d.Verdict, d.Sentence, want)
		}
		if want == verdict.Invalid && !strings.Contains(d.Sentence, "was to speak HTTP 2") {
			t.Errorf("the sentence does not name the cause: %s", d.Sentence)
		}
	}
}
