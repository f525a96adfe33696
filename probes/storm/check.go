package storm

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// Probe is http.storm.
type Probe struct{}

var _ probes.Probe = Probe{}

var measured = []metric.ID{
	metric.Rate, metric.Response, metric.Service, metric.TTFB, metric.TTLB, metric.Errors,
	metric.Connect, metric.TLS, metric.Goodput, metric.IntegrityCorrupt, metric.IntegrityShort,
}

// Info implements probes.Probe.
func (Probe) Info() probes.Info {
	return probes.Info{
		Kind: Kind, Line: "many small HTTP requests on vegeta's targets, each planned, timed by phase and checked",
		Options: Options{}, Metrics: slices.Clone(measured),
	}
}

// Check implements probes.Probe.
func (Probe) Check(raw scenarios.Node) (plan.Spec, error) {
	s := &Spec{}
	c := &checker{raw: raw, o: &s.o, problems: raw.Decode(&s.o)}
	c.headers(c.o.Headers, raw.Child("headers"))
	c.single()
	items := raw.Child("targets").Items()
	for i := range min(len(items), len(c.o.Targets.List)) {
		c.target(&c.o.Targets.List[i], items[i])
	}
	c.removal()
	if n := c.o.round(); c.o.Order == RoundRobin && n > maxTargets {
		c.refuse(raw.At("targets"), fmt.Sprintf("a round of these weights has %d requests", n), "use smaller weights, or order: random")
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// checker looks at decoded options for what no single one can know.
type checker struct {
	raw      scenarios.Node
	o        *Options
	problems scenarios.Problems
}

func (c *checker) refuse(at scenarios.Node, what, hint string) {
	c.problems = append(c.problems, at.Problem(what, hint))
}

// single turns a path into the one target that it stands for.
func (c *checker) single() {
	given, path := c.raw.Child("targets"), c.raw.Child("path")
	switch {
	case given.Absent() && path.Absent():
		c.refuse(c.raw.At("targets"), "is missing", "a list such as [{method: GET, path: /index.html}], or path: /index.html")
	case !given.Absent() && !path.Absent():
		c.refuse(path, "targets are given too", "remove one of the two")
	case given.Absent() && c.o.Path != "":
		c.path(c.o.Path, path)
		c.o.Targets.List = []Target{{Method: "GET", Path: c.o.Path, Weight: 1}}
		c.o.Path = ""
	case given.Absent():
		c.refuse(path, "is empty", "path after the target's URL, such as /index.html")
	}
}

// removal sees to it that a path for removal names what the op created, and
// nothing else.
func (c *checker) removal() {
	if c.o.Delete.Method == "" {
		c.o.Delete.Method = "DELETE"
	}
	path, at := c.o.Delete.Path, c.raw.At("delete", "path")
	if path == "" {
		return
	}
	c.path(path, at)
	if !addresses(path) {
		c.refuse(at, fmt.Sprintf("%q would remove the same thing for every op", path), "name the op's own: /files/{name}")
	}
}

func (c *checker) target(t *Target, at scenarios.Node) {
	switch {
	case t.Path != "" && t.URL != "":
		c.refuse(at.At("url"), "path is given too", "remove one of the two")
	case t.Path == "" && t.URL == "":
		c.refuse(at.At("path"), "is missing", "path after the target's URL, such as /index.html")
	case t.Path != "":
		c.path(t.Path, at.At("path"))
	default:
		if _, err := pathOf(t.URL); err != nil {
			c.refuse(at.At("url"), err.Error(), "such as http://host/index.html")
		}
	}
	if t.Body != "" && t.BodyFile != "" {
		c.refuse(at.At("body_file"), "body is given too", "remove one of the two")
	}
	if len(t.Body) > maxBody {
		c.refuse(at.At("body"), fmt.Sprintf("%d bytes are no small request", len(t.Body)), "use http.transfer")
	}
	if e := t.Expect; t.Method == "HEAD" && e != nil && (e.Size != nil || e.SHA256 != "") {
		c.refuse(at.At("expect"), "an answer to HEAD has no body", "expect a status only, or use GET")
	}
	c.headers(t.Headers, at.Child("headers"))
}

// path checks the form of a path and its placeholders.
func (c *checker) path(p string, at scenarios.Node) {
	plain := strings.NewReplacer(placeholder, "name", sizeholder, "1").Replace(p)
	switch {
	case !strings.HasPrefix(p, "/"):
		c.refuse(at, fmt.Sprintf("%q does not start with a slash", p), "write it from the root of target.url")
	case strings.ContainsAny(plain, "{}"):
		c.refuse(at, fmt.Sprintf("%q has a placeholder that is not known", p), "{name} and {size} are; write %7B for a brace")
	case !wellFormed(plain):
		c.refuse(at, fmt.Sprintf("%q has characters that no path can carry", p), "percent-encode them")
	}
}

// wellFormed reports whether a path and query can stand in a request line.
func wellFormed(p string) bool {
	if strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
		return false
	}
	_, err := url.ParseRequestURI(p)
	return err == nil
}

// pathOf is the path and query of a target's URL, or of a bare path, with its
// placeholders.
func pathOf(raw string) (string, error) {
	name, size := unlike(raw, "name"), unlike(raw, "size")
	u, err := url.ParseRequestURI(strings.NewReplacer(placeholder, name, sizeholder, size).Replace(raw))
	if err != nil || u.Host == "" && !strings.HasPrefix(raw, "/") {
		return "", fmt.Errorf("%q is no URL", scenarios.RedactURL(raw))
	}
	return strings.NewReplacer(name, placeholder, size, sizeholder).Replace(u.RequestURI()), nil
}

// unlike is a word that does not occur in a text. It stands for a placeholder
// while a URL is parsed, which would escape its braces.
func unlike(text, word string) string {
	for word += "-"; strings.Contains(text, word); word += "x" {
	}
	return word
}

// managed are headers that other keys or the protocol set.
var managed = map[string]string{
	"host": "target.url names the host", "content-length": "the body decides it", "transfer-encoding": "bodies are sent with their length",
	"connection": "use connections", "expect": "it is not supported", "te": "it is not needed",
	"upgrade": "it is not supported", "trailer": "it is not supported",
}

func (c *checker) headers(headers map[string]scenarios.Text, at scenarios.Node) {
	for _, name := range at.Keys() {
		value, decoded := headers[name]
		hint, own := managed[strings.ToLower(name)]
		switch {
		case !decoded:
		case !httpguts.ValidHeaderFieldName(name):
			c.refuse(at.At(name), fmt.Sprintf("%q is no name of a header", name), "letters, digits and dashes")
		case own:
			c.refuse(at.At(name), "is set by the probe", hint)
		case value.Secret == nil && scenarios.IsSecretHeader(name):
			c.refuse(at.At(name), "would put a secret into the record", "write {env: NAME} or {file: path}")
		case value.Secret == nil && !httpguts.ValidHeaderFieldValue(value.Literal):
			c.refuse(at.At(name), "has characters that no header can carry", "remove line breaks and control characters")
		}
	}
}
