package removal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"loadline/probes/internal/removal"
	"loadline/scenarios/strict"
)

func decode(t *testing.T, text string) (removal.Delete, error) {
	t.Helper()
	node, problems := strict.Parse("work.yaml", []byte("delete: "+text+"\n"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var d removal.Delete
	return d, d.DecodeNode(node.Child("delete")).Err()
}

// schema is the language as the JSON Schema has it.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(removal.Delete{}.JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("delete.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("delete.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDelete: what is written, what it means, that what is marshalled means the
// same again, and that the schema takes and refuses what the decoder does.
func TestDelete(t *testing.T) {
	for _, c := range []struct {
		text string
		json string // the same in JSON, for the schema
		want removal.Delete
		says string // the problem, if it is one
	}{
		{text: "on", json: `"on"`, want: removal.Delete{Method: "DELETE"}},
		{text: "true", json: `true`, want: removal.Delete{Method: "DELETE"}},
		{text: "off", json: `"off"`, want: removal.Delete{Method: "DELETE", Off: true}},
		{text: "{path: '/rm/{name}'}", json: `{"path": "/rm/{name}"}`, want: removal.Delete{Method: "DELETE", Path: "/rm/{name}"}},
		{text: "{method: POST, path: /rm}", json: `{"method": "POST", "path": "/rm"}`, want: removal.Delete{Method: "POST", Path: "/rm"}},
		{text: "maybe", json: `"maybe"`, says: `"maybe" is neither on nor off`},
		{text: "{method: PATCH}", json: `{"method": "PATCH"}`, says: "PATCH"},
		{text: "{methods: POST}", json: `{"methods": "POST"}`, says: "methods"},
	} {
		got, err := decode(t, c.text)
		doc, derr := jsonschema.UnmarshalJSON(strings.NewReader(c.json))
		if derr != nil {
			t.Fatal(derr)
		}
		if bad := schema(t).Validate(doc); (bad == nil) != (c.says == "") {
			t.Errorf("%s: the schema says %v", c.text, bad)
		}
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want a problem saying %q", c.text, err, c.says)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.text, got, err, c.want)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(t, string(text)) // JSON is YAML
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("%s: written as %s and read as %+v (%v)", c.text, text, again, err)
		}
	}
}
