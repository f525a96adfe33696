package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"loadline/infra/conduct"
	"loadline/probes/record"
	"loadline/probes/record/export"
	"loadline/reports"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
)

func reportCommand(a app) *cobra.Command {
	var outputs, baselines []string
	c := &cobra.Command{
		Use: "report RUN", Short: "judge and draw a stored run again; offers no load",
		Long: `report opens the record of a run (its directory or file), whole or partial,
judges it by the criteria it was made with, and draws it. -o vegeta[=FILE]
writes the observations for "vegeta report"; the run must have kept them (run
--raw, or few enough).`,
		Example: "  loadline report loadline-runs/20261122t101500z-1a2b3c4d\n  loadline report RUN -o html=report.html\n  loadline report RUN -o vegeta | vegeta report",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return redraw(a, args[0], outputs, baselines) },
	}
	outputFlag(c, &outputs)
	c.Flags().StringArrayVar(&baselines, "baseline", nil, "record of an earlier run to compare with (repeatable)")
	return c
}

func redraw(a app, path string, outputs, baselines []string) error {
	outputs, vegeta, err := withoutVegeta(outputs)
	if err != nil {
		return err
	}
	run, err := openRun(path)
	if err != nil {
		return err
	}
	if vegeta != nil {
		if err := writeVegeta(a.stdout, *vegeta, run); err != nil {
			return err
		}
		if len(outputs) == 0 {
			return nil
		}
	}
	outs, err := parseOutputs(outputs, a.stdout)
	if err != nil {
		return err
	}
	baseline, err := openBaselines(baselines)
	if err != nil {
		return err
	}
	r := conduct.Judge(run, baseline, reports.Source{Record: path})
	return gravest(ended(conduct.Result{Run: run, Report: r}, nil), write(outs, a.stdout, r))
}

// withoutVegeta takes the export out of the -o flags: it is a document of
// observations, not a drawing of the report. nil means it was not asked for.
func withoutVegeta(outputs []string) (rest []string, file *string, err error) {
	for _, o := range outputs {
		format, name, named := strings.Cut(o, "=")
		switch {
		case format != "vegeta":
			rest = append(rest, o)
		case named && name == "":
			return nil, nil, usage(errors.New("-o vegeta=: there is no file after the = (hint: -o vegeta=FILE, or -o vegeta for stdout)"))
		default:
			file = &name
		}
	}
	return rest, file, nil
}

func writeVegeta(stdout io.Writer, file string, run record.Run) error {
	w := stdout
	if file != "" {
		f, err := os.Create(file)
		if err != nil {
			return notKept(fmt.Errorf("-o vegeta: %w", err))
		}
		defer f.Close()
		w = f
	}
	if err := export.Vegeta(w, run, export.VegetaOptions{}); err != nil {
		return usage(fmt.Errorf("-o vegeta: %w", err))
	}
	return nil
}

func compareCommand(a app) *cobra.Command {
	var outputs []string
	c := &cobra.Command{
		Use: "compare BASELINE CANDIDATE", Short: "judge one stored run against another; offers no load",
		Long: `compare judges the candidate run's arms against the same arms of the baseline
run. Runs of other days differ by more than their arms, so the answer is often
INCONCLUSIVE: give several baselines, or compare arms within one run.`,
		Example: "  loadline compare loadline-runs/OLD loadline-runs/NEW\n  loadline compare OLD NEW -o json",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, a.stdout)
			if err != nil {
				return err
			}
			old, err := openRun(args[0])
			if err != nil {
				return err
			}
			candidate, err := openRun(args[1])
			if err != nil {
				return err
			}
			d := verdict.Compare([]record.Run{old}, candidate, args[0])
			r := reports.Build(candidate, d, attribution.Attribute(candidate, d), reports.Source{Record: args[1]})
			return gravest(ended(conduct.Result{Run: candidate, Report: r}, nil), write(outs, a.stdout, r))
		},
	}
	outputFlag(c, &outputs)
	return c
}
