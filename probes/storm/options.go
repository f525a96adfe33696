package storm

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"loadline/probes/internal/removal"
	"loadline/scenarios"
	"loadline/scenarios/strict"
	"loadline/scenarios/unit"
)

// Kind is the dotted kind of this probe.
const Kind = "http.storm"

// Order is how the targets take turns.
type Order string

// The orders.
const (
	RoundRobin Order = "round-robin"
	Random     Order = "random"
)

// Words are all orders.
func (Order) Words() []string { return []string{string(RoundRobin), string(Random)} }

// Connections is how ops share connections.
type Connections string

// The ways to use connections.
const (
	Reuse  Connections = "reuse"  // one per place in flight, kept
	Fresh  Connections = "fresh"  // one per op
	Shared Connections = "shared" // one for all, over HTTP/2
)

// Words are all ways to use connections.
func (Connections) Words() []string { return []string{string(Reuse), string(Fresh), string(Shared)} }

// Options is the work mapping of http.storm.
type Options struct {
	Kind    string  `key:"kind" required:"true" enum:"http.storm" doc:"the kind of work: http.storm" json:"kind"`
	Targets Targets `key:"targets" doc:"the requests: a list of {path, method, headers, body, weight, expect}, or {file: targets.txt} in vegeta's http or json format" json:"targets"`
	Path    string  `key:"path" doc:"in place of targets: GET of this one path" json:"path,omitempty"`
	Order   Order   `key:"order" default:"round-robin" doc:"round-robin (by weight) or random (by weight, seeded)" json:"order"`

	Headers map[string]scenarios.Text `key:"headers" doc:"headers of every request; a value may be {env: NAME} or {file: path}; {name} and {size} are expanded" json:"headers,omitempty"`
	Expect  Expect                    `key:"expect" doc:"what a good answer is" json:"expect"`

	// Delete is no part of the measured work's identity.
	Delete removal.Delete `key:"delete" doc:"off, or {method: DELETE, path: /files/{name}}: how to remove what PUT and POST created at paths with {name}" json:"-"`

	Connections Connections   `key:"connections" default:"reuse" doc:"reuse (one per place in flight), fresh (one per op) or shared (one for all, HTTP/2)" json:"connections"`
	AnswerAfter time.Duration `key:"answer_after" default:"30s" min:"10ms" max:"24h" doc:"an op whose answer is not begun this long after it was sent has timed out" json:"answer_after"`
	StallAfter  time.Duration `key:"stall_after" default:"10s" min:"10ms" max:"1h" doc:"an op that moves no byte for this long is stalled" json:"stall_after"`
}

// Targets are the requests, written in the scenario or in a file of vegeta's.
type Targets struct {
	List []Target `json:"list,omitempty"`
	File *File    `json:"file,omitempty"`
}

// Target is one request.
type Target struct {
	Method string `key:"method" default:"GET" pattern:"^[A-Z]{1,20}$" doc:"method in capitals, such as GET or POST" json:"method"`
	Path   string `key:"path" doc:"path after the target's URL; {name} (the op's own) and {size} (bytes: the cell's, else of its body) are expanded, a query is left as written" json:"path,omitempty"`
	URL    string `key:"url" doc:"a vegeta URL, of which path and query are used, {name} and {size} expanded: the arm's URL says where it goes" json:"url,omitempty"`

	Headers  map[string]scenarios.Text `key:"headers" doc:"headers of this request, in place of those of all" json:"headers,omitempty"`
	Body     string                    `key:"body" doc:"body as text" json:"body,omitempty"`
	BodyFile string                    `key:"body_file" doc:"file that holds the body" json:"body_file,omitempty"`
	Weight   int                       `key:"weight" default:"1" min:"1" max:"10000" doc:"how often it comes, relative to the others" json:"weight"`
	Expect   *Expect                   `key:"expect" doc:"what a good answer to this request is, in place of that of all" json:"expect,omitempty"`
}

// File is a targets file as vegeta reads it.
type File struct {
	File   string `key:"file" required:"true" doc:"path of the file" json:"file"`
	Format string `key:"format" default:"http" enum:"http,json" doc:"vegeta's http or json format" json:"format"`
	SHA256 string `key:"sha256" pattern:"^[0-9a-f]{64}$" doc:"its SHA-256 in 64 hexadecimal digits, so that a changed file is refused" json:"sha256,omitempty"`
}

// Expect is what a good answer is.
type Expect struct {
	Status []Status    `key:"status" one:"true" default:"2xx" min:"1" max:"50" doc:"status or class of a good answer, such as 204 or 2xx, or a list" json:"status"`
	Size   *unit.Bytes `key:"size" min:"0" max:"16MiB" doc:"size of its body" json:"size,omitempty"`
	SHA256 string      `key:"sha256" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of its body in 64 hexadecimal digits" json:"sha256,omitempty"`
}

// DecodeNode reads a list of requests, or {file: …}.
func (t *Targets) DecodeNode(n scenarios.Node) scenarios.Problems {
	if n.IsMapping() {
		t.File = new(File)
		return n.Decode(t.File)
	}
	if !n.IsList() {
		return scenarios.Problems{n.Problem("is neither a list of requests nor {file: …}", "write - {method: GET, path: /index.html}")}
	}
	var problems scenarios.Problems
	for _, item := range n.Items() {
		var one Target
		problems = append(problems, item.Decode(&one)...)
		t.List = append(t.List, one)
	}
	switch {
	case len(t.List) == 0:
		problems = append(problems, n.Problem("names no request", "write - {method: GET, path: /index.html}"))
	case len(t.List) > maxTargets:
		problems = append(problems, n.Problem(fmt.Sprintf("%d requests are too many", len(t.List)), fmt.Sprintf("%d at most", maxTargets)))
	}
	return problems
}

// JSONSchema describes both forms in draft-07.
func (Targets) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "array", "minItems": 1, "maxItems": maxTargets, "items": strict.Schema(Target{})},
		strict.Schema(File{}),
	}}
}

// maxTargets and maxBody bound what a session holds in memory.
const (
	maxTargets = 100_000
	maxBody    = 16 << 20
)

// Status is one status code, or a class of them.
type Status struct {
	Code  int // 0 for a class
	Class int // 1 to 5, 0 for a code
}

// UnmarshalText reads 204 or 2xx.
func (s *Status) UnmarshalText(text []byte) error {
	word := string(text)
	if class, ok := strings.CutSuffix(word, "xx"); ok && len(class) == 1 && class[0] >= '2' && class[0] <= '5' {
		*s = Status{Class: int(class[0] - '0')}
		return nil
	}
	if n, err := strconv.Atoi(word); err == nil && len(word) == 3 && n >= 200 && n <= 599 {
		*s = Status{Code: n}
		return nil
	}
	return fmt.Errorf("%q is no status: write 204 or 2xx, from 200 on", word)
}

// MarshalText writes what UnmarshalText reads.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is what UnmarshalText reads.
func (s Status) String() string {
	if s.Code > 0 {
		return strconv.Itoa(s.Code)
	}
	return strconv.Itoa(s.Class) + "xx"
}

// JSONSchema describes the written form in draft-07.
func (Status) JSONSchema() map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "integer", "minimum": 200, "maximum": 599},
		map[string]any{"type": "string", "pattern": "^([2-5]xx|[2-5][0-9][0-9])$"},
	}}
}

// wants reports whether the status is one of those expected.
func (e *Expect) wants(status int) bool {
	for _, s := range e.Status {
		if s.Code == status || s.Class > 0 && s.Class == status/100 {
			return true
		}
	}
	return false
}
