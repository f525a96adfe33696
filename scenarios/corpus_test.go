package scenarios_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// sample is a file of the corpus. Lines "#set path=value" and "#env NAME=value"
// at its top are what the command line and the environment hold.
type sample struct {
	name string
	src  []byte
	opts scenarios.Options
}

func corpus(t testing.TB, folder string) []sample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus in %s: %v", folder, err)
	}
	samples := make([]sample, len(files))
	for i, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := sample{name: strings.TrimSuffix(filepath.Base(file), ".yaml"), src: src}
		env := map[string]string{}
		for _, line := range strings.Split(string(src), "\n") {
			if set, ok := strings.CutPrefix(line, "#set "); ok {
				s.opts.Sets = append(s.opts.Sets, set)
			} else if assignment, ok := strings.CutPrefix(line, "#env "); ok {
				name, value, _ := strings.Cut(assignment, "=")
				env[name] = value
			}
		}
		s.opts.Env = func(name string) (string, bool) { value, set := env[name]; return value, set }
		samples[i] = s
	}
	return samples
}

// golden compares with a file, or writes it when LOADLINE_UPDATE is set.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("LOADLINE_UPDATE") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (make golden writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got), make golden writes it again:\n%s", file, diff)
	}
}

// positioned is how every problem begins.
var positioned = regexp.MustCompile(`^([a-z0-9-]+\.yaml:[1-9][0-9]*:[1-9][0-9]*|--set[^:]*): `)

func TestBadScenariosAreRefusedWithEveryProblem(t *testing.T) {
	for _, s := range corpus(t, "bad") {
		t.Run(s.name, func(t *testing.T) {
			_, err := plan.Read(s.name+".yaml", s.src, s.opts, testKinds{})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if !positioned.MatchString(line) {
					t.Errorf("not positioned: %s", line)
				}
				if strings.Contains(line, "hunter2") {
					t.Errorf("shows a secret: %s", line)
				}
			}
			golden(t, filepath.Join("testdata", "bad", s.name+".txt"), []byte(err.Error()+"\n"))
		})
	}
}

func TestGoodScenariosResolve(t *testing.T) {
	for _, s := range corpus(t, "good") {
		t.Run(s.name, func(t *testing.T) {
			p, err := plan.Read(s.name+".yaml", s.src, s.opts, testKinds{})
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(p.Scenario, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "good", s.name+".json"), append(text, '\n'))

			again, err := scenarios.Reopen(s.name+".yaml", p.Scenario.Source, p.Scenario.Overrides, p.Scenario.Env, s.opts)
			if err != nil {
				t.Fatalf("cannot be opened again from what a record keeps: %v", err)
			}
			second, _ := json.MarshalIndent(again, "", "  ")
			if diff := cmp.Diff(string(text), string(second)); diff != "" {
				t.Errorf("opened again it is another scenario (-first +second):\n%s", diff)
			}
			var read scenarios.Scenario
			if err := json.Unmarshal(text, &read); err != nil {
				t.Errorf("its JSON cannot be read: %v", err)
			}
			third, _ := json.MarshalIndent(read, "", "  ")
			if diff := cmp.Diff(string(text), string(third)); diff != "" {
				t.Errorf("read from JSON it is another scenario (-first +read):\n%s", diff)
			}
		})
	}
}

