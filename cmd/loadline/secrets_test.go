package main

import (
	"encoding/base64"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/origin"
	"loadline/probes/record"
)

// canary is a secret that must be found nowhere.
const canary = "canary-5f3e9a17c2"

// requests is a scenario of many small requests to the target of the tests.
const requests = `name: test/requests
purpose: Are small requests answered?
arms:
  - {id: around,  role: reference, target: {url: "${AROUND}", tls: {ca: "${CA}"}}}
  - {id: through, role: candidate, target: {url: "${THROUGH}", tls: {ca: "${CA}"}}}
work: {kind: http.storm, path: /bytes/1024}
load: {model: closed, in_flight: 2, warmup: 0s, measure: 150ms, drain: 3s}
design: {blocks: 3, rest: 0s, max_duration: 30s}
criteria:
  - {metric: errors, stat: rate, max: 0%}
`

// TestSecretsThatAServerRepeatsAreNotKept: what a server says of itself and of
// its errors goes into records, and servers repeat what they were sent.
func TestSecretsThatAServerRepeatsAreNotKept(t *testing.T) {
	t.Parallel()
	parrot := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		for _, name := range []string{"Server", "Via", "X-Backend", "Location", "ETag", "X-Request-Id", "Content-Type"} {
			w.Header().Set(name, said)
		}
		http.Error(w, "not you: "+said, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(parrot.Close)
	for _, scenario := range []string{"quick.yaml", "requests.yaml"} {
		t.Run(scenario, func(t *testing.T) {
			dir := quick(t)
			if err := os.WriteFile(filepath.Join(dir, "requests.yaml"), []byte(requests), 0o600); err != nil {
				t.Fatal(err)
			}
			x := newTarget(t, dir, origin.Options{})
			x.env["TOKEN"] = "Bearer " + canary
			e := loadline(t, dir, x.env, time.Minute, "run", scenario, "--out", "runs", "--raw",
				"-o", "text", "-o", "json=out.json", "-o", "html=out.html", "-o", "junit=out.xml", "-o", "markdown=out.md",
				"--set", "work.headers.Authorization={env: TOKEN}", "--set", "arms.through.target.backend=X-Backend",
				"--set", "arms.through.target.url="+parrot.URL, "--set", "arms.through.target.tls={insecure: true}")
			if e.code != 10 {
				t.Errorf("exit code %d: %s", e.code, e.stderr)
			}
			unsaid(t, dir, e)
		})
	}
}

// TestSecretsOnTheCommandLineAreNotKept: people write passwords into URLs.
func TestSecretsOnTheCommandLineAreNotKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, set string
		code      int
	}{
		{"user info", "arms.through.target.url=https://user:" + canary + "@127.0.0.1:1", exitUsage},
		{"a query", "work.path=/files/{name}?access_token=" + canary, exitOK},
		{"a header", "work.headers.Authorization=Bearer " + canary, exitUsage},
		{"a header of another name", "work.headers.X-Api-Key=" + canary, exitUsage},
		{"a password", "arms.through.target.auth={user: me, password: " + canary + "}", exitUsage},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := quick(t)
			x := newTarget(t, dir, origin.Options{})
			e := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs", "-o", "text", "-o", "json=out.json", "-o", "html=out.html", "--set", c.set)
			if e.code != c.code {
				t.Errorf("exit code %d, want %d: %s", e.code, c.code, e.stderr)
			}
			unsaid(t, dir, e)
		})
	}
}

