package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/redact"
	syntax "loadline/scenarios/strict"
)

// reopening makes the plan of a stored run again, as far as removing what the
// run left depends on it. What the record holds redacted comes from file and
// sets, where it is needed.
type reopening struct {
	file string
	sets []string
	run  record.Run
	path string // of the record
}

func (r reopening) plan() (plan.Plan, error) {
	h := r.run.Header
	if lost := r.lost(); len(lost) > 0 {
		return plan.Plan{}, usage(fmt.Errorf("%s: its record holds what may be a secret redacted, and it is needed: %s (hint: loadline clean %s %s)",
			h.Run, fieldList(lost), reports.ShellWord(r.path), remedy(lost)))
	}
	file, source := h.Scenario.File, h.Source
	if r.file != "" {
		text, err := readScenario(r.file)
		if err != nil {
			return plan.Plan{}, fmt.Errorf("--scenario: %w", err)
		}
		file, source = r.file, string(text)
	}
	sets := slices.Concat(r.kept(), r.sets)
	if h.Scenario.Event != nil {
		sets = append(sets, "event=") // whatever it needs, cleaning does not
	}
	env := map[string]string{}
	for name, value := range h.Scenario.Env {
		if !strings.Contains(value, redact.Mark) {
			env[name] = value
		}
	}
	s, err := scenarios.Reopen(file, source, sets, env, parseOptions(nil))
	if err != nil {
		return plan.Plan{}, usage(fmt.Errorf("the scenario of %s does not open as it did: %w", h.Run, err))
	}
	p, err := plan.Build(s, all.Builtin())
	if err != nil {
		return plan.Plan{}, usage(err)
	}
	if part := otherThan(h, p); part != "" {
		return plan.Plan{}, usage(fmt.Errorf("the scenario of %s means other %s now than when it ran, so that other objects might go (hint: give the file, assignments and environment variables that it had)", h.Run, part))
	}
	return p, nil
}

// otherThan names the part in which a plan is not that of a record, as far as
// it says where objects are and how they are removed; empty if it is the same.
// Both are compared as they are kept, without secrets: those may have changed.
func otherThan(h record.Header, p plan.Plan) string {
	now := engine.NewHeader(p, h.Run, h.Tool, h.Environment, h.Started)
	for _, part := range []struct {
		name     string
		was, now any
	}{{"arms", h.Arms, now.Arms}, {"work", h.Spec, now.Spec}, {"cells", h.Cells, now.Cells}} {
		if asText(part.was) != asText(part.now) {
			return part.name
		}
	}
	return ""
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// lost are the fields that removing needs, that the record holds redacted, and
// that are not given again.
func (r reopening) lost() []string {
	h := r.run.Header
	given := func(path string) bool {
		return slices.ContainsFunc(r.sets, func(set string) bool { return sets(set, path) })
	}
	overridden := func(path string) bool {
		return slices.ContainsFunc(h.Overrides, func(set string) bool { return sets(set, path) })
	}
	ownWay := given("work.delete.path") || deletePath(h) != ""
	var lost []string
	for _, path := range h.Redacted {
		inFile := r.file != "" && !overridden(path)
		if needed(path, ownWay) && !inFile && !given(path) {
			lost = append(lost, path)
		}
	}
	return lost
}

// deletePath is the path of its own that a recorded scenario removes objects
// at, empty if there is none.
func deletePath(h record.Header) string {
	root, _ := syntax.Parse(h.Scenario.File, []byte(h.Source))
	for _, set := range h.Overrides {
		_ = root.Set("--set", set) // it was accepted once
	}
	path, _ := root.Child("work").Child("delete").Child("path").Scalar()
	return path
}

// needed reports whether a field is part of the requests that remove objects.
// With a path of its own for that, the others are not asked.
func needed(path string, ownWay bool) bool {
	switch {
	case path == "":
		return true
	case strings.HasPrefix(path, "work.form."), strings.HasPrefix(path, "work.receipts."):
		return false
	case path == "work.path", path == "work.readback.path":
		return !ownWay
	}
	return strings.HasPrefix(path, "arms.") || strings.HasPrefix(path, "work.")
}

// sets reports whether an assignment gives a field, or a part that it is in.
func sets(assignment, path string) bool {
	plain := func(p string) string { return strings.ReplaceAll(strings.ReplaceAll(p, "[", "."), "]", "") }
	at, _, _ := strings.Cut(assignment, "=")
	at, path = plain(at), plain(path)
	return at == path || strings.HasPrefix(path, at+".")
}

// kept are the assignments of the run without those that are given again.
func (r reopening) kept() []string {
	return slices.DeleteFunc(slices.Clone(r.run.Header.Overrides), func(set string) bool {
		at, _, _ := strings.Cut(set, "=")
		return strings.Contains(set, redact.Mark) && slices.ContainsFunc(r.sets, func(again string) bool { return sets(again, at) })
	})
}

func fieldList(fields []string) string {
	if slices.Contains(fields, "") {
		return "the whole file"
	}
	return strings.Join(fields, ", ")
}

// remedy is what to add to the command.
func remedy(fields []string) string {
	if slices.Contains(fields, "") {
		return "--scenario FILE, with the file it was made with"
	}
	var out []string
	for _, f := range fields {
		out = append(out, "--set '"+f+"=…'")
	}
	return strings.Join(out, " ") + ", or --scenario FILE"
}
