package plan_test

import (
	"strings"
	"testing"

	"loadline/probes/all"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// A hang that ends with its trial is no failure where no reference says how long
// is too long. Every kind of work writes its patience in its own way.
func TestHangsThatNothingTellsAreDoubted(t *testing.T) {
	const arms = `name: test/hangs
arms: [{id: only, role: candidate, target: {url: "http://127.0.0.1:1"}}]
design: {blocks: 3}
criteria: [{metric: errors, stat: rate, max: 0%}]
`
	transfer := `work: {kind: http.transfer, direction: upload, size: 1MiB, path: "/f/{name}"}`
	for _, c := range []struct {
		name, work string
		sets       []string
		says       string // empty: no doubt
	}{
		{"a transfer as it is by default", transfer, nil, "after 40s of measure and drain at most, and never reaches answer_after (2m0s): "},
		{"a shorter wait", transfer, []string{"work.answer_after=30s"}, ""},
		{"a longer drain", transfer, []string{"load.drain=2m"}, ""},
		{"neither", transfer, []string{"load.measure=2s", "load.drain=8s"}, "answer_after (2m0s) or stall_after (10s): "},
		{"some ops are old enough", transfer, []string{"work.answer_after=39s"}, ""},
		{"requests", `work: {kind: http.storm, path: /}`, []string{"load.drain=5s"}, "answer_after (30s): "},
		{"requests with a drain", `work: {kind: http.storm, path: /}`, nil, ""},
		{"connections", `work: {kind: net.tcp}`, []string{"load.drain=5s"}, ""},
		{"connections that give up late", `work: {kind: net.tcp}`, []string{"load.drain=5s", "work.stall_after=20s"}, "never reaches stall_after (20s): "},
		{"echoes", `work: {kind: net.tcp, mode: echo}`, []string{"load.drain=5s"}, "answer_after (30s): "},
		{"a reference tells", transfer, []string{`arms=[{id: a, role: reference, target: {url: "http://127.0.0.1:1"}}, {id: b, role: candidate, target: {url: "http://127.0.0.1:2"}}]`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := plan.Read("hangs.yaml", []byte(arms+c.work+"\n"), scenarios.Options{Sets: c.sets}, all.Builtin())
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(p.Warnings, "\n")
			if !strings.Contains(got, c.says) || strings.Contains(got, "hangs") != (c.says != "") {
				t.Errorf("warned %q, want %q", got, c.says)
			}
		})
	}
}
