package transfer

import (
	"encoding/hex"
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

// Probe is http.transfer.
type Probe struct{}

var _ probes.Probe = Probe{}

var measured = []metric.ID{
	metric.Goodput, metric.TTFB, metric.TTLB, metric.Service, metric.Response, metric.Rate, metric.Errors,
	metric.Connect, metric.TLS, metric.StallTime, metric.IntegrityCorrupt, metric.IntegrityShort,
}

// Info implements probes.Probe.
func (p Probe) Info() probes.Info {
	kind, line := p.info()
	return probes.Info{Kind: kind, Line: line, Options: Options{},
		Metrics: append(slices.Clone(measured), metric.IntegrityLost, metric.IntegrityDuplicate)}
}

// Check implements probes.Probe.
func (Probe) Check(raw scenarios.Node) (plan.Spec, error) {
	s := &Spec{}
	c := &checker{raw: raw, o: &s.o, problems: raw.Decode(&s.o)}
	c.direction()
	c.defaults()
	c.sized()
	c.paths()
	c.headers()
	c.form()
	c.verification()
	c.ranges()
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	s.unseen = c.unseen
	return s, nil
}

// checker looks at decoded options for what no single one can know.
type checker struct {
	raw      scenarios.Node
	o        *Options
	problems scenarios.Problems
	unseen   string // why bodies are not looked into, though nobody said so
}

func (c *checker) refuse(what, hint string, keys ...string) {
	c.problems = append(c.problems, c.raw.At(keys...).Problem(what, hint))
}

func (c *checker) has(key string) bool { return !c.raw.Child(key).Absent() }

// direction refuses keys that only make sense the other way.
func (c *checker) direction() {
	foreign := map[Direction][]string{
		Upload:   {"fixture", "expect", "range"},
		Download: {"form", "chunked", "expect_continue", "readback", "receipts", "delete"},
	}
	for _, key := range foreign[c.o.Direction] {
		if c.has(key) {
			c.refuse("means nothing for "+map[Direction]string{Upload: "an upload", Download: "a download"}[c.o.Direction], "remove it, or turn work.direction round", key)
		}
	}
	switch {
	case c.o.Direction == Upload && c.o.Method == "GET":
		c.refuse("GET uploads nothing", "PUT, POST or PATCH", "method")
	case c.o.Direction == Download && (c.o.Method == "PUT" || c.o.Method == "PATCH"):
		c.refuse(c.o.Method+" downloads nothing", "GET or POST", "method")
	}
}

// sized asks for the size, which work or cells must name.
func (c *checker) sized() {
	if !c.has("size") && c.o.Fixture != Existing {
		c.refuse("is missing", "size of the object, such as 100MiB, or cells: {sizes: [1MiB, 1GiB]}", "size")
	}
}

// defaults fills in what depends on other keys.
func (c *checker) defaults() {
	o := c.o
	if o.Method == "" {
		o.Method = map[Direction]string{Upload: "PUT", Download: "GET"}[o.Direction]
	}
	if o.Connections.Mode == "" {
		o.Connections.Mode = "reuse"
	}
	if o.Delete.Method == "" {
		o.Delete.Method = "DELETE"
	}
	if o.Direction == Download && o.Fixture == "" {
		o.Fixture = Own
	}
	if o.Verify == "" {
		o.Verify = o.strongest()
		c.unseen = o.incomparable()
	}
}

// strongest is the verification that the work allows.
func (o *Options) strongest() Verify {
	switch {
	case o.Direction == Upload && o.addressable():
		return VerifyReadback
	case o.Direction == Upload, o.incomparable() != "":
		return VerifyNone
	}
	return VerifyDigest
}

// addressable reports whether an uploaded object can be asked for again.
func (o *Options) addressable() bool {
	return strings.Contains(o.readPath(), "{name}")
}

// readPath is where an object is read back.
func (o *Options) readPath() string {
	if o.Readback.Path != "" {
		return o.Readback.Path
	}
	return o.Path
}

func (c *checker) paths() {
	c.path(c.o.Path, "path")
	if c.o.Readback.Path != "" {
		c.path(c.o.Readback.Path, "readback", "path")
	}
	if c.o.Delete.Path != "" {
		c.path(c.o.Delete.Path, "delete", "path")
	}
	named := strings.Contains(c.o.Path, "{name}")
	switch {
	case c.o.Path == "":
	case c.o.Fixture == Existing && named:
		c.refuse("an existing object has a name of its own", "write its path without {name}", "path")
	case c.o.Fixture == Own && !named:
		c.refuse("objects of a run need names of their own", "add {name}, or fixture: existing", "path")
	case c.o.Direction == Upload && c.o.Method == "PUT" && !named:
		c.refuse("every upload would overwrite the one before", "add {name} to the path", "path")
	}
	if r := c.o.Receipts; r != nil {
		if u, err := url.Parse(expand(r.URL, "name", 1)); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			c.refuse("is not an absolute http or https URL", "such as http://origin:8080/stats/{name}", "receipts", "url")
		}
		if _, err := parsePath(r.Count); err != nil {
			c.refuse(err.Error(), "such as stored.count or items[0].n", "receipts", "count")
		}
	}
}

