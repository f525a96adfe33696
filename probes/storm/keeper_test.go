package storm_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/probetest"
	"loadline/probes/record"
	"loadline/probes/storm"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

const putWork = "kind: http.storm\ntargets:\n  - {method: PUT, path: '/x/{name}', body: hello, headers: {If-None-Match: '*'}}\n"

// store keeps what is put or posted by path, and counts what it was asked.
type store struct {
	target scenarios.Target

	mu      sync.Mutex
	kept    map[string]string
	asked   map[string]int // by method
	refuses bool           // to remove
}

func newStore(t *testing.T, change ...func(*httptest.Server)) *store {
	s := &store{kept: map[string]string{}, asked: map[string]int{}}
	s.target = serveWith(t, s.serve, change...)
	return s
}

func (s *store) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[r.Method]++
	at := r.URL.RequestURI()
	was, there := s.kept[at]
	switch {
	case r.Header.Get("If-None-Match") != "" && r.Method != "PUT":
		w.WriteHeader(http.StatusPreconditionFailed)
	case r.Method == "PUT", r.Method == "POST":
		s.kept[at] = string(body)
		w.WriteHeader(http.StatusCreated)
	case r.Method == "DELETE" && s.refuses:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !there:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == "DELETE":
		delete(s.kept, at)
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = io.WriteString(w, was)
	}
}

// holds are the paths of what is kept, and how often a method was asked for.
func (s *store) holds(method string) (paths []string, asked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.kept)), s.asked[method]
}

