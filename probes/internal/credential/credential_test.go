package credential

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loadline/scenarios"
)

func TestSecretsAreLookedUpAndHidden(t *testing.T) {
	t.Setenv("CREDENTIAL_TOKEN", "tokenvalue")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("passwordvalue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var hidden Secrets
	fields, err := hidden.Headers(map[string]scenarios.Text{
		"X-Token": {Secret: &scenarios.Secret{Env: "CREDENTIAL_TOKEN"}},
		"Accept":  {Literal: "text/plain"},
	})
	if err != nil || len(fields) != 2 || fields[0].Name != "Accept" || fields[0].Secret || fields[1].Value != "tokenvalue" || !fields[1].Secret {
		t.Fatalf("fields %+v, error %v", fields, err)
	}
	f, ok, err := hidden.Authorization(scenarios.Auth{User: "jan", Password: &scenarios.Secret{File: file}})
	if err != nil || !ok || f.Value != "Basic amFuOnBhc3N3b3JkdmFsdWU=" {
		t.Fatalf("field %+v, %v, error %v", f, ok, err)
	}
	said := hidden.Clean(errors.New("refused tokenvalue, passwordvalue and amFuOnBhc3N3b3JkdmFsdWU="))
	if said.Error() != "refused ***, *** and ***" {
		t.Errorf("the message says %q", said)
	}
	if err := hidden.Clean(io.EOF); err != io.EOF {
		t.Errorf("an error without a secret became %v", err)
	}
}

func TestBearerIsOneToken(t *testing.T) {
	t.Setenv("CREDENTIAL_BEARER", "bearervalue")
	var hidden Secrets
	f, ok, err := hidden.Authorization(scenarios.Auth{Bearer: &scenarios.Secret{Env: "CREDENTIAL_BEARER"}})
	if err != nil || !ok || f.Value != "Bearer bearervalue" {
		t.Fatalf("field %+v, %v, error %v", f, ok, err)
	}
	if _, ok, err := hidden.Authorization(scenarios.Auth{}); ok || err != nil {
		t.Errorf("no auth gives a field: %v, %v", ok, err)
	}
}

func TestWhatCannotBeSentIsRefusedWithoutBeingNamed(t *testing.T) {
	t.Setenv("CREDENTIAL_BROKEN", "secret\x01value")
	broken := &scenarios.Secret{Env: "CREDENTIAL_BROKEN"}
	var hidden Secrets
	_, headers := hidden.Headers(map[string]scenarios.Text{"X-Token": {Secret: broken}})
	_, _, bearer := hidden.Authorization(scenarios.Auth{Bearer: broken})
	_, missing := hidden.Headers(map[string]scenarios.Text{"X-Token": {Secret: &scenarios.Secret{Env: "CREDENTIAL_UNSET"}}})
	for _, err := range []error{headers, bearer, missing} {
		if err == nil || strings.Contains(err.Error(), "value\x01") || strings.Contains(err.Error(), "secret\x01") {
			t.Errorf("error %v", err)
		}
	}
}

func TestTheTokenIsHiddenWithoutItsSchemeToo(t *testing.T) {
	var hidden Secrets
	hidden.Add("Bearer tokenvalue")
	hidden.Add("Basic amFuOnBhc3N3b3JkdmFsdWU=")
	said := hidden.Scrub("no Bearer tokenvalue, no tokenvalue, no amFuOnBhc3N3b3JkdmFsdWU=, no passwordvalue, no Basic")
	if want := "no ***, no ***, no ***, no ***, no Basic"; said != want {
		t.Errorf("it says %q, want %q", said, want)
	}
}
