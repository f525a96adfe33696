package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"loadline/infra/conduct"
	"loadline/infra/drill"
	"loadline/infra/lab"
	"loadline/probes/all"
	"loadline/reports/verdict"
)

func labCommand(a app) *cobra.Command {
	c := &cobra.Command{
		Use: "lab", Short: "real HAProxy and nginx with known incidents, on this machine",
		Example: "  loadline lab list\n  loadline lab run D4\n  loadline lab up D1 && loadline lab down",
	}
	c.AddCommand(labList(a), labRun(a), labUp(a), labServe(a), labDown(a), labPeer(a))
	return c
}

func labList(a app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the incidents and what makes them", Args: cobra.NoArgs,
		Example: "  loadline lab list",
		RunE: func(*cobra.Command, []string) error {
			for _, i := range lab.Incidents() {
				fmt.Fprintf(a.stdout, "%-3s %s\n    %s: %s\n", i.ID, i.Title, i.Program, i.Mechanism)
			}
			return nil
		},
	}
}

func labRun(a app) *cobra.Command {
	var seeds int
	c := &cobra.Command{
		Use: "run [INCIDENT...]", Short: "run incidents and their healthy twins, and hold the verdicts against the known answers",
		Example: "  loadline lab run\n  loadline lab run D1 D6 --seeds 10",
		RunE: func(c *cobra.Command, ids []string) error {
			incidents, err := named(ids)
			if err != nil {
				return err
			}
			return drillAll(c.Context(), a, incidents, seeds)
		},
	}
	c.Flags().IntVar(&seeds, "seeds", 1, "how often to run each, with another seed each time")
	return c
}

func named(ids []string) ([]lab.Incident, error) {
	if len(ids) == 0 {
		return lab.Incidents(), nil
	}
	var out []lab.Incident
	for _, id := range ids {
		i, err := lab.FindIncident(id)
		if err != nil {
			return nil, usage(err)
		}
		out = append(out, i)
	}
	return out, nil
}

// drillAll prints a line per run; a wrong answer is INVALID: a gate that does
// not know what is known must not be trusted.
func drillAll(ctx context.Context, a app, incidents []lab.Incident, seeds int) error {
	wrong := 0
	for _, i := range incidents {
		for _, sick := range []bool{true, false} {
			for seed := range seeds {
				progress := newProgress(a.stderr)
				results, err := drill.Run(ctx, i, sick, uint64(seed+1), conduct.Options{Table: all.Builtin(), Tool: tool(), Watch: progress.event})
				progress.done()
				switch {
				case ctx.Err() != nil:
					return ending{exitInterrupted, fmt.Errorf("the lab was interrupted: %w", ctx.Err())}
				case err != nil:
					return unreachable(err)
				}
				for _, r := range results {
					fmt.Fprintf(a.stdout, "%s\n", drilled(r))
					if r.Wrong != "" {
						wrong++
					}
				}
			}
		}
	}
	if wrong > 0 {
		return ending{verdict.Invalid.ExitCode(), fmt.Errorf("%d answers are not the known ones", wrong)}
	}
	return nil
}

func drilled(r drill.Result) string {
	state, mark := "healthy twin", "✓"
	if r.Sick {
		state = "sick"
	}
	line := r.Report.Decision.Sentence
	if r.Wrong != "" {
		mark, line = "✗", r.Wrong
	}
	return fmt.Sprintf("%s %s %s, seed %d, %s, %s: %s", mark, r.Incident, state, r.Seed, r.Scenario, r.Report.Took.Round(100*time.Millisecond), line)
}