// path checks the form of a path and its placeholders.
func (c *checker) path(p string, keys ...string) {
	if p == "" {
		return
	}
	plain := expand(p, "name", 1)
	switch {
	case !strings.HasPrefix(p, "/"):
		c.refuse(fmt.Sprintf("%q does not start with a slash", p), "write it from the root of target.url", keys...)
	case strings.ContainsAny(plain, "{}"):
		c.refuse(fmt.Sprintf("%q has a placeholder that is not known", p), "{name} and {size} are; write %7B for a brace", keys...)
	case strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.Contains(plain, "#"):
		c.refuse(fmt.Sprintf("%q has characters that no path can carry", p), "percent-encode them", keys...)
	default:
		if _, err := url.ParseRequestURI(plain); err != nil {
			c.refuse(fmt.Sprintf("%q is not a path", p), "percent-encode what is special in it", keys...)
		}
	}
}

// managed are headers that other keys or the protocol set.
var managed = map[string]string{
	"host": "target.url names the host", "content-length": "work.size decides it", "transfer-encoding": "use chunked: true",
	"connection": "use connections", "range": "use range", "expect": "use expect_continue: on", "te": "it is not needed",
	"upgrade": "it is not supported", "trailer": "it is not supported", "traceparent": "it is sent with every op",
}

func (c *checker) headers() {
	for name, value := range c.o.Headers {
		lower := strings.ToLower(name)
		hint, own := managed[lower]
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			c.refuse(fmt.Sprintf("%q is no name of a header", name), "letters, digits and dashes", "headers", name)
		case own:
			c.refuse("is set by the probe", hint, "headers", name)
		case value.Secret == nil && scenarios.IsSecretHeader(name):
			c.refuse("would put a secret into the record", "write {env: NAME} or {file: path}", "headers", name)
		case value.Secret == nil && !httpguts.ValidHeaderFieldValue(value.Literal):
			c.refuse("has characters that no header can carry", "remove line breaks and control characters", "headers", name)
		case lower == "accept-encoding" && c.o.Verify == VerifyDigest && !decodable(value.Literal):
			c.refuse(fmt.Sprintf("asks for an encoding that cannot be verified: %q", value.Literal), "gzip, deflate or identity; or verify: none", "headers", name)
		}
	}
}

func (c *checker) form() {
	f := c.o.Form
	if f == nil {
		return
	}
	broken := func(s string) bool { return s == "" || strings.ContainsAny(s, "\r\n\"") }
	if c.o.Method == "PATCH" {
		c.refuse("a form is not sent with PATCH", "POST or PUT", "method")
	}
	if broken(f.Field) {
		c.refuse("is no name of a form field", "letters and digits", "form", "field")
	}
	if broken(f.Filename) {
		c.refuse("is no file name", "such as {name}.bin", "form", "filename")
	}
	for name, value := range f.Fields {
		if broken(name) || strings.ContainsAny(value.Literal, "\r\n") {
			c.refuse("is no form field of one line", "letters and digits", "form", "fields", name)
		}
	}
}

func (c *checker) verification() {
	o := c.o
	switch {
	case o.Direction == Download && o.Verify == VerifyReadback:
		c.refuse("readback is for uploads", "digest verifies every byte that arrives", "verify")
	case o.Direction == Upload && o.Verify == VerifyDigest:
		c.refuse("an upload has no bytes that arrive", "readback or none", "verify")
	case o.Verify == VerifyReadback && !o.addressable():
		c.refuse("nothing says where an upload can be read", "add {name} to the path, or readback: {path: /files/{name}}", "verify")
	case o.Verify == VerifyNone && c.has("readback"):
		c.refuse("verify: none reads nothing back", "remove one of the two", "readback")
	}
	switch {
	case o.Fixture == Existing && o.Expect == nil:
		c.refuse("an existing object needs its size", "add expect: {size: …, sha256: …}", "fixture")
	case o.Fixture == Own && c.has("expect"):
		c.refuse("own fixtures are known already", "remove it, or fixture: existing", "expect")
	}
	if e := o.Expect; e != nil {
		if raw, err := hex.DecodeString(e.SHA256); e.SHA256 != "" && (err != nil || len(raw) != 32) {
			c.refuse("is no SHA-256", "64 hexadecimal digits, as sha256sum prints them", "expect", "sha256")
		}
		if o.Fixture == Existing && c.has("size") && o.Size != e.Size {
			c.refuse(fmt.Sprintf("%v is not what expect.size says: %v", o.Size, e.Size), "remove it", "size")
		}
		if o.learns() && o.Range.Mode == "random" {
			c.refuse("parts at random have no digest to compare with", "fix the range, or verify: none", "verify")
		}
		if o.Range.Mode != "" && e.SHA256 != "" {
			c.refuse("the digest of the whole says nothing about a part", "remove it, or the range", "expect", "sha256")
		}
	}
}

func (c *checker) ranges() {
	size := (&Spec{o: *c.o}).Size()
	if _, _, ok := c.o.Range.of(size, 0); !ok && size > 0 {
		c.refuse(fmt.Sprintf("does not fit into an object of %v", size), "make the object larger or the range smaller", "range")
	}
	if c.o.Range.Mode != "" && c.o.Method == "POST" {
		c.refuse("a range is asked for with GET", "remove method", "method")
	}
}
