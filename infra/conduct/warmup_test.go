package conduct_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"loadline/infra/conduct"
	"loadline/probes/all"
	"loadline/probes/probetest"
	"loadline/reports"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// keptAlive is a load of four connections that are made in the warm-up and kept.
const keptAlive = `name: test/kept
arms:
  - {id: around,  role: reference, target: {url: "${AROUND}"}}
  - {id: through, role: candidate, target: {url: "${THROUGH}"}}
work: {kind: http.storm, path: /}
load: {model: closed, in_flight: 4, warmup: 200ms, measure: 200ms, drain: 1s}
design: {blocks: 3, rest: 0s, max_duration: 1m}
criteria:
  - {metric: errors, stat: rate, max: 0%}
`

// door passes connections on to a server, but for every fourth, which it hands
// to bad.
func door(t *testing.T, to string, bad func(*net.TCPConn)) string {
	t.Helper()
	var mu sync.Mutex
	n := 0
	return "http://" + probetest.Listen(t, func(c *net.TCPConn) {
		mu.Lock()
		n++
		turn := n % 4
		mu.Unlock()
		if turn == 0 {
			bad(c)
			return
		}
		s, err := net.Dial("tcp", strings.TrimPrefix(to, "http://"))
		if err != nil {
			return
		}
		defer s.Close()
		go func() {
			_, _ = io.Copy(s, c)
			_ = s.Close()
		}()
		_, _ = io.Copy(c, s)
	})
}

// TestAConnectionThatIsBadFromItsStart is met in the warm-up and replaced there:
// all that is measured goes well, and one connection in four of a real client
// would not.
func TestAConnectionThatIsBadFromItsStart(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	t.Cleanup(server.Close)
	for _, x := range []struct {
		name string
		bad  func(*net.TCPConn)
		code int
		says string
	}{
		{"it is reset", func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)); _ = c.SetLinger(0) }, 10, "in the warm-up"},
		{"it hangs", func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }, 11, "it may have hung"},
		{"it is like the others", nil, 0, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			env := map[string]string{"AROUND": server.URL, "THROUGH": server.URL}
			if x.bad != nil {
				env["THROUGH"] = door(t, server.URL, x.bad)
			}
			p, err := plan.Read("test.yaml", []byte(keptAlive), scenarios.Options{
				Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
			}, all.Builtin())
			if err != nil {
				t.Fatal(err)
			}
			res, err := conduct.Run(t.Context(), p, options(""))
			if err != nil {
				t.Fatal(err)
			}
			if code := reports.ExitCode(res.Report.Decision); code != x.code || !strings.Contains(res.Report.Decision.Sentence, x.says) {
				t.Errorf("exit code %d, want %d: %s", code, x.code, res.Report.Decision.Sentence)
			}
		})
	}
}
