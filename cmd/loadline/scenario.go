package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"loadline/probes/all"
	"loadline/scenarios"
	"loadline/scenarios/catalog"
	"loadline/scenarios/plan"
)

// readPlan reads a scenario from a file, or from the catalogue where no such
// file exists, and makes it exact.
func readPlan(name string, sets []string) (plan.Plan, error) {
	src, err := readScenario(name)
	if err != nil {
		return plan.Plan{}, err
	}
	p, err := plan.Read(name, src, parseOptions(sets), all.Builtin())
	if err != nil {
		return plan.Plan{}, usage(err)
	}
	return p, nil
}

// readPlans reads all scenarios before any is run, so that every problem of
// every file is told at once.
func readPlans(names, sets []string) ([]plan.Plan, error) {
	var plans []plan.Plan
	var problems []error
	for _, name := range names {
		p, err := readPlan(name, sets)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		plans = append(plans, p)
	}
	if len(problems) > 0 {
		return nil, usage(errors.Join(problems...))
	}
	return plans, nil
}

func readScenario(name string) ([]byte, error) {
	src, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if src, catalogued := fs.ReadFile(catalog.FS, strings.TrimSuffix(name, ".yaml")+".yaml"); catalogued == nil {
			return src, nil
		}
		return nil, usage(fmt.Errorf("%s: no such file, nor a scenario of the catalogue (hint: loadline init --list names those)", name))
	}
	if info, statErr := os.Stat(name); err != nil && statErr == nil && info.IsDir() {
		return nil, usage(fmt.Errorf("%s is a directory and not a scenario (hint: name the files in it, such as %s)", name, filepath.Join(name, "*.yaml")))
	}
	if err != nil {
		return nil, usage(fmt.Errorf("%w (hint: name a scenario file that can be read)", err))
	}
	return src, nil
}

func parseOptions(sets []string) scenarios.Options {
	return scenarios.Options{Env: os.LookupEnv, Sets: sets}
}
