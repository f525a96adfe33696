package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

func cleanCommand(a app) *cobra.Command {
	return &cobra.Command{
		Use: "clean RUN", Short: "remove what a run left on its target, and nothing else",
		Long: `clean opens the record of a run that was killed or could not remove its
objects, and deletes exactly the names that the record says it may have left.
It may be repeated. Secrets are looked up where the scenario points.`,
		Example: "  loadline clean loadline-runs/20261122t101500z-1a2b3c4d",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return clean(c.Context(), a, args[0]) },
	}
}

func clean(ctx context.Context, a app, path string) error {
	run, err := openRun(path)
	if err != nil {
		return err
	}
	names := run.LeftBehind()
	if len(names) == 0 {
		fmt.Fprintf(a.stdout, "%s left nothing behind\n", run.Header.Run)
		return nil
	}
	p, err := planOf(run)
	if err != nil {
		return err
	}
	journal, err := record.Reopen(path)
	if err != nil {
		return notKept(err)
	}
	defer journal.Close()
	left, err := engine.Clean(ctx, p, run.Header.Run, names, engine.CleanOptions{
		Table: all.Builtin(), Removed: journal.Removed, Warn: func(w string) { a.hint("warning: %s", w) },
	})
	switch {
	case left > 0:
		return unreachable(fmt.Errorf("%d objects of %s could not be removed: %w (hint: run it again when the target answers)", left, run.Header.Run, err))
	case err != nil:
		return unreachable(err)
	}
	fmt.Fprintf(a.stdout, "%s: what it left is removed\n", run.Header.Run)
	return nil
}

// planOf makes the plan of a stored run again.
func planOf(run record.Run) (plan.Plan, error) {
	h := run.Header
	kinds := all.Builtin()
	s, err := scenarios.Reopen(h.Scenario.File, h.Source, h.Overrides, h.Scenario.Env, parseOptions(nil))
	if err != nil {
		return plan.Plan{}, usage(fmt.Errorf("the scenario of %s does not open as it did: %w", h.Run, err))
	}
	p, err := plan.Build(s, kinds)
	if err != nil {
		return plan.Plan{}, usage(err)
	}
	if p.Fingerprint != h.Fingerprint {
		return plan.Plan{}, usage(fmt.Errorf("the scenario of %s means other work now than when it ran (hint: set the environment variables that it had)", h.Run))
	}
	return p, nil
}
