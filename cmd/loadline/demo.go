package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"loadline/infra/conduct"
	"loadline/infra/lab/demo"
	"loadline/probes/all"
	"loadline/reports/text"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// act is one half of the demo with the verdict that it must come to.
type act struct {
	title    string
	upgraded bool
	want     verdict.Verdict
}

var acts = []act{
	{"Act 1: the balancer as it is today.", false, verdict.Pass},
	{"Act 2: the same balancer after an upgrade that breaks uploads.", true, verdict.Regressed},
}

func demoCommand(a app) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "demo", Short: "the first minute: a healthy balancer passes, an upgrade that breaks uploads is refused",
		Long: `demo starts an origin and a small balancer on loopback, measures uploads through
and around it, and judges; then again with an upgraded balancer that slows
HTTP/2 uploads and loses one. It needs no root, no network and no other program
and leaves nothing behind but its reports.`,
		Example: "  loadline demo",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), a, out) },
	}
	c.Flags().StringVar(&out, "out", filepath.Join(os.TempDir(), "loadline-demo"), "directory for the records and reports")
	return c
}

func runDemo(ctx context.Context, a app, out string) error {
	for _, act := range acts {
		fmt.Fprintf(a.stdout, "\n%s\n\n", act.title)
		if err := play(ctx, a, act, out); err != nil {
			return err
		}
	}
	fmt.Fprint(a.stdout, `
Next:
  loadline init upload.yaml      write a scenario for a service of your own
  loadline plan upload.yaml      see what it would do
  loadline run upload.yaml       measure, and let the exit code decide
`)
	return nil
}

// play runs one act; it is an error if the verdict is not the act's.
func play(ctx context.Context, a app, act act, out string) error {
	stage, err := demo.Start(ctx, act.upgraded)
	if err != nil {
		return unreachable(err)
	}
	defer stage.Stop()
	env := func(name string) (string, bool) { v, ok := stage.Env[name]; return v, ok }
	p, err := plan.Read("demo.yaml", demo.Scenario, scenarios.Options{Env: env}, all.Builtin())
	if err != nil {
		return usage(err)
	}
	progress := newProgress(a.stderr)
	res, err := conduct.Run(ctx, p, conduct.Options{Table: all.Builtin(), Tool: tool(), Out: out, Command: "loadline demo", Watch: progress.event})
	progress.done()
	if err != nil {
		return ended(res, err)
	}
	if err := (text.Renderer{Color: colours(a.stdout)}).Render(a.stdout, res.Report); err != nil {
		return notKept(err)
	}
	page, err := keepPage(res.Record, res.Report)
	if err != nil {
		return notKept(err)
	}
	fmt.Fprintf(a.stdout, "\n  report: %s\n", page)
	d := res.Report.Decision
	if d.Verdict != act.want && !(act.want == verdict.Pass && d.Verdict == verdict.Improved) {
		a.hint("the demo expected %s here; a machine that is busy otherwise may not be able to tell", act.want)
		return ended(res, nil)
	}
	return nil
}
