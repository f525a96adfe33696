package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"loadline/scenarios/redact"
)

const canary = "c4n4ry-5ecret"

// TestWhatMayBeASecretGoes is the positive control: each place where secrets
// are written out.
func TestWhatMayBeASecretGoes(t *testing.T) {
	for _, text := range []string{
		"https://h/a?X-Amz-Signature=%s&X-Amz-Date=1", "https://h/a?sig=%s", "/f/{name}?access_token=%s", "/f?key=%s", "/f?a=1;password=%s",
		"https://u:%s@h/", "http://%s@h", "Authorization: Basic %s", "X-Api-Key: %s", "--password=%s", "db_password = '%s'",
		`{"token": "%s"}`, "SECRET=%s", "${DB_PASSWORD:-%s}", "token: ${T:-%s}", "/f?code=0123456789abcdef01234567%s",
	} {
		in := fmt.Sprintf(text, canary)
		out := redact.Text(in)
		if strings.Contains(out, canary) || !strings.Contains(out, redact.Mark) {
			t.Errorf("%s became %s", in, out)
		}
		if again := redact.Text(out); again != out {
			t.Errorf("%s became %s the second time", out, again)
		}
		if found := strings.Join(redact.Found(in), " "); !strings.Contains(found, canary) {
			t.Errorf("%s: found %q", in, found)
		}
	}
}

// TestWhatIsNoSecretStays is the negative control: what a run needs to be
// understood, and to be cleaned up after.
func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		"/files/{name}?uploadType=media", "http://lb/admin?weight=half", "signature=v4", "/f/{name}?partNumber=1&uploadId={name}",
		"/f?versions=all&prefix=a/b/c/2023-10-01", "https://h:8443/a?uploads", "Authorization: {env: DEPOSIT_TOKEN}",
		"Authorization:\n  env: DEPOSIT_TOKEN\n", "tokens: [a, b]", "token: |\n  line\n", "Authorization: Bearer ${DEPOSIT_TOKEN}", "?token={name}", "${AROUND:-https://files.example.org}",
		"tls: {key: client.key}", "token: true",
	} {
		if out := redact.Text(text); out != text {
			t.Errorf("%s became %s", text, out)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"DEPOSIT_TOKEN": true, "DB_PASS": true, "API_KEY": true, "AWS_SECRET_ACCESS_KEY": true, "X_AUTH": true,
		"PWD": false, "OLDPWD": false, "TOKEN_FILE": false, "KEYBOARD": false, "AROUND": false, "AUTHOR": false, "COMPASS": false,
	} {
		if redact.IsVariable(name) != want {
			t.Errorf("variable %s: %v", name, !want)
		}
	}
	for word, want := range map[string]bool{"--token": true, "--api-key": true, "-pass": true, "token": false, "--weight": false} {
		if redact.IsFlag(word) != want {
			t.Errorf("flag %s: %v", word, !want)
		}
	}
}

func TestKnownValuesGoEverywhere(t *testing.T) {
	var v redact.Values
	v.Add("Bearer p@ss w/ \"quotes\"")
	v.Add(canary)
	v.Add(canary + "-longer")
	v.Add("abc") // too short to be looked for
	for _, text := range []string{canary, "said " + canary + "-longer.", "p%40ss+w%2F+%22quotes%22 after Bearer+p%40ss+w%2F+%22quotes%22"} {
		if out := v.Text(text); strings.Contains(out, canary) || strings.Contains(out, "Bearer+p%40ss") || strings.Contains(out, "longer") {
			t.Errorf("%s became %s", text, out)
		}
	}
	for text, want := range map[string]string{"said " + canary[:8] + "…": "said redacted…", "said " + canary[:3] + "…": "said c4n…", "said " + canary[:8]: "said " + canary[:8]} {
		if out := v.Scrub(text); out != want {
			t.Errorf("%q became %q, want %q", text, out, want)
		}
	}
	if out := v.Text("abc of weights"); out != "abc of weights" {
		t.Errorf("an ordinary text became %s", out)
	}
	cause := errors.New("asked with " + canary)
	if err := v.Error(fmt.Errorf("first: %w", cause)); strings.Contains(err.Error(), canary) || !errors.Is(err, cause) {
		t.Errorf("the error is %v", err)
	}
	if v.Error(nil) != nil {
		t.Error("no error became one")
	}
	run := v.Command([]string{"curl", "--token", "letters", "--weight", "half", canary})
	if got := strings.Join(run, " "); got != "curl --token redacted --weight half redacted" {
		t.Errorf("the command is %s", got)
	}
}

func TestDocumentsAreRedactedByKey(t *testing.T) {
	for in, want := range map[string]string{
		`{"form":{"fields":{"token":{"literal":"letters"},"note":{"literal":"letters"}}}}`: `{"form":{"fields":{"note":{"literal":"letters"},"token":{"literal":"redacted"}}}}`,
		`{"headers":{"Authorization":{"secret":{"env":"DEPOSIT_TOKEN"}}},"n":12345678901}`: "",
		`{"fields":{"password":"letters","x":"` + canary + `"}}`:                           `{"fields":{"password":"redacted","x":"redacted"}}`,
		`not JSON`: "",
	} {
		if want == "" {
			want = in
		}
		if out := string(redact.Values{canary}.JSON(json.RawMessage(in))); out != want {
			t.Errorf("%s\n became %s\n    want %s", in, out, want)
		}
	}
}
