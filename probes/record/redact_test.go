package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/scenarios"
)

const canary = "c4n4ry-5ecret"

func TestRedactionTakesSecretsAndLeavesReferences(t *testing.T) {
	for in, want := range map[string]string{
		"https://u:" + canary + "@h/a":                             "https://redacted@h/a",
		"https://h/a?sig=" + canary + "&x=1":                       "https://h/a?sig=redacted&x=1",
		"Authorization: Bearer " + canary:                          "Authorization: redacted",
		"headers: {X-Api-Key: " + canary + ", Accept: text/plain}": "headers: {X-Api-Key: redacted, Accept: text/plain}",
		`password: "` + canary + `"`:                               "password: redacted",
		"arms.a.target.auth.bearer=" + canary:                      "arms.a.target.auth.bearer=redacted",
		"token: ${DEPOSIT_TOKEN:-" + canary + "}":                  "token: ${DEPOSIT_TOKEN:-redacted}",
		"headers: {Authorization: {env: DEPOSIT_TOKEN}}":           "headers: {Authorization: {env: DEPOSIT_TOKEN}}",
		"Authorization: Bearer ${DEPOSIT_TOKEN}":                   "Authorization: Bearer ${DEPOSIT_TOKEN}",
		"path: /files/{name}?size={size}&versioned=true":           "path: /files/{name}?size={size}&versioned=true",
		`url: "${AROUND}"`:                                         `url: "${AROUND}"`,
		"https://h:8443/a/b?uploads":                               "https://h:8443/a/b?uploads",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

// TestNoSecretReachesTheRecord plants secrets wherever one can be written or
// can come back from the network, and looks for them in the file.
func TestNoSecretReachesTheRecord(t *testing.T) {
	target := scenarios.Target{
		URL:   "https://user:" + canary + "@files.example.org/?X-Amz-Signature=" + canary,
		Proxy: "http://user:" + canary + "@proxy:3128",
		Auth:  scenarios.Auth{Bearer: &scenarios.Secret{Env: "DEPOSIT_TOKEN"}},
	}
	h := header()
	h.Arms = []scenarios.Arm{{ID: "a", Role: scenarios.Candidate, Target: target}}
	h.Scenario.Arms = h.Arms
	h.Scenario.Event = &scenarios.Event{Run: []string{"./change.sh", "--token=" + canary, "--api-key", canary}}
	h.Scenario.Env = map[string]string{"AROUND": target.URL}
	h.Source = "arms:\n  - {id: a, target: {url: \"" + target.URL + "\"}}\nwork:\n  headers: {Authorization: Bearer " + canary + "}\n"
	h.Overrides = []string{"arms.a.target.url=" + target.URL, "work.headers.Authorization=" + canary}
	w, err := Create(t.TempDir(), h)
	if err != nil {
		t.Fatal(err)
	}
	c := NewCollector(TrialHead{Arm: "a", Cell: "all"}, CollectorOptions{})
	o := op(0, 0, time.Second)
	o.Outcome = probes.Refused
	o.Err = fmt.Errorf("Put %q: connection refused", target.URL)
	c.Add(0, o)
	trial := c.Finish(Health{}, time.Second)
	trial.Aborted = "asked " + target.URL
	trial.Event = &Event{Err: "exit status 1", Output: "password: " + canary}
	if err := errors.Join(
		w.Trial(trial), w.Warn("DELETE "+target.URL+": 403"),
		w.Integrity([]Integrity{{Cases: []Case{{Evidence: []string{"GET " + target.URL + ": 404"}}}}}),
		w.End(End{Status: "failed", Why: target.URL + " does not answer"}), w.Close(),
	); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if at := bytes.Index(text, []byte(canary)); at >= 0 {
		t.Errorf("a secret is in the record: …%s…", text[max(0, at-80):min(len(text), at+80)])
	}
	for _, kept := range []string{"DEPOSIT_TOKEN", "files.example.org", "connection refused", "--token=redacted"} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("%q was to be kept, and is not in the record", kept)
		}
	}
	if h.Scenario.Arms[0].Target.URL != target.URL || h.Scenario.Event.Run[1] != "--token="+canary {
		t.Error("redacting the record changed the caller's scenario")
	}
}
