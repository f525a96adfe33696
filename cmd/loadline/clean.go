package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"loadline/probes"
	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/scenarios/plan"
)

func cleanCommand(a app) *cobra.Command {
	var f reopening
	c := &cobra.Command{
		Use: "clean RUN", Short: "remove what a run left on its target, and nothing else",
		Long: `clean opens the record of a run that was killed or could not remove its
objects, and deletes exactly the names that the record says it may have left.
It may be repeated. Secrets are looked up where the scenario points. What was
written out and looked like one is not in the record: give it again with --set,
or the whole file with --scenario.`,
		Example: "  loadline clean loadline-runs/20261122t101500z-1a2b3c4d\n" +
			"  loadline clean RUN --scenario upload.yaml\n" +
			"  loadline clean RUN --set 'work.path=/files/{name}?access_token=…'",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return clean(c.Context(), a, args[0], f) },
	}
	setFlag(c, &f.sets)
	c.Flags().StringVar(&f.file, "scenario", "", "the scenario that the run was made with, a file or a name of the catalogue, for what its record holds redacted")
	return c
}

func clean(ctx context.Context, a app, path string, f reopening) error {
	run, err := openRun(path)
	if err != nil {
		return err
	}
	names := run.LeftBehind()
	if len(names) == 0 {
		fmt.Fprintf(a.stdout, "%s left nothing behind\n", run.Header.Run)
		return nil
	}
	f.run, f.path = run, path
	p, err := f.plan()
	if err != nil {
		return err
	}
	if err := mayRemove(p, run, names, path); err != nil {
		return err
	}
	if err := ready(ctx, p); err != nil {
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
	case left > 0 && errors.Is(err, probes.ErrSilent):
		return unreachable(fmt.Errorf("%d objects of %s could not be removed: %w (hint: run it again when the target answers)", left, run.Header.Run, err))
	case left > 0:
		return unreachable(fmt.Errorf("%d objects of %s could not be removed: %w (hint: the target answers, and does not do it: once it does, run this again; "+
			"where it is asked in another way, add %s; the names begin with %s)",
			left, run.Header.Run, err, reports.ShellAssignment("--set work.delete", "{method: DELETE, path: /…/{name}}"), engine.Prefix(run.Header.Run)))
	case err != nil:
		return unreachable(err)
	}
	fmt.Fprintf(a.stdout, "%s: what it left is removed\n", run.Header.Run)
	return nil
}

// mayRemove refuses to remove what the scenario says is to stay, or what it
// names no way to remove.
func mayRemove(p plan.Plan, run record.Run, names []record.Names, path string) error {
	stay := uint64(0)
	for _, n := range names {
		if !n.Fixture {
			stay += n.To - n.From
		}
	}
	effects := p.Spec.Effects(p.Spec.Size())
	if stay == 0 || !effects.Creates || effects.Deletes {
		return nil
	}
	why, way := "the scenario names no way to remove what it uploads", "{method: DELETE, path: /…/{name}}"
	if word, _ := p.Scenario.Work.Raw.Child("delete").Scalar(); word == "off" || word == "false" {
		why, way = "the scenario says that what it uploads stays (work.delete: "+word+")", "on"
	}
	return usage(fmt.Errorf("%s: %s: up to %d objects, whose names begin with %s (hint: to remove them all the same, loadline clean %s %s)",
		run.Header.Run, why, stay, engine.Prefix(run.Header.Run), reports.ShellWord(path), reports.ShellAssignment("--set work.delete", way)))
}