// decoderOnly are the bad files that the schema accepts: what is wrong with
// them lies between fields, outside of the file, or in the meaning of a text.
// All others must be refused by both.
var decoderOnly = map[string]string{
	"arms-no-candidate":          "between items",
	"arms-no-reference":          "between items",
	"arms-same-id":               "between items",
	"arms-two-references":        "between items",
	"null-arm-without-reference": "between fields",

	"auth-both":                "between fields",
	"auth-no-password":         "between fields",
	"auth-no-user":             "between fields",
	"tls-half-a-certificate":   "between fields",
	"tls-without-https":        "between fields",
	"http2-in-clear":           "between fields",
	"h2c-over-tls":             "between fields",
	"url-relative":             "meaning of a text",
	"url-scheme":               "meaning of a text",
	"url-empty":                "meaning of a text",
	"url-broken":               "meaning of a text",
	"url-user-info":            "meaning of a text",
	"url-query":                "meaning of a text",
	"url-port":                 "meaning of a text",
	"connect":                  "meaning of a text",
	"resolve":                  "meaning of a text",
	"proxy":                    "meaning of a text",
	"proxy-user-info":          "meaning of a text",
	"rate-too-high":            "bound of a quantity that is text",
	"readback-arm":             "between fields",
	"congestion-arm":           "between fields",
	"secret-header":            "meaning of a key",
	"secret-name":              "meaning of a text",
	"size-fraction":            "meaning of a text",
	"size-too-large":           "meaning of a text",
	"margin-none":              "meaning of a text",
	"margin-vast":              "meaning of a text",
	"duration-below-least":     "bound of a quantity that is text",
	"open-rate-zero":           "between fields",
	"open-rate-starts-nothing": "between fields",

	"cells-twice":             "between fields",
	"cells-size-besides":      "between fields",
	"cells-same-value":        "between items",
	"cells-in-flight-besides": "between fields",
	"cells-http-besides":      "between fields",
	"cells-too-many":          "between fields",

	"closed-with-rate":               "between fields",
	"open-without-rate":              "between fields",
	"linear-without-to":              "between fields",
	"linear-from-nothing-to-nothing": "between fields",
	"to-without-linear":              "between fields",
	"sine-incomplete":                "between fields",
	"sine-below-zero":                "between fields",
	"stages-with-rate":               "between fields",
	"stages-sum":                     "between items",
	"stages-nothing":                 "between items",
	"too-few-blocks":                 "between fields",
	"too-few-blocks-cells":           "between fields",
	"too-many-trials":                "between fields",
	"too-little-time":                "between fields",
	"criterion-margin-and-max":       "between fields",
	"criterion-neither":              "between fields",
	"criterion-stat":                 "between fields",
	"criterion-ratio-of-count":       "between fields",
	"criterion-max-of-good":          "between fields",
	"criterion-max-against":          "between fields",
	"criterion-arm-unknown":          "between fields",
	"criterion-arm-reference":        "between fields",
	"criterion-cell-unknown":         "between fields",
	"criterion-twice":                "between items",
	"criterion-not-measured":         "between fields",
	"event-at-the-end":               "bound of a quantity that is text",
	"event-beyond":                   "bound of a quantity that is text",
	"event-outlasts":                 "between fields",

	"env-not-set":          "outside of the file",
	"env-empty":            "outside of the file",
	"env-wrong-type":       "outside of the file",
	"env-bad-name":         "meaning of a text",
	"env-unclosed":         "meaning of a text",
	"env-nested":           "meaning of a text",
	"set-unknown-key":      "outside of the file",
	"set-unknown-item":     "outside of the file",
	"set-no-assignment":    "outside of the file",
	"set-into-a-value":     "outside of the file",
	"set-wrong-value":      "outside of the file",
	"set-list-index":       "outside of the file",
	"set-removes-required": "outside of the file",
	"set-secret":           "outside of the file",

	"yaml-merge-key": "merge keys are expanded before a schema sees them",
	"yaml-tag":       "tags are resolved before a schema sees them",
}

func TestSchemaAndDecoderAgree(t *testing.T) {
	schema := compile(t)
	for _, s := range corpus(t, "good") {
		if err := schema.Validate(document(t, s)); err != nil {
			t.Errorf("good/%s: the decoder accepts it, the schema does not: %v", s.name, err)
		}
	}
	seen := map[string]bool{}
	for _, s := range corpus(t, "bad") {
		seen[s.name] = true
		doc := document(t, s)
		if doc == nil {
			continue // not YAML: there is nothing for a schema to see
		}
		err := schema.Validate(doc)
		if why, only := decoderOnly[s.name]; only && err != nil {
			t.Errorf("bad/%s: the schema refuses it too, so it is not for the decoder only (%s): %v", s.name, why, err)
		} else if !only && err == nil {
			t.Errorf("bad/%s: the decoder refuses it, the schema does not", s.name)
		}
	}
	for name := range decoderOnly {
		if !seen[name] {
			t.Errorf("bad/%s.yaml is listed as for the decoder only, but is not there", name)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := scenarios.Schema(map[string]any{testKind: testOptions{}, "test.storm": testOptions{}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "schema.json"), text)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(scenarios.SchemaID, value); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(scenarios.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// document is the file as an editor sees it; nil if it is not YAML.
func document(t *testing.T, s sample) any {
	t.Helper()
	var v any
	if err := yaml.Load(s.src, &v); err != nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil // keys that are no words
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSchemaIsDraft07(t *testing.T) {
	text, err := scenarios.Schema(map[string]any{testKind: testOptions{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"unevaluatedProperties", "prefixItems", "dependentRequired", "dependentSchemas", "$defs", "$anchor", "minContains"} {
		if bytes.Contains(text, []byte(`"`+word+`"`)) {
			t.Errorf("%s is not part of draft-07, which is what editors speak", word)
		}
	}
	if !bytes.Contains(text, []byte(`"$schema": "http://json-schema.org/draft-07/schema#"`)) {
		t.Error("the schema does not say that it is draft-07")
	}
}

// Every key says what it is: an editor shows nothing else.
func TestEveryKeyIsDescribed(t *testing.T) {
	text, err := scenarios.Schema(map[string]any{testKind: testOptions{}})
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	keys := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			properties, _ := v["properties"].(map[string]any)
			for key, p := range properties {
				if p, ok := p.(map[string]any); ok && p["description"] == nil && p["const"] == nil && path+key != "" {
					t.Errorf("%s.%s has no description", path, key)
				}
				keys++
			}
			for key, child := range v {
				if key != "if" {
					walk(path+"."+key, child)
				}
			}
		case []any:
			for _, child := range v {
				walk(path, child)
			}
		}
	}
	walk("", schema)
	if keys < 60 {
		t.Errorf("only %d keys were seen", keys)
	}
}
