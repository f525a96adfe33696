package scenarios_test

import (
	"errors"
	"strings"
	"testing"

	"loadline/scenarios"
)

const pointing = `name: test/pointing
arms:
  - id: around
    role: reference
    target: {url: "https://h", tls: {ca: ca.pem}, auth: {bearer: {env: BEARER}}}
  - {id: through, role: candidate, target: {url: "https://h", tls: {ca: ca.pem, cert: me.pem, key: me.key}}}
work:
  kind: test.transfer
  direction: upload
  headers: {Authorization: {env: TOKEN}, X-Plain: text, X-Ticket: {file: ticket}}
criteria:
  - {metric: goodput, stat: mean, margin: 5%}
`

// TestWhatAScenarioPointsAtIsLookedUp: each place that leads nowhere is told
// with its position, and nothing where all are there.
func TestWhatAScenarioPointsAtIsLookedUp(t *testing.T) {
	s, err := scenarios.Parse("pointing.yaml", []byte(pointing), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]string{"BEARER": "abcd", "TOKEN": "efgh", "ca.pem": "x", "me.pem": "x", "me.key": "x", "ticket": "ijkl"}
	missing := func() string {
		return s.Missing(
			func(name string) (string, bool) { value, ok := there[name]; return value, ok },
			func(name string) ([]byte, error) {
				if text, ok := there[name]; ok {
					return []byte(text), nil
				}
				return nil, errors.New("open " + name + ": no such file")
			}).Error()
	}
	if got := missing(); got != "" {
		t.Errorf("all is there, and yet: %s", got)
	}
	for gone, want := range map[string]string{
		"BEARER": "pointing.yaml:5:66: arms.around.target.auth.bearer: secret {env: BEARER}: the variable is not set",
		"TOKEN":  "pointing.yaml:10:28: work.headers.Authorization: secret {env: TOKEN}: the variable is not set",
		"ticket": "pointing.yaml:10:67: work.headers.X-Ticket: secret {file: ticket}: open ticket: no such file",
		"me.key": "pointing.yaml:6:100: arms.through.target.tls.key: cannot be read: open me.key: no such file",
		"ca.pem": "pointing.yaml:5:42: arms.around.target.tls.ca: cannot be read",
	} {
		kept := there[gone]
		delete(there, gone)
		if got := missing(); !strings.HasPrefix(got, want) {
			t.Errorf("without %s: %q, want %q", gone, got, want)
		}
		there[gone] = kept
	}
}
