// Package removal is the language in which a scenario says how what its
// requests created is removed again: work.delete of every probe that speaks
// HTTP. It sends nothing.
package removal

import (
	"encoding/json"
	"fmt"

	"loadline/scenarios"
)

// Delete says how an object is removed.
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
		return scenarios.Problems{n.Problem(fmt.Sprintf("%q is neither on nor off", text), "write on, off, or {method: DELETE, path: /files/{name}}")}
	}
	return nil
}

// MarshalJSON writes the form that DecodeNode reads.
func (d Delete) MarshalJSON() ([]byte, error) {
	if d.Off {
		return []byte(`"off"`), nil
	}
	return json.Marshal(map[string]string{"method": d.Method, "path": d.Path})
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
