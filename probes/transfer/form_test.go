package transfer_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
)

// TestFormFieldsMayBeReferences: what a reference leads to is sent, and stands
// in no message and in no identity, also where the server repeats it.
func TestFormFieldsMayBeReferences(t *testing.T) {
	const secret, literal = "c4n4ry-5ecret", "l1teral-5ecret"
	t.Setenv("FORM_TOKEN", secret)
	file := filepath.Join(t.TempDir(), "ticket")
	if err := os.WriteFile(file, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	work := upTo + "path: /deposit\nmethod: POST\nform:\n  fields: {token: {env: FORM_TOKEN}, ticket: {file: " + file + "}, signature: " + literal + ", note: 'for {name}'}\n"
	o := newOrigin(t, flavour{})
	seen := map[string]string{}
	o.bending(func(w http.ResponseWriter, r *http.Request) bool {
		if err := r.ParseMultipartForm(4 << 20); err != nil {
			t.Error(err)
		}
		for name, values := range r.MultipartForm.Value {
			seen[name] = strings.Join(values, "|")
		}
		http.Error(w, "no: "+seen["token"]+" "+seen["signature"], http.StatusForbidden)
		return true
	})
	got := do(t, work, o.target(t))
	want(t, got, probes.Status, "403", "***")
	if seen["token"] != secret || seen["ticket"] != "from-a-file" || seen["signature"] != literal || !strings.HasPrefix(seen["note"], "for ") {
		t.Errorf("the form has %v", seen)
	}
	identity := string(probetest.Check(t, transfer.Probe{}, work).Identity())
	for what, text := range map[string]string{"the message": got.Err.Error(), "the identity": identity} {
		if strings.Contains(text, secret) || what == "the message" && strings.Contains(text, literal) {
			t.Errorf("%s shows a secret: %s", what, text)
		}
	}
	if _, err := probetest.TryOpen(t, transfer.Probe{}, strings.Replace(work, "FORM_TOKEN", "NO_SUCH_TOKEN", 1), o.target(t)); err == nil || !strings.Contains(err.Error(), "work.form.fields.token: secret {env: NO_SUCH_TOKEN}") {
		t.Errorf("a variable that is not set gives %v", err)
	}
}
