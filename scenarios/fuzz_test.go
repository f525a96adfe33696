package scenarios_test

import (
	"errors"
	"strings"
	"testing"

	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// FuzzLoad reads anything as a scenario: no input panics, every problem stands
// at a place, and what is accepted has a plan and can be opened again.
func FuzzLoad(f *testing.F) {
	for _, folder := range []string{"good", "bad"} {
		for _, s := range corpus(f, folder) {
			f.Add(s.src, strings.Join(s.opts.Sets, "\n"), "http://127.0.0.1")
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, sets, env string) {
		o := scenarios.Options{Env: func(string) (string, bool) { return env, env != "" }}
		if sets != "" {
			o.Sets = strings.Split(sets, "\n")
		}
		p, err := plan.Read("fuzz.yaml", src, o, testKinds{})
		if err != nil {
			var problems scenarios.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("not a list of problems: %v", err)
			}
			for _, p := range problems {
				placed := p.File == "fuzz.yaml" && p.Line > 0 && p.Col > 0 || strings.HasPrefix(p.File, "--set")
				if !placed || p.What == "" {
					t.Fatalf("not positioned: %+v", p)
				}
			}
			return
		}
		if len(p.Trials) == 0 || p.Fingerprint == "" || len(p.Looks) == 0 {
			t.Fatalf("an empty plan: %+v", p)
		}
		_ = p.Estimate()
		if _, err := scenarios.Reopen("fuzz.yaml", p.Scenario.Source, p.Scenario.Overrides, p.Scenario.Env, o); err != nil {
			t.Fatalf("cannot be opened again: %v", err)
		}
	})
}
