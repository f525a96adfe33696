package storm

import (
	"fmt"
	"strings"

	"loadline/scenarios"
)

// Delete says how what the requests created is removed.
type Delete struct {
	Off          bool
	Method, Path string
}

// DecodeNode reads off, on, or {method:, path:}.
func (d *Delete) DecodeNode(n scenarios.Node) scenarios.Problems {
	if n.IsMapping() {
		var in struct {
			Method string `key:"method" default:"DELETE" enum:"DELETE,POST,PUT,GET" doc:"method of the request that removes"`
			Path   string `key:"path" doc:"its path, if not that of the request that created; {name} is expanded"`
		}
		problems := n.Decode(&in)
		*d = Delete{Method: in.Method, Path: in.Path}
		return problems
	}
	*d = Delete{Method: "DELETE"}
	switch text, _ := n.Scalar(); text {
	case "on", "true":
	case "off", "false":
		d.Off = true
	default:
		return scenarios.Problems{n.Problem(fmt.Sprintf("%q is neither on nor off", text), "write off, or {method: DELETE, path: /files/{name}}")}
	}
	return nil
}

// JSONSchema describes the written forms in draft-07.
func (Delete) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"enum": []any{true, false, "on", "off"}},
		map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{
			"method": map[string]any{"enum": []string{"DELETE", "POST", "PUT", "GET"}}, "path": map[string]any{"type": "string"},
		}},
	}}
}

// addresses reports whether a path names something of the op's own, and of no
// one else. A name in the query does not: a server that overlooks it would
// remove all that the path stands for.
func addresses(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return strings.Contains(path, placeholder)
}

// creates reports whether a request is known to leave something behind that
// can be named: it is a PUT or a POST, and its own path, or the one that the
// scenario gives for removal, holds the op's name.
func (o *Options) creates(method, path string) bool {
	return (method == "PUT" || method == "POST") && (addresses(path) || o.Delete.Path != "")
}

// where is the path of a listed request.
func (t *Target) where() string {
	if t.Path != "" {
		return t.Path
	}
	path, _ := pathOf(t.URL) // it was checked
	return path
}