// drive is the plan of a short storm on the store.
func (s *store) drive(t *testing.T, work string, requests int) plan.Plan {
	t.Helper()
	p, err := plan.Read("test.yaml", []byte(fmt.Sprintf(`name: test/keep
arms:
  - {id: a, role: reference, target: {url: %q}}
  - {id: b, role: candidate, target: {url: %q}}
work: {kind: http.storm, %s}
load: {model: closed, in_flight: 4, warmup: 20ms, measure: 100ms, drain: 2s}
design: {blocks: 1, rest: 0s}
limits: {requests: %d}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`, s.target.URL, s.target.URL, work, requests)), scenarios.Options{}, probes.Table{storm.Probe{}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func options(p plan.Plan) engine.Options {
	return engine.Options{Table: probes.Table{storm.Probe{}}, Header: record.Header{Run: "keep", Arms: p.Arms, Cells: p.Cells}}
}

const someoneElses = "/files/someone-elses"

// TestARunRemovesWhatItCreated and nothing else: by the paths that its requests
// created, or where the scenario says.
func TestARunRemovesWhatItCreated(t *testing.T) {
	for name, c := range map[string]struct {
		work    string
		deletes bool // for each request that creates, and for no other
	}{
		"put":        {"targets: [{method: PUT, path: '/files/{name}?v=1', body: x}]", true},
		"mixed":      {"targets: [{path: /files/someone-elses, weight: 3}, {method: POST, path: '/in/{name}', body: x}, {method: PUT, path: '/files/{name}', body: y}]", true},
		"random":     {"order: random, targets: [{path: /files/someone-elses}, {method: PUT, path: '/files/{name}', body: y}]", true},
		"elsewhere":  {"delete: {path: '/in/{name}'}, targets: [{method: PUT, path: '/in/{name}', body: x}]", true},
		"only reads": {"path: /files/someone-elses", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.kept[someoneElses] = "not ours"
			p := s.drive(t, c.work, 300)
			run, err := engine.Run(context.Background(), p, options(p))
			if err != nil {
				t.Fatal(err)
			}
			left, deletes := s.holds("DELETE")
			_, puts := s.holds("PUT")
			_, posts := s.holds("POST")
			if !slices.Equal(left, []string{someoneElses}) || run.End.LeftBehind != 0 {
				t.Errorf("the target still holds %q, and the run says %d: %q", left, run.End.LeftBehind, run.Warnings)
			}
			if c.deletes != (puts+posts > 0) || deletes != puts+posts {
				t.Errorf("%d were put and %d posted, and %d removals asked for", puts, posts, deletes)
			}
		})
	}
}

// TestCleanRemovesWhatAKilledRunLeft: of that run nothing is known but the
// names that it had handed out.
func TestCleanRemovesWhatAKilledRunLeft(t *testing.T) {
	for _, order := range []string{"round-robin", "random"} {
		s := newStore(t)
		s.kept[someoneElses] = "not ours"
		s.refuses = true
		p := s.drive(t, "order: "+order+", targets: [{path: /files/someone-elses}, {method: POST, path: '/in/{name}', body: x}, {method: PUT, path: '/files/{name}', body: y}]", 200)
		run, err := engine.Run(context.Background(), p, options(p))
		if err != nil {
			t.Fatal(err)
		}
		if paths, _ := s.holds(""); len(paths) < 2 || run.End.LeftBehind == 0 || !strings.Contains(strings.Join(run.Warnings, "\n"), "names, which begin with ll-keep-") {
			t.Fatalf("%s: a target that refuses to remove holds %d, the run says %d and %q", order, len(paths), run.End.LeftBehind, run.Warnings)
		}
		s.mu.Lock()
		s.refuses = false
		s.mu.Unlock()
		left, err := engine.Clean(context.Background(), p, "keep", run.Names, engine.CleanOptions{Table: probes.Table{storm.Probe{}}})
		if paths, _ := s.holds(""); left != 0 || err != nil || !slices.Equal(paths, []string{someoneElses}) {
			t.Errorf("%s: clean leaves %d (%v), and the target holds %q", order, left, err, paths)
		}
	}
}

// TestWhatCannotBeNamedStays: nothing is asked to be removed where no path is
// the op's own, or the scenario wants it to stay.
func TestWhatCannotBeNamedStays(t *testing.T) {
	for work, creates := range map[string]bool{
		"targets: [{method: POST, path: /in, body: x}]":                              false,
		"targets: [{method: POST, path: '/in?n={name}', body: x}]":                   false,
		"targets: [{method: POST, path: /in, body: x, headers: {X-Name: '{name}'}}]": false,
		"targets: [{method: PATCH, path: '/in/{name}', body: x}]":                    false,
		"delete: off, targets: [{method: PUT, path: '/in/{name}', body: x}]":         true,
	} {
		s := newStore(t)
		s.kept["/in"], s.kept["/in/x"] = "not", "ours"
		p := s.drive(t, work, 50)
		if _, err := engine.Run(context.Background(), p, options(p)); err != nil {
			t.Fatal(err)
		}
		if _, deletes := s.holds("DELETE"); deletes > 0 {
			t.Errorf("%s: %d removals were asked for", work, deletes)
		}
		if e := p.Spec.Effects(0); e.Creates != creates || e.Deletes {
			t.Errorf("%s: effects %+v", work, e)
		}
	}
}

// TestRemovalsAreChecked: a path that is the same for every op is refused, and
// removal is no part of the work that baselines are held against.
func TestRemovalsAreChecked(t *testing.T) {
	for work, want := range map[string]string{
		putWork + "delete: {path: /x}\n":            "would remove the same thing",
		putWork + "delete: {path: '/x?n={name}'}\n": "would remove the same thing",
		putWork + "delete: {path: 'x/{name}'}\n":    "does not start with a slash",
		putWork + "delete: maybe\n":                 "neither on nor off",
	} {
		if _, err := (storm.Probe{}).Check(probetest.Node(t, work)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", work, err, want)
		}
	}
	plain, off := probetest.Check(t, storm.Probe{}, putWork), probetest.Check(t, storm.Probe{}, putWork+"delete: off\n")
	if string(plain.Identity()) != string(off.Identity()) {
		t.Errorf("removal changes the work's identity:\n%s\n%s", plain.Identity(), off.Identity())
	}
}

// TestRequestsOfAFileStayAndItIsSaid.
func TestRequestsOfAFileStayAndItIsSaid(t *testing.T) {
	for text, wants := range map[string]bool{"PUT http://h/{name}\n": true, "PUT http://h/x\n": false, "GET http://h/{name}\n": false} {
		said := ""
		b := probetest.Open(t, storm.Probe{}, "kind: http.storm\ntargets: {file: "+write(t, text)+"}\n", newStore(t).target, func(on *probes.On) {
			on.Warn = func(text string) { said += text }
		})
		if strings.Contains(said, "nobody removes") != wants || b.Spec.Effects(0).Creates {
			t.Errorf("%q: said %q", text, said)
		}
	}
}

// TestARemovalThatHangsEndsWithItsContext, and says where it was.
func TestARemovalThatHangsEndsWithItsContext(t *testing.T) {
	b, err := probetest.TryOpen(t, storm.Probe{}, putWork, frozen(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = b.Session.(probes.Keeper).Remove(ctx, probes.Kept{Name: "ll-x-t0-1", Seq: 1})
	if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "DELETE of ll-x-t0-1 through around") || took > 2*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}