// unsaid fails if the secret stands in what a command wrote, in clear or as a
// client sends it.
func unsaid(t *testing.T, dir string, e finished) {
	t.Helper()
	says := func(what, text string) {
		for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte("me:" + canary))} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s has the secret: …%s…", what, text[max(0, at-120):min(len(text), at+40)])
			}
		}
	}
	says("stdout", e.stdout)
	says("stderr", e.stderr)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		says(filepath.Base(path), string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOneSecretInEveryPlaceIsKeptInNone plants the same secret wherever a
// scenario can hold one, has every server and program repeat it, and looks
// for it in all that is written. Once it stands in variables only, so that
// nothing but their name says what it is.
func TestOneSecretInEveryPlaceIsKeptInNone(t *testing.T) {
	t.Parallel()
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := r.Header.Get("X-Custom")
		for _, name := range []string{"Server", "Via", "X-Backend", "X-Request-Id"} {
			w.Header().Set(name, said)
		}
		_ = r.ParseMultipartForm(1 << 20)
		http.Error(w, "not "+said+r.FormValue("token")+r.FormValue("ticket")+r.URL.String(), http.StatusForbidden)
	}))
	t.Cleanup(parrot.Close)
	byVariableOnly := strings.NewReplacer("CANARY", "of-no-secret", "access_token=${", "other=${", "{token: \"", "{other: \"", "?token=${", "?other=${",
		"{env: DEPOSIT_TOKEN}", "{env: HOME}", "{env: TICKET}", "{env: HOME}")
	for name, event := range map[string]string{
		"only":     `["sh", "-c", "echo $DEPOSIT_TOKEN; exit 3", "${DEPOSIT_TOKEN}"]`,
		"fails":    `["sh", "-c", "echo $DEPOSIT_TOKEN; exit 3", "--password=${DEPOSIT_TOKEN}", "--token", "${DEPOSIT_TOKEN}", "http://u:` + canary + `@h/?sig=` + canary + `"]`,
		"does not": `["sh", "-c", "echo $DEPOSIT_TOKEN $TICKET", "--password=${DEPOSIT_TOKEN}"]`,
		"is none":  `["/nonexistent/${DEPOSIT_TOKEN}"]`,
	} {
		t.Run("the event "+name, func(t *testing.T) {
			t.Parallel()
			dir := quick(t)
			text, given := everyPlace, canary
			if name == "only" {
				text, given = byVariableOnly.Replace(strings.ReplaceAll(text, "=CANARY", "=of-no-secret")), "of-no-secret"
			}
			text = strings.NewReplacer("EVENT", event, "CANARY", canary).Replace(text)
			// The scenario itself is not what loadline writes.
			scenario := filepath.Join(t.TempDir(), "every.yaml")
			if err := os.WriteFile(scenario, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			x := newTarget(t, dir, origin.Options{})
			x.env["DEPOSIT_TOKEN"], x.env["TICKET"], x.env["AROUND"], x.env["PARROT"] = canary, canary, x.env["STORE"], parrot.URL
			e := loadline(t, dir, x.env, time.Minute, "run", scenario, "--out", "runs", "--raw", "-o", "text",
				"-o", "json=out.json", "-o", "html=out.html", "-o", "junit=out.xml", "-o", "markdown=out.md", "--set", "work.form.fields.api_key="+given)
			if e.code == exitUsage {
				t.Fatalf("exit code %d: %s", e.code, e.stderr)
			}
			run, _ := theRun(t, filepath.Join(dir, "runs"))
			for _, args := range [][]string{{"report", run}, {"report", run, "-o", "json"}, {"clean", run}} {
				unsaid(t, dir, loadline(t, dir, x.env, time.Minute, args...))
			}
			unsaid(t, dir, e)
			kept, err := os.ReadFile(filepath.Join(run, record.FileName))
			if err != nil {
				t.Fatal(err)
			}
			for _, reference := range []string{"DEPOSIT_TOKEN", "uploadType=media", "multipart"} {
				if !strings.Contains(string(kept), reference) {
					t.Errorf("the record does not say %s any more, which is no secret", reference)
				}
			}
		})
	}
}

// TestASecretOfAFileIsNotKeptWhereAProgramPrintsIt: only the file knows it.
func TestASecretOfAFileIsNotKeptWhereAProgramPrintsIt(t *testing.T) {
	t.Parallel()
	dir, file := quick(t), filepath.Join(t.TempDir(), "ticket")
	if err := os.WriteFile(file, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := newTarget(t, dir, origin.Options{})
	e := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs", "-o", "text", "-o", "json=out.json",
		"--set", "work.headers.X-Ticket={file: "+file+"}", "--set", "event={at: 30%, timeout: 3s, run: [sh, -c, 'cat $0; echo printed; exit 3', "+file+"]}")
	if e.code != 12 {
		t.Errorf("exit code %d: %s", e.code, e.stderr)
	}
	unsaid(t, dir, e)
	_, run := theRun(t, filepath.Join(dir, "runs"))
	if len(run.Trials) == 0 || run.Trials[0].Event == nil || !strings.Contains(run.Trials[0].Event.Output, "printed") {
		t.Errorf("what the program printed besides is gone")
	}
}

// everyPlace is a scenario with a secret in every place that takes a text.
const everyPlace = `name: test/every-place
arms:
  - {id: around,  role: reference, target: {url: "${AROUND}", tls: {ca: "${CA}"}, auth: {bearer: {env: DEPOSIT_TOKEN}}}}
  - {id: through, role: candidate, target: {url: "${PARROT}", backend: X-Backend}}
work:
  kind: http.transfer
  direction: upload
  method: POST
  size: 4KiB
  path: /files/{name}?uploadType=media&access_token=${DEPOSIT_TOKEN}&plain=${DEPOSIT_TOKEN}&sig=CANARY
  headers: {X-Custom: "${DEPOSIT_TOKEN}", X-Goog-Meta: "signature=CANARY", Cookie: {env: TICKET}, X-Kind: multipart}
  form:
    fields: {token: "${DEPOSIT_TOKEN}", ticket: {env: TICKET}, password: CANARY, note: "token=CANARY", plain: "${DEPOSIT_TOKEN}"}
  delete: {method: DELETE, path: "/files/{name}?token=${DEPOSIT_TOKEN}"}
  receipts: {url: "http://user:CANARY@127.0.0.1:1/stats/{name}?key=CANARY", count: n}
  verify: readback
  readback: {budget: 3s}
  stall_after: 2s
  answer_after: 2s
load: {model: closed, in_flight: 2, warmup: 0s, measure: 150ms, drain: 3s}
design: {blocks: 2, rest: 0s, max_duration: 30s}
event: {at: 30%, timeout: 3s, run: EVENT}
criteria:
  - {metric: errors, stat: rate, max: 0%}
`
