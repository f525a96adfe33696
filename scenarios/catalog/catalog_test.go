package catalog_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/catalog"
	"loadline/scenarios/plan"
)

type kinds struct{ t *testing.T }

func (k kinds) Check(kind string, raw scenarios.Node) (plan.Spec, error) {
	if kind != transfer.Kind {
		k.t.Skipf("no probe does %s yet", kind)
	}
	return transfer.Probe{}.Check(raw)
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
