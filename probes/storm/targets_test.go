package storm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/probetest"
	"loadline/probes/record"
	"loadline/probes/record/export"
	"loadline/probes/storm"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// heard is a server that notes method, path, a header and the body.
func heard(t *testing.T) (scenarios.Target, func() []string) {
	var mu sync.Mutex
	var all []string
	target := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.RequestURI, r.Header.Get("X-One"), body)))
	})
	return target, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "targets")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFilesOfVegetaAreRead reads both formats, and asks the arm's own origin.
func TestFilesOfVegetaAreRead(t *testing.T) {
	body := write(t, "from a file")
	for format, text := range map[string]string{
		"http": "# comment\nGET http://elsewhere.example/a?q=1\nX-One: 1\n\nPOST http://elsewhere.example/b\nX-One: 2\n@" + body + "\n",
		"json": `{"method":"GET","url":"http://elsewhere.example/a?q=1","header":{"X-One":["1"]}}` + "\n" +
			`{"method":"POST","url":"http://elsewhere.example/b","header":{"X-One":["2"]},"body":"ZnJvbSBhIGZpbGU="}`,
	} {
		t.Run(format, func(t *testing.T) {
			target, all := heard(t)
			sum := sha256.Sum256([]byte(text))
			work := fmt.Sprintf("kind: http.storm\ntargets: {file: %s, format: %s, sha256: %s}\n", write(t, text), format, hex.EncodeToString(sum[:]))
			b := probetest.Open(t, storm.Probe{}, work, target, func(on *probes.On) {
				on.Warn = func(text string) { t.Errorf("remark %q", text) }
			})
			for range 3 {
				if o := b.Do(context.Background(), b.Op(0)); o.Outcome != probes.OK {
					t.Errorf("outcome %s (%v)", o.Outcome, o.Err)
				}
			}
			want := []string{"GET /a?q=1 1", "POST /b 2 from a file", "GET /a?q=1 1"}
			if got := all(); !slices.Equal(got, want) {
				t.Errorf("the server heard %q, want %q", got, want)
			}
		})
	}
}

// TestPlaceholdersAreExpanded in paths, URLs, files of vegeta's and headers;
// all else is left as it is written.
func TestPlaceholdersAreExpanded(t *testing.T) {
	file := func(text string) string { return "targets: {file: " + write(t, text) + "}\n" }
	for name, c := range map[string]struct{ work, want string }{
		"path":           {"path: '/a/{name}/b?q=%7Bname%7D&r={name}'\n", "GET /a/NAME/b?q=%7Bname%7D&r=NAME"},
		"size of a body": {"targets: [{method: POST, path: '/{size}/{name}', body: '12345', headers: {X-One: 'n {name} s {size}'}}]\n", "POST /5/NAME n NAME s 5 12345"},
		"size of a cell": {"path: '/{size}'\n", "GET /4096"},
		"url":            {"targets: [{url: 'http://h/name-/{name}?s={size}'}]\n", "GET /name-/NAME?s=0"},
		"vegeta's http":  {file("GET http://h/{name}?a={name}%20b\nX-One: {name}\n"), "GET /NAME?a=NAME%20b NAME"},
		"another brace":  {file("GET http://h/{other}/{name}\n"), "GET /%7Bother%7D/NAME"},
		"none":           {"path: /name\n", "GET /name"},
	} {
		t.Run(name, func(t *testing.T) {
			target, all := heard(t)
			b := probetest.Open(t, storm.Probe{}, "kind: http.storm\n"+c.work, target, func(on *probes.On) {
				if name == "size of a cell" {
					on.Cell.Size = 4096
				}
			})
			for range 2 {
				op := b.Op(0)
				if o := b.Do(context.Background(), op); o.Outcome != probes.OK {
					t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
				}
				got := all()
				if want := strings.ReplaceAll(c.want, "NAME", op.Name); got[len(got)-1] != want {
					t.Errorf("the server heard %q, want %q", got[len(got)-1], want)
				}
			}
		})
	}
}

func TestFilesAreHeldToTheirDigest(t *testing.T) {
	path := write(t, "GET http://h/a\n")
	target, _ := heard(t)
	_, err := probetest.TryOpen(t, storm.Probe{}, "kind: http.storm\ntargets: {file: "+path+", sha256: "+digestOfSmall+"}\n", target)
	if err == nil || !strings.Contains(err.Error(), "correct one of the two") {
		t.Errorf("another file opens: %v", err)
	}
	var said []string
	probetest.Open(t, storm.Probe{}, "kind: http.storm\ntargets: {file: "+path+"}\n", target, func(on *probes.On) {
		on.Warn = func(text string) { said = append(said, text) }
	})
	if len(said) != 1 || !strings.Contains(said[0], "is not pinned") {
		t.Errorf("remarks %q", said)
	}
}

