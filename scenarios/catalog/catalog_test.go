package catalog_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"loadline/probes/all"
	"loadline/scenarios"
	"loadline/scenarios/catalog"
	"loadline/scenarios/plan"
	"loadline/scenarios/redact"
)

// kinds skips the scenarios of probes that are not built in.
type kinds struct{ t *testing.T }

func (k kinds) Check(kind string, raw scenarios.Node) (plan.Spec, error) {
	if !slices.Contains(all.Builtin().Kinds(), kind) {
		k.t.Skipf("no probe does %s", kind)
	}
	return all.Builtin().Check(kind, raw)
}

func TestEveryScenarioHasAPlan(t *testing.T) {
	env := map[string]string{"AROUND": "https://origin.example.org", "THROUGH": "https://files.example.org"}
	names := catalog.Names()
	if len(names) < 6 || !slices.IsSorted(names) {
		t.Fatalf("got %v", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			src, err := fs.ReadFile(catalog.FS, name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			var asked []string
			o := scenarios.Options{Env: func(v string) (string, bool) {
				value, set := env[v]
				if set {
					asked = append(asked, v)
				}
				return value, set
			}}
			p, err := plan.Read(name+".yaml", src, o, kinds{t})
			if err != nil {
				t.Fatal(err)
			}
			if p.Scenario.Name != name {
				t.Errorf("the file %s holds a scenario named %s", name, p.Scenario.Name)
			}
			if p.Scenario.Purpose == "" || !strings.HasSuffix(p.Scenario.Purpose, "?") {
				t.Errorf("the purpose is not a question: %q", p.Scenario.Purpose)
			}
			if !slices.Contains(asked, "THROUGH") {
				t.Error("it does not take its target from ${THROUGH}")
			}
			for _, w := range p.Warnings {
				if !strings.Contains(w, "limits.bytes") {
					t.Errorf("it is doubtful: %s", w)
				}
			}
			if e := p.Estimate(); e.Shortest > p.Scenario.Design.MaxDuration {
				t.Errorf("it takes %s, and may take %s", e.Shortest, p.Scenario.Design.MaxDuration)
			}
			_, err = plan.Read(name+".yaml", src, scenarios.Options{}, kinds{t})
			if err == nil || !strings.Contains(err.Error(), "export THROUGH=") {
				t.Errorf("without targets it says %v", err)
			}
		})
	}
}

// An editor that knows the schema must find nothing wrong with the catalogue.
func TestTheSchemaAcceptsEveryScenario(t *testing.T) {
	options := map[string]any{}
	for _, p := range all.Builtin() {
		options[p.Info().Kind] = p.Info().Options
	}
	text, err := scenarios.Schema(options)
	if err != nil {
		t.Fatal(err)
	}
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
	for _, name := range catalog.Names() {
		src, err := fs.ReadFile(catalog.FS, name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := yaml.Load(src, &v); err != nil {
			t.Fatal(err)
		}
		if work, ok := v["work"].(map[string]any); ok && options[work["kind"].(string)] == nil {
			continue // its probe is not built in
		}
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		v["zzz"] = 1
		asJSON, _ = json.Marshal(v)
		if doc, _ = jsonschema.UnmarshalJSON(bytes.NewReader(asJSON)); schema.Validate(doc) == nil {
			t.Errorf("%s: an unknown key is accepted", name)
		}
	}
}

// TestNothingOfTheCatalogueLooksSecret: its scenarios stay whole in a record.
func TestNothingOfTheCatalogueLooksSecret(t *testing.T) {
	err := fs.WalkDir(catalog.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(catalog.FS, name)
		if found := redact.Found(string(text)); len(found) > 0 {
			t.Errorf("%s: %q would be redacted", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
