package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"loadline/reports"
	"loadline/reports/json"
	"loadline/reports/rendertest"
	"loadline/reports/verdict"
	"loadline/scenarios"
)

func TestJSONIsThatOfTheGoldenFiles(t *testing.T) {
	rendertest.Golden(t, json.Renderer{}, "json")
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(json.SchemaDocument))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("verdict.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("verdict.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func every() []rendertest.Named {
	dead := rendertest.Partial()
	dead.Decision.Unreachable = "the reference `around` could not be measured"
	dead.Exit = reports.ExitCode(dead.Decision)
	interrupted := rendertest.Partial()
	interrupted.Exit = 130
	void := rendertest.Passed()
	void.Decision.Findings[0].Effect = verdict.Effect{Ratio: math.Inf(1), Low: math.Inf(-1), High: math.NaN()}
	return append(rendertest.Reports(),
		rendertest.Named{Name: "hostile", Report: rendertest.Hostile()},
		rendertest.Named{Name: "unreachable", Report: dead},
		rendertest.Named{Name: "interrupted", Report: interrupted},
		rendertest.Named{Name: "not run", Report: reports.NotRun(scenarios.Scenario{Name: "edge/x"}, "the disk is full", 22, time.Unix(0, 0))},
		rendertest.Named{Name: "infinite", Report: void},
		rendertest.Named{Name: "empty", Report: reports.Report{Exit: 12, Decision: verdict.Decision{Verdict: verdict.Invalid, Sentence: "INVALID: nothing"}}})
}

func decode(t *testing.T, r reports.Report) map[string]any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(rendertest.Draw(t, json.Renderer{}, r)))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

func TestDocumentsKeepToTheSchema(t *testing.T) {
	s := schema(t)
	for _, named := range every() {
		if err := s.Validate(decode(t, named.Report)); err != nil {
			t.Errorf("%s: %v", named.Name, err)
		}
	}
}

// TestTheSchemaRefusesWhatBreaksTheContract bends a good document.
func TestTheSchemaRefusesWhatBreaksTheContract(t *testing.T) {
	s := schema(t)
	finding := func(doc map[string]any) map[string]any { return doc["findings"].([]any)[0].(map[string]any) }
	for name, bend := range map[string]func(map[string]any){
		"another schema":         func(doc map[string]any) { doc["schema"] = "loadline.verdict/v2" },
		"an unknown verdict":     func(doc map[string]any) { doc["verdict"] = "GREEN" },
		"an exit code of 1":      func(doc map[string]any) { doc["exit_code"] = 1 },
		"no findings key":        func(doc map[string]any) { delete(doc, "findings") },
		"findings null":          func(doc map[string]any) { doc["findings"] = nil },
		"no loss bound":          func(doc map[string]any) { delete(doc["integrity"].(map[string]any), "loss_upper_bound_95") },
		"a margin in words":      func(doc map[string]any) { finding(doc)["margin"] = "5%" },
		"a finding without n":    func(doc map[string]any) { delete(finding(doc), "n") },
		"an effect with no high": func(doc map[string]any) { delete(finding(doc)["effect"].(map[string]any), "high") },
		"evidence null":          func(doc map[string]any) { doc["attribution"].(map[string]any)["evidence"] = nil },
	} {
		doc := decode(t, rendertest.Regressed())
		bend(doc)
		if s.Validate(doc) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestTheContractsKeysAreThere lists them as the manual does: pipelines read
// them by name, and an additive schema would not notice one that is gone.
func TestTheContractsKeysAreThere(t *testing.T) {
	for _, named := range every() {
		doc := decode(t, named.Report)
		hold := func(where string, of any, keys ...string) {
			m, ok := of.(map[string]any)
			for _, k := range keys {
				if _, there := m[k]; !ok || !there {
					t.Errorf("%s: %s has no %q", named.Name, where, k)
				}
			}
		}
		hold("the document", doc, "schema", "verdict", "exit_code", "sentence", "run", "scenario", "findings", "integrity", "attribution", "health", "warnings", "environment")
		hold("integrity", doc["integrity"], "acknowledged", "intact", "lost", "corrupt", "duplicated", "refused_but_stored", "unverified", "loss_upper_bound_95")
		hold("attribution", doc["attribution"], "arm", "where", "evidence")
		for _, f := range doc["findings"].([]any) {
			hold("a finding", f, "metric", "stat", "cell", "arm", "reference", "verdict", "effect", "values", "margin", "n", "reason")
			hold("an effect", f.(map[string]any)["effect"], "ratio", "low", "high")
		}
	}
}

func TestTheExitCodeIsTheOneOfTheProcess(t *testing.T) {
	otherwise := map[string]stdjson.Number{"unreachable": "21", "not run": "22", "interrupted": "130"}
	codes := map[verdict.Verdict]stdjson.Number{verdict.Pass: "0", verdict.Regressed: "10", verdict.Inconclusive: "11", verdict.Invalid: "12"}
	for _, named := range every() {
		want, ok := otherwise[named.Name]
		if !ok {
			want = codes[named.Report.Decision.Verdict]
		}
		if got := decode(t, named.Report)["exit_code"]; got != want {
			t.Errorf("%s: exit code %v, want %v", named.Name, got, want)
		}
	}
}

func TestNumbersThatJSONLacks(t *testing.T) {
	i := slices.IndexFunc(every(), func(n rendertest.Named) bool { return n.Name == "infinite" })
	effect := decode(t, every()[i].Report)["findings"].([]any)[0].(map[string]any)["effect"].(map[string]any)
	if effect["ratio"] != "inf" || effect["low"] != "-inf" || effect["high"] != nil {
		t.Errorf("effect %v, want inf, -inf and null", effect)
	}
}