func TestFilesThatCannotBeUsedAreRefused(t *testing.T) {
	target, _ := heard(t)
	for text, want := range map[string]string{
		"":                                      "holds no request",
		"get it\n":                              "bad method",
		"GET http://a/x\n\nGET http://b/x\n":    "another host",
		"GET http://a/x\nContent-Length: 3\n":   "set by the probe",
		"GET http://a/x\nX-One: 1\n@/no/file\n": "bad body",
		"GET nowhere\n":                         "bad URL",
	} {
		_, err := probetest.TryOpen(t, storm.Probe{}, "kind: http.storm\ntargets: {file: "+write(t, text)+"}\n", target)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	_, err := probetest.TryOpen(t, storm.Probe{}, "kind: http.storm\ntargets: {file: /no/such/file}\n", target)
	if err == nil || !strings.Contains(err.Error(), "work.targets.file") {
		t.Errorf("a file that is none: %v", err)
	}
}

// TestWeights counts what arrives.
func TestWeights(t *testing.T) {
	list := "targets: [{path: /a, weight: 6}, {path: /b, weight: 2}, {path: /c, weight: 4}]\n"
	count := func(work string, n int) (counts map[string]int, order []string) {
		target, all := heard(t)
		b := probetest.Open(t, storm.Probe{}, work, target)
		for range n {
			if o := b.Do(context.Background(), b.Op(0)); o.Outcome != probes.OK {
				t.Fatalf("outcome %s (%v)", o.Outcome, o.Err)
			}
		}
		counts = map[string]int{}
		for _, one := range all() {
			counts[one]++
		}
		return counts, all()
	}
	counts, order := count("kind: http.storm\n"+list, 12)
	if counts["GET /a"] != 6 || counts["GET /b"] != 2 || counts["GET /c"] != 4 || slices.Equal(order[:3], []string{"GET /a", "GET /a", "GET /a"}) {
		t.Errorf("round-robin: %q", order)
	}
	_, first := count("kind: http.storm\norder: random\n"+list, 600)
	counts, second := count("kind: http.storm\norder: random\n"+list, 600)
	if !slices.Equal(first, second) {
		t.Error("random order differs between two runs of one seed")
	}
	for path, want := range map[string]int{"GET /a": 300, "GET /b": 100, "GET /c": 200} {
		if got := counts[path]; got < want-60 || got > want+60 {
			t.Errorf("random: %s came %d times of 600, want about %d", path, got, want)
		}
	}
}

// TestEveryProblemIsSaidAtOnce checks one bad file with many mistakes.
func TestEveryProblemIsSaidAtOnce(t *testing.T) {
	_, err := (storm.Probe{}).Check(probetest.Node(t, `kind: http.storm
targets:
  - {path: nowhere}
  - {path: /a, url: "http://h/b"}
  - {method: get, path: /}
  - {path: "/{seq}"}
  - {path: /, headers: {Host: x, Authorization: Bearer abc, "a b": c}}
  - {path: /, body: x, body_file: y}
  - {method: HEAD, path: /, expect: {size: 1KiB}}
  - {path: "/ä"}
  - {}
order: sorted
expect: {status: 700, sha256: abc}
connections: pooled
answer_after: 0s
zzz: 1
`))
	if err == nil {
		t.Fatal("nothing is wrong with it")
	}
	for _, want := range []string{
		"does not start with a slash", "path is given too", "method", "placeholder that is not known", "headers.Host: is set by the probe",
		"would put a secret into the record", "is no name of a header", "body is given too", "HEAD has no body", "no path can carry",
		"targets[8].path: is missing", `unknown word "sorted"`, `"700" is no status`, "expect.sha256", `unknown word "pooled"`, "answer_after", "zzz: unknown key",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q:\n%v", want, err)
		}
	}
}

// plan16 is a closed storm of 16 in flight.
func plan16(t testing.TB, url string, length time.Duration) plan.Plan {
	t.Helper()
	text := fmt.Sprintf(`name: bench/storm
arms:
  - {id: a, role: reference, target: {url: %q}}
  - {id: b, role: candidate, target: {url: %q}}
work: {kind: http.storm, targets: [{path: /small}], expect: {size: 1KiB}}
load: {model: closed, in_flight: 16, warmup: 0s, measure: %v, drain: 2s}
design: {blocks: 1, rest: 0s}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`, url, url, length)
	p, err := plan.Read("bench.yaml", []byte(text), scenarios.Options{}, probes.Table{storm.Probe{}})
	if err != nil {
		t.Fatal(err)
	}
	p.Trials = p.Trials[:1]
	return p
}

// TestVegetaReadsTheResults runs a storm, exports its raw observations and
// lets vegeta's own library sum them up.
func TestVegetaReadsTheResults(t *testing.T) {
	p := plan16(t, serve(t).URL, 300*time.Millisecond)
	p.Scenario.Limits.Requests = 500
	run, err := engine.Run(context.Background(), p, engine.Options{Table: probes.Table{storm.Probe{}}, Header: record.Header{Run: "vegeta", Arms: p.Arms, Cells: p.Cells}, Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	total := run.Trials[0].Total()
	for _, encoding := range export.Encodings {
		var file bytes.Buffer
		if err := export.Vegeta(&file, run, export.VegetaOptions{Encoding: encoding}); err != nil {
			t.Fatal(err)
		}
		var m vegeta.Metrics
		for decode := vegeta.DecoderFor(&file); ; {
			var r vegeta.Result
			if err := decode(&r); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			m.Add(&r)
		}
		m.Close()
		if m.Requests != total || m.Success != 1 || m.BytesIn.Total != 1024*total || m.StatusCodes["200"] != int(total) {
			t.Errorf("%s: vegeta sums up %d requests, success %v, %d bytes in, codes %v; the run has %d", encoding, m.Requests, m.Success, m.BytesIn.Total, m.StatusCodes, total)
		}
	}
}
