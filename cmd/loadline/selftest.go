package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"loadline/infra/selftest"
	"loadline/probes/all"
	"loadline/reports/verdict"
)

func selftestCommand(a app) *cobra.Command {
	var format string
	var only []string
	c := &cobra.Command{
		Use: "selftest", Short: "plant faults behind a real socket and prove that each is caught, and its healthy twin is not",
		Long: `selftest starts an origin and a balancer on loopback, plants one fault after
another (a slowdown by the margin, loss, corruption, truncation, a duplicate, a
swap, a freeze and more), and runs a scenario against each through the probes,
the engine, the record and the judge that run uses. A fault must be refused by
the finding it is made for; the same scenario without the fault must pass.

Exit codes: 0 every fault was caught and every healthy twin passed · 12 a fault
was missed or a healthy twin did not pass: no verdict from here is to be trusted
until that is understood · 21 the services could not be started.`,
		Example: "  loadline selftest\n  loadline selftest --only loss,freeze -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runSelftest(c.Context(), a, format, only) },
	}
	c.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	c.Flags().StringSliceVar(&only, "only", nil, "cases to run, by name: "+strings.Join(caseNames(), ", "))
	return c
}

func runSelftest(ctx context.Context, a app, format string, only []string) error {
	draw, known := map[string]func(io.Writer, []selftest.Outcome) error{"text": selftest.WriteText, "json": selftest.WriteJSON}[format]
	if !known {
		return usage(fmt.Errorf("-o %s: no such format (hint: text or json)", format))
	}
	cases, err := chooseCases(only)
	if err != nil {
		return err
	}
	a.hint("planting %d faults, each beside its healthy twin; this takes about half a minute", len(cases))
	over := 0
	outcomes, err := selftest.Run(ctx, selftest.Options{Table: all.Builtin(), Tool: tool(), Cases: cases, Done: func(o selftest.Outcome) {
		over++
		a.hint("%2d/%d %-20s %s, its twin %s", over, len(cases), o.Case.Name, o.Verdict, o.Twin)
	}})
	switch {
	case ctx.Err() != nil:
		return ending{exitInterrupted, fmt.Errorf("the self test was interrupted: %w", ctx.Err())}
	case err != nil:
		return unreachable(err)
	}
	if err := draw(a.stdout, outcomes); err != nil {
		return notKept(err)
	}
	if missed, alarms := selftest.Failed(outcomes); missed+alarms > 0 {
		return ending{verdict.Invalid.ExitCode(), fmt.Errorf("missed faults: %d, healthy twins that did not pass: %d; no verdict of this machine is to be trusted (hint: run it again while the machine is idle; if it repeats, it is a defect)", missed, alarms)}
	}
	return nil
}

// chooseCases are the named cases in the order of the table, or all.
func chooseCases(only []string) ([]selftest.Case, error) {
	for _, name := range only {
		if !slices.Contains(caseNames(), name) {
			return nil, usage(fmt.Errorf("--only %s: no such case (hint: %s)", name, strings.Join(caseNames(), ", ")))
		}
	}
	var chosen []selftest.Case
	for _, c := range selftest.Cases {
		if len(only) == 0 || slices.Contains(only, c.Name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func caseNames() []string {
	var names []string
	for _, c := range selftest.Cases {
		names = append(names, c.Name)
	}
	return names
}
