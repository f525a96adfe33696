package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"loadline/infra/lab/origin"
)

// pasted is the command that a hint names.
var pasted = regexp.MustCompile(`loadline (clean runs/\S+?)[,)\s]`)

// TestWhatCannotBeRemovedIsSaidAsItIs: a target that refuses is not one that
// does not answer, the hint is a command that can be pasted, and what it says
// is true; each is told once.
func TestWhatCannotBeRemovedIsSaidAsItIs(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	store, err := url.Parse(x.env["STORE"])
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(store)
	through.Transport = x.client().Transport
	var willing atomic.Bool
	mean := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !willing.Load() && r.Method == http.MethodDelete {
			http.Error(w, "objects are kept", http.StatusMethodNotAllowed)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(mean.Close)
	ran := loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs", "-o", "text",
		"--set", "arms.around.target={url: '"+mean.URL+"'}", "--set", "arms.through.target={url: '"+mean.URL+"'}")
	if n := strings.Count(ran.stdout, "could not be removed"); n != 1 {
		t.Errorf("it is said %d times that objects could not be removed:\n%s%s", n, ran.stdout, ran.stderr)
	}
	hint := pasted.FindStringSubmatch(ran.stdout + " ")
	if hint == nil {
		t.Fatalf("no command is named:\n%s", ran.stdout)
	}
	clean := strings.Fields(hint[1])

	refused := loadline(t, dir, x.env, time.Minute, clean...)
	if refused.code != exitUnreachable || !strings.Contains(refused.stderr, "the target answers, and does not do it") ||
		!strings.Contains(refused.stderr, "405") || strings.Contains(refused.stderr, "when the target answers") {
		t.Errorf("refused: exit code %d, %s", refused.code, refused.stderr)
	}
	willing.Store(true)
	if done := loadline(t, dir, x.env, time.Minute, clean...); done.code != exitOK || x.stored() != 0 {
		t.Errorf("no longer refused: exit code %d, %d objects stay: %s", done.code, x.stored(), done.stderr)
	}
}

// TestATargetThatDoesNotAnswerIsAskedLater is the other case.
func TestATargetThatDoesNotAnswerIsAskedLater(t *testing.T) {
	t.Parallel()
	dir := quick(t)
	x := newTarget(t, dir, origin.Options{})
	loadline(t, dir, x.env, time.Minute, "run", "quick.yaml", "--out", "runs", "--set", "work.delete=off")
	run, _ := theRun(t, dir+"/runs")
	x.front.Stop()
	x.origin.Stop()
	gone := loadline(t, dir, x.env, time.Minute, "clean", run, "--set", "work.delete=on")
	if gone.code != exitUnreachable || !strings.Contains(gone.stderr, "run it again when the target answers") {
		t.Errorf("exit code %d, %s", gone.code, gone.stderr)
	}
}

// TestOnlyWhatRemovingNeedsIsAskedFor holds the fields that a record lacks
// against those that requests for removal are made of.
func TestOnlyWhatRemovingNeedsIsAskedFor(t *testing.T) {
	const path, header, address = "work.path", "work.headers.X-Goog-Meta", "arms.through.target.url"
	own := "work: {delete: {path: '/files/{name}'}}"
	for _, c := range []struct {
		source   string
		redacted []string
		r        reopening
		lost     string
	}{
		{"", []string{"event.run[1]", "purpose", "work.form.fields.token", "work.receipts.url", "load.rate"}, reopening{}, ""},
		{"", []string{path, header, address, "work.targets[0].path"}, reopening{}, path + " " + header + " " + address + " work.targets[0].path"},
		{own, []string{path, header}, reopening{}, header},
		{own, []string{path, "work.delete.path"}, reopening{}, "work.delete.path"},
		{"", []string{path, header}, reopening{sets: []string{"work.path=/x"}}, header},
		{"", []string{"work.targets[0].path"}, reopening{sets: []string{"work.targets.0.path=/x"}}, ""},
		{"", []string{path}, reopening{sets: []string{"work.pat=/x"}}, path},
		{"", []string{path, header}, reopening{file: "x.yaml"}, ""},
	} {
		c.r.run.Header.Source, c.r.run.Header.Redacted = c.source, c.redacted
		if got := strings.Join(c.r.lost(), " "); got != c.lost {
			t.Errorf("of %v with %v, %v: %q is asked for, want %q", c.redacted, c.source, c.r.sets, got, c.lost)
		}
	}
	r := reopening{sets: []string{"work.path=/x"}}
	if r.run.Header.Redacted = []string{""}; len(r.lost()) != 1 || fieldList(r.lost()) != "the whole file" {
		t.Errorf("of a record whose scenario cannot be read, %q is asked for", r.lost())
	}
	// A field that came from --set is not in the file.
	r = reopening{file: "x.yaml"}
	r.run.Header.Redacted, r.run.Header.Overrides = []string{path}, []string{"work.path=/files/{name}?token=redacted"}
	if lost := r.lost(); len(lost) != 1 {
		t.Errorf("the file was given, and %q is asked for, want what came from --set", lost)
	}
	if r.sets = []string{"work.path=/x"}; len(r.lost()) != 0 || len(r.kept()) != 0 {
		t.Errorf("given again, %q is asked for and %q kept", r.lost(), r.kept())
	}
}
