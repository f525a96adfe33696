package verdict_test

import (
	"strings"
	"testing"

	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

func negotiating(peers ...record.Peer) synthetic.Path {
	p := fast()
	p.Trial = func(t *record.Trial) { t.Peers = peers }
	return p
}

func TestALostProtocolIsTold(t *testing.T) {
	const old, recent = "TLS 1.2", "TLS 1.3"
	peer := func(http, tls string) record.Peer { return record.Peer{Protocol: http, TLS: tls, Ops: 10} }
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		warns           string
	}{
		{"alike", negotiating(peer("HTTP/2.0", recent)), negotiating(peer("HTTP/2.0", recent)), ""},
		{"HTTP/2 is lost", negotiating(peer("HTTP/2.0", recent)), negotiating(peer("HTTP/1.1", recent)), "speaks HTTP/1.1 where `around` speaks HTTP/2.0"},
		{"TLS 1.3 is lost", negotiating(peer("HTTP/2.0", recent)), negotiating(peer("HTTP/2.0", old)), "speaks TLS 1.2 where `around` speaks TLS 1.3"},
		{"in clear", negotiating(peer("HTTP/1.1", "")), negotiating(peer("HTTP/1.0", "")), "speaks HTTP/1.0"},
		{"HTTP/2 is won", negotiating(peer("HTTP/1.1", recent)), negotiating(peer("HTTP/2.0", recent)), ""},
		{"TLS on one side only", negotiating(peer("HTTP/2.0", "")), negotiating(peer("HTTP/1.1", old)), ""},
		{"now and then", negotiating(peer("HTTP/2.0", recent)), negotiating(peer("HTTP/1.1", recent), peer("HTTP/2.0", recent)), ""},
		{"not known", negotiating(record.Peer{Ops: 1}), negotiating(record.Peer{Ops: 1}), ""},
	} {
		d := verdict.Judge(synthetic.Record(synthetic.Design{
			Seed: 5, Blocks: 8, Around: c.around, Through: c.through, Spec: `{"direction":"download"}`,
			Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)},
		}), verdict.Options{})
		told := strings.Join(append(d.Health.Remarks, d.Warnings...), "\n")
		if d.Verdict != verdict.Pass || !strings.Contains(told, c.warns) || c.warns == "" && strings.Contains(told, "speaks") {
			t.Errorf("%s: %s; told %q, want %q", c.name, d.Sentence, told, c.warns)
		}
	}
}
