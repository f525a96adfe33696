package engine_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/internal/netpath/nametest"
	"loadline/probes/record"
	"loadline/probes/storm"
	"loadline/probes/tcp"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// named measures an object of 9 bytes by name; the server behind it listens on
// 127.0.0.2 alone.
func named(t *testing.T, answers []string, resolve, work string) record.Run {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("what it is")) })}}
	s.Start()
	t.Cleanup(s.Close)
	system := net.DefaultResolver
	net.DefaultResolver = nametest.Server(t, func(int) []string { return answers })
	t.Cleanup(func() { net.DefaultResolver = system })
	table := probes.Table{transfer.Probe{}, storm.Probe{}, tcp.Probe{}}
	p, err := plan.Read("test.yaml", fmt.Appendf(nil, `
name: test/names
purpose: A name is all its addresses, or a warning says that it is not.
arms:
  - {id: through, role: candidate, target: {url: "http://files.example.org:%d", resolve: %s}}
work: {%s}
load: {model: closed, in_flight: 2, warmup: 0s, measure: 150ms, drain: 1s}
design: {blocks: 2, rest: 0s, max_duration: 1m}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`, ln.Addr().(*net.TCPAddr).Port, resolve, work), scenarios.Options{}, table)
	if err != nil {
		t.Fatal(err)
	}
	run, err := engine.Run(t.Context(), p, engine.Options{Table: table, Header: engine.NewHeader(p, "names", record.Tool{}, record.Environment{}, time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestANameWithADeadAddress is seen by each, with the address that is dead, and
// by once in a warning; a name of one address is neither.
func TestANameWithADeadAddress(t *testing.T) {
	for kind, work := range map[string]string{
		"transfer": "kind: http.transfer, direction: download, path: /f, fixture: existing, expect: {size: 10B}, connections: fresh",
		"storm":    "kind: http.storm, path: /f, connections: fresh",
		"tcp":      "kind: net.tcp, mode: connect",
	} {
		for _, c := range []struct {
			name, resolve string
			answers       []string
			fails         bool
			warns         string
		}{
			{"one address", "once", []string{"127.0.0.2"}, false, ""},
			{"one address", "each", []string{"127.0.0.2"}, false, ""},
			{"one of two", "once", []string{"127.0.0.2", "127.0.0.3"}, false, "arm through: files.example.org has 2 addresses; only 127.0.0.2 was measured (hint: resolve: each)"},
			{"one of two", "each", []string{"127.0.0.2", "127.0.0.3"}, true, ""},
		} {
			t.Run(kind+" "+c.resolve+" "+c.name, func(t *testing.T) {
				run := named(t, c.answers, c.resolve, work)
				ops := run.Outcomes("all", "through")
				if fails := ops[probes.Refused] > 0; fails != c.fails || ops[probes.OK] == 0 {
					t.Errorf("outcomes %v, refused: want %v", ops, c.fails)
				}
				for _, trial := range run.Trials {
					for _, f := range trial.Failures {
						if !strings.HasPrefix(f.Peer, "127.0.0.3:") {
							t.Errorf("%s failed at %s", f.Outcome, f.Peer)
						}
					}
				}
				about := slices.DeleteFunc(run.Warnings, func(w string) bool { return !strings.Contains(w, "files.example.org") })
				if got := strings.Join(about, "\n"); got != c.warns {
					t.Errorf("warnings %q, want %q", got, c.warns)
				}
			})
		}
	}
}
