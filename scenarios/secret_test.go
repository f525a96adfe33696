package scenarios_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"loadline/scenarios"
)

func TestASecretShowsOnlyItsReference(t *testing.T) {
	for _, s := range []scenarios.Secret{{Env: "TOKEN"}, {File: "token.txt"}} {
		asJSON, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		asYAML, err := yaml.Dump(s)
		if err != nil {
			t.Fatal(err)
		}
		name := s.Env + s.File
		for _, form := range []string{s.String(), fmt.Sprintf("%v %+v %#v", s, s, s), string(asJSON), string(asYAML)} {
			if !strings.Contains(form, name) {
				t.Errorf("%q does not name the reference", form)
			}
		}
	}
}

func TestSecretsAreLookedUp(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"TOKEN": "hunter2", "BROKEN": "hunter2\r\nX: y"}[name]
		return v, ok
	}
	read := func(name string) ([]byte, error) {
		switch name {
		case "token.txt":
			return []byte("hunter2\n"), nil
		case "empty.txt":
			return []byte("\n"), nil
		}
		return nil, errors.New("no such file")
	}
	for _, s := range []scenarios.Secret{{Env: "TOKEN"}, {File: "token.txt"}} {
		if got, err := (scenarios.Text{Secret: &s}).Resolve(env, read); err != nil || got != "hunter2" {
			t.Errorf("%s is %q, %v", s, got, err)
		}
	}
	for want, s := range map[string]scenarios.Secret{
		"{env: NONE}: the variable is not set": {Env: "NONE"}, "line break": {Env: "BROKEN"},
		"{file: none.txt}: no such file": {File: "none.txt"}, "the file is empty": {File: "empty.txt"},
	} {
		_, err := s.Resolve(env, read)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q and no secret", s, err, want)
		}
	}
	if got, err := (scenarios.Text{Literal: "plain"}).Resolve(nil, nil); err != nil || got != "plain" {
		t.Errorf("a literal is %q, %v", got, err)
	}
}

func TestURLsAreRedacted(t *testing.T) {
	for in, want := range map[string]string{
		"https://files.example.org/a":                       "https://files.example.org/a",
		"https://me:hunter2@files.example.org/":             "https://***@files.example.org/",
		"https://hunter2@x/":                                "https://***@x/",
		"https://x/?X-Amz-Signature=hunter2&b=c;d=e#secret": "https://x/?X-Amz-Signature=***&b=***&d=***",
		"https://x/?hunter2":                                "https://x/?***",
		"http://a b/hunter2":                                "(a URL that cannot be read)",
		"/path?k=hunter2":                                   "/path?k=***",
	} {
		if got := scenarios.RedactURL(in); got != want {
			t.Errorf("RedactURL(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSecretHeaders(t *testing.T) {
	for _, name := range []string{"Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-Amz-Security-Token", "Private-Token"} {
		if !scenarios.IsSecretHeader(name) {
			t.Errorf("%s is no secret", name)
		}
	}
	for _, name := range []string{"Content-Type", "X-Request-Id", "Accept-Encoding", "Range"} {
		if scenarios.IsSecretHeader(name) {
			t.Errorf("%s is a secret", name)
		}
	}
}

// A canary in every place where people write secrets must not come out of a
// scenario that is accepted, nor out of what a record keeps of it.
func TestACanaryDoesNotReachTheRecord(t *testing.T) {
	src := `name: test/canary
arms:
  - {id: only, role: candidate, target: {url: "https://x", auth: {user: me, password: {env: PASSWORD}}}}
work:
  kind: test.transfer
  direction: upload
  path: "/f?sig=${SIG}"
  headers: {Authorization: {env: API}, X-Build: "${BUILD}", X-Db: "${DB_PASSWORD}"}
criteria: [{metric: errors, stat: rate, max: 0%}]
`
	s, err := scenarios.Parse("f.yaml", []byte(src), scenarios.Options{Env: func(string) (string, bool) { return "hunter2", true }})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	kept := fmt.Sprint(string(text), s.Source, s.Overrides, s.Env)
	if strings.Contains(kept, "hunter2") {
		t.Errorf("the canary is in %s", kept)
	}
}

func TestAScenarioIsReadFromAFileSystem(t *testing.T) {
	fsys := os.DirFS("testdata/good")
	s, err := scenarios.ParseFS(fsys, "minimal.yaml", scenarios.Options{})
	if err != nil || s.Name != "test/minimal" || s.File != "minimal.yaml" {
		t.Errorf("got %q from %q, %v", s.Name, s.File, err)
	}
	if _, err := scenarios.ParseFS(fsys, "none.yaml", scenarios.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestProblemsRepeatNoSecret: what is wrong is quoted, and what is quoted may
// hold a secret.
func TestProblemsRepeatNoSecret(t *testing.T) {
	src := `name: test/bad
arms:
  - {id: around, role: reference, target: {url: "https://h", resolve: "${DEPOSIT_TOKEN}"}}
  - {id: through, role: candidate, target: {url: "https://h", connect: "h?token=l1teral-5ecret"}}
work: {kind: test.transfer, direction: upload}
criteria:
  - {metric: goodput, stat: mean, margin: 5%}
`
	_, err := scenarios.Parse("bad.yaml", []byte(src), scenarios.Options{Env: func(string) (string, bool) { return "hunter2", true }})
	if err == nil || strings.Count(err.Error(), "redacted") != 2 || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "l1teral") {
		t.Errorf("got %v, want both problems without what they quote", err)
	}
}
