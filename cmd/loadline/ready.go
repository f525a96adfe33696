package main

import (
	"context"
	"errors"
	"os"

	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/scenarios/plan"
)

// ready makes sure before anything is offered or kept that what the scenarios
// point at on this machine is there: secrets, certificates, files. That it is
// not is a fault of the scenario or the way it is called, and says nothing of
// what is measured. Nothing is dialled.
func ready(ctx context.Context, plans ...plan.Plan) error {
	var problems []error
	for _, p := range plans {
		if missing := p.Scenario.Missing(os.LookupEnv, os.ReadFile); len(missing) > 0 {
			problems = append(problems, missing)
			continue
		}
		if err := engine.Opens(ctx, p, all.Builtin()); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) == 0 || ctx.Err() != nil {
		return nil
	}
	return usage(errors.Join(problems...))
}
