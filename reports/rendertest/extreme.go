package rendertest

import (
	"fmt"
	"strings"
	"time"

	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Script is in every name and message of the hostile report; a page that has
// it anywhere as it stands runs it.
const Script = `<script>document.title="owned"</script>`

// hostile is what a target may put into any text that it controls.
const hostile = Script + `</script><img src=x onerror=alert(1)> | ` + "`code` \x00\x1b[31m\xff\n](javascript:alert(1)) {{.Run}}"

// Hostile is the refused run with texts that try to break out of a page.
func Hostile() reports.Report {
	run := regressed()
	run.Header.Cells[0].ID = "cell " + Script
	for i, arm := range run.Header.Arms {
		if arm.Role != scenarios.Candidate {
			continue
		}
		run.Header.Arms[i].ID = "arm " + Script
		run.Header.Arms[i].Target.URL = "https://example.org/" + hostile
		run.Header.Arms[i].Target.Connect = []string{hostile}
	}
	name := func(arm, cell *string) {
		if *arm == "through" {
			*arm = "arm " + Script
		}
		if *cell == "10MiB h1.1" {
			*cell = "cell " + Script
		}
	}
	for i := range run.Trials {
		t := &run.Trials[i]
		name(&t.Arm, &t.Cell)
		for j := range t.Failures {
			t.Failures[j].Message, t.Failures[j].Backend = hostile, hostile
		}
		for j := range t.Peers {
			t.Peers[j].Server, t.Peers[j].Via = hostile, hostile
		}
		if b := t.Backends["files-1"]; b != nil {
			t.Backends[hostile] = b
			delete(t.Backends, "files-1")
		}
	}
	for i := range run.Integrity {
		l := &run.Integrity[i]
		name(&l.Arm, &l.Cell)
		for j := range l.Cases {
			l.Cases[j].Name, l.Cases[j].Evidence = hostile, []string{hostile}
		}
	}
	run.Warnings = append(run.Warnings, hostile)
	r := build(run, "hostile")
	r.Attribution.Where, r.Attribution.Evidence = hostile, []string{hostile}
	r.Scenario, r.Purpose, r.Partial = "edge/"+Script, hostile, hostile
	r.Decision.Warnings = append(r.Decision.Warnings, hostile)
	r.Environment = append(r.Environment, reports.Fact{Name: hostile, Value: hostile})
	r.Reproduce = append(r.Reproduce, hostile)
	return r
}

// Large is a run of 40 blocks in 12 cells of half a minute each, with the most
// evidence that a record keeps.
func Large() reports.Report {
	const blocks, failures = 40, 50
	var cells []plan.Cell
	for i := range 12 {
		cells = append(cells, plan.Cell{ID: fmt.Sprintf("%dMiB h%d", 1<<(i/2), i%2+1), Size: unit.MiB << (i / 2), InFlight: 1})
	}
	candidate, reference := through(), around()
	candidate.MaxOps, reference.MaxOps = 20, 20
	run := synthetic.Record(synthetic.Design{
		Seed: 7, Blocks: blocks, Criteria: criteria, Cells: cells, Around: reference, Through: candidate,
	})
	for i := range run.Trials {
		t := &run.Trials[i]
		t.Span = time.Minute
		t.Timeline = record.Timeline{Step: 100 * time.Millisecond}
		for j := range 600 {
			t.Timeline.Bytes = append(t.Timeline.Bytes, int64(9_000_000+(i*7919+j*104729)%1_999_993))
		}
		for j := range failures / 10 {
			t.Failures = append(t.Failures, record.Failure{Seq: uint64(j), Name: "op", Outcome: "status", Status: 503, Message: strings.Repeat("no server is available ", 20)})
		}
	}
	return build(run, "large")
}
