package main

import (
	"regexp"
	"slices"
	"strings"

	"loadline/probes/record"
	"loadline/reports"
	"loadline/scenarios/plan"
)

// variable is a place in a scenario that names a variable: ${NAME} in a text,
// or {env: NAME} for a secret.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)|\{\s*env:\s*["']?([A-Za-z_][A-Za-z0-9_]*)`)

// commandLine is what a POSIX shell has to be given to do the same again: the
// variables that the scenarios read, then the words as they were typed. A
// variable that may be a secret is named and has no value here: NAME="${NAME}".
func commandLine(plans []plan.Plan, words []string, lookup func(string) (string, bool)) string {
	line := environmentOf(plans, lookup)
	for _, w := range append([]string{"loadline"}, words...) {
		line = append(line, reports.ShellWord(record.Redact(w)))
	}
	return strings.Join(line, " ")
}

// environmentOf are the assignments, by name.
func environmentOf(plans []plan.Plan, lookup func(string) (string, bool)) []string {
	assignments := map[string]string{}
	for _, p := range plans {
		for _, text := range append([]string{p.Scenario.Source}, p.Scenario.Overrides...) {
			for _, m := range variable.FindAllStringSubmatch(text, -1) {
				name := m[1] + m[2]
				if _, set := lookup(name); set {
					assignments[name] = name + `="${` + name + `}"`
				}
			}
		}
	}
	for _, p := range plans {
		for name, value := range p.Scenario.Env {
			if kept := record.Redact(name + "=" + value); kept == name+"="+value {
				assignments[name] = reports.ShellAssignment(name, value)
			}
		}
	}
	var line []string
	for _, a := range assignments {
		line = append(line, a)
	}
	slices.Sort(line)
	return line
}
