package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loadline/infra/conduct"
	"loadline/probes/all"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/verdict"
	"loadline/scenarios/plan"
)

// runFlags are what run can be told.
type runFlags struct {
	outputs, sets, baselines []string
	out                      string
	raw                      bool
}

func runCommand(a app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE...",
		Short: "plan, measure and judge scenarios; the exit code is the verdict",
		Long: `run measures each scenario in turn and judges it. FILE is a scenario file or a
name of the catalogue. All files are checked before any load is offered.

With several scenarios the exit code is the gravest one's. Text, markdown and
junit then hold them all in one document; json and html have a document for
each: write {scenario} into the name of the file, which stands for the
scenario's name with - for /.

A reader of stdout that leaves early (head, grep -q) costs output, never the
exit code; an output file that cannot be written is 22, unless the verdict is
graver.`,
		Example: "  loadline run upload.yaml\n" +
			"  loadline run edge/upload-through-around --set arms.through.target.connect=10.0.0.12:443\n" +
			"  loadline run upload.yaml -o text -o json=verdict.json -o junit=junit.xml\n" +
			"  loadline run scenarios/*.yaml -o junit=junit.xml -o json=verdicts/{scenario}.json",
		Args: needFiles,
		RunE: func(c *cobra.Command, files []string) error { return runAll(c.Context(), a, files, f) },
	}
	outputFlag(c, &f.outputs)
	setFlag(c, &f.sets)
	c.Flags().StringArrayVar(&f.baselines, "baseline", nil, "record of an earlier run that criteria with against: baseline compare with (repeatable)")
	c.Flags().StringVar(&f.out, "out", "loadline-runs", "directory that gets a directory per run, with its record and page")
	c.Flags().BoolVar(&f.raw, "raw", false, "keep every observation in the record")
	return c
}

func outputFlag(c *cobra.Command, outputs *[]string) {
	c.Flags().StringArrayVarP(outputs, "output", "o", nil, "text, json, html, junit or markdown, to stdout or with =FILE to a file; {scenario} in FILE is the scenario's name (repeatable)")
}

func setFlag(c *cobra.Command, sets *[]string) {
	c.Flags().StringArrayVar(sets, "set", nil, "override a field: arms.through.target.connect=10.0.0.12:443 (repeatable)")
}

func needFiles(_ *cobra.Command, files []string) error {
	if len(files) == 0 {
		return usage(errors.New("no scenario named (hint: loadline init writes one)"))
	}
	return nil
}

func runAll(ctx context.Context, a app, files []string, f runFlags) error {
	outs, err := parseOutputs(f.outputs, a.stdout)
	if err != nil {
		return err
	}
	plans, err := readPlans(files, f.sets)
	if err != nil {
		return err
	}
	if err := ready(ctx, plans...); err != nil {
		return err
	}
	if err := checkRoom(outs, namesOf(plans), f.out); err != nil {
		return err
	}
	baseline, err := openBaselines(f.baselines)
	if err != nil {
		return err
	}
	o := conduct.Options{
		Table: all.Builtin(), Tool: tool(), Out: f.out, Raw: f.raw,
		Command: commandLine(plans, os.Args[1:], os.LookupEnv), Judge: baseline,
	}
	var ends []error
	for _, p := range plans {
		if interrupted := slices.ContainsFunc(ends, func(err error) bool { return exitCode(err) == exitInterrupted }); interrupted {
			ends = append(ends, missed(a, outs, p, ending{exitInterrupted, errors.New("the run was interrupted before its turn")}))
			continue
		}
		ends = append(ends, runOne(ctx, a, p, outs, o))
	}
	ends = append(ends, each(outs, func(out *output) error { return out.end(a.stdout) }))
	return gravest(ends...)
}

func namesOf(plans []plan.Plan) []string {
	var names []string
	for _, p := range plans {
		names = append(names, p.Scenario.Name)
	}
	return names
}

// missed tells the outputs of a scenario that left no report, and why. It fails
// if they cannot be written.
func missed(a app, outs []*output, p plan.Plan, why error) error {
	return each(outs, func(o *output) error {
		return o.miss(a.stdout, reports.NotRun(p.Scenario, why.Error(), exitCode(why), time.Now()))
	})
}

// runOne conducts one plan, draws its report and says how it ended.
func runOne(ctx context.Context, a app, p plan.Plan, outs []*output, o conduct.Options) error {
	for _, w := range p.Warnings {
		a.hint("warning: %s", w)
	}
	progress := newProgress(a.stderr)
	o.Watch = progress.event
	res, err := conduct.Run(ctx, p, o)
	progress.done()
	end := ended(res, err)
	if res.Run.Header.Run == "" {
		return gravest(end, missed(a, outs, p, end))
	}
	res.Report.Exit = exitCode(end)
	written := each(outs, func(out *output) error { return out.take(a.stdout, res.Report) })
	page, kept := keepPage(res.Record, res.Report)
	if page != "" && kept == nil {
		a.hint("report: %s", page)
	}
	if kept != nil {
		kept = notKept(kept)
	}
	return gravest(end, written, kept)
}

// ended turns what a run came to into the error that carries its exit code.
func ended(res conduct.Result, err error) error {
	var lost *record.ErrNotKept
	d := res.Report.Decision
	switch {
	case errors.As(err, &lost):
		return notKept(err)
	case errors.Is(err, engine.ErrAborted):
		return ending{exitInterrupted, err}
	case errors.Is(err, engine.ErrUnready):
		return unreachable(err)
	case err != nil:
		return err
	case d.Unreachable != "":
		return unreachable(errors.New(d.Unreachable))
	case d.Verdict.ExitCode() == exitOK:
		return nil
	}
	return judged{d.Verdict}
}

// gravity orders the ends of several scenarios: what a person must look at
// first leads.
var gravity = []int{exitInterrupted, verdict.Regressed.ExitCode(), exitNotKept, exitUnreachable, exitUsage,
	verdict.Invalid.ExitCode(), verdict.NoBaseline.ExitCode(), verdict.Inconclusive.ExitCode()}

// gravest is one error for several ends: its exit code is the gravest one's,
// its message that of every end that is not a verdict (those are in reports).
func gravest(ends ...error) error {
	var gravest error
	var messages []error
	for _, err := range ends {
		if err == nil {
			continue
		}
		if gravest == nil || rankOf(exitCode(err)) < rankOf(exitCode(gravest)) {
			gravest = err
		}
		if !errors.As(err, new(judged)) {
			messages = append(messages, err)
		}
	}
	if len(messages) == 0 {
		return gravest
	}
	return ending{exitCode(gravest), errors.Join(messages...)}
}

func rankOf(code int) int {
	for i, g := range gravity {
		if g == code {
			return i
		}
	}
	return len(gravity)
}

func openBaselines(paths []string) (verdict.Options, error) {
	var o verdict.Options
	for _, path := range paths {
		run, err := openRun(path)
		if err != nil {
			return o, usage(fmt.Errorf("--baseline: %w", err))
		}
		o.Baseline = append(o.Baseline, run)
	}
	o.BaselineName = strings.Join(paths, ", ")
	return o, nil
}
