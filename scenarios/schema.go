package scenarios

import (
	"bytes"
	"encoding/json"
	"sort"

	"loadline/scenarios/strict"
)

// SchemaID names the schema of version 1 of the language.
const SchemaID = "urn:loadline:scenario:v1"

// Schema is the draft-07 JSON Schema of a scenario, indented, for editors. The
// options of each kind of work are those of a zero value of its tagged struct.
func Schema(kinds map[string]any) ([]byte, error) {
	schema := strict.Schema(Scenario{})
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["$id"] = SchemaID
	schema["title"] = "loadline scenario, version 1"
	schema["definitions"] = strict.Definitions()
	properties := schema["properties"].(map[string]any)
	properties["work"] = workSchema(kinds)

	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(schema)
	return b.Bytes(), err
}

// workSchema lets the kind choose which options there are.
func workSchema(kinds map[string]any) map[string]any {
	names := make([]string, 0, len(kinds))
	for kind := range kinds {
		names = append(names, kind)
	}
	sort.Strings(names)
	choices := make([]any, len(names))
	for i, kind := range names {
		options := strict.Schema(kinds[kind])
		properties := options["properties"].(map[string]any)
		properties["kind"] = map[string]any{"const": kind}
		cells := strict.Schema(CellAxes{})
		cells["description"] = "sizes, protocols and numbers in flight, if not at the top"
		properties["cells"] = cells
		// A size may also come from the cells, which the decoder checks.
		options["required"] = without(options["required"], "size")
		choices[i] = map[string]any{
			"if":   map[string]any{"required": []string{"kind"}, "properties": map[string]any{"kind": map[string]any{"const": kind}}},
			"then": options,
		}
	}
	return map[string]any{
		"type": "object", "required": []string{"kind"},
		"description": "what one op does: a kind and its options",
		"properties":  map[string]any{"kind": map[string]any{"enum": names, "description": "the kind of work"}},
		"allOf":       choices,
	}
}

func without(words any, word string) []string {
	out := []string{}
	list, _ := words.([]string)
	for _, w := range list {
		if w != word {
			out = append(out, w)
		}
	}
	return out
}
