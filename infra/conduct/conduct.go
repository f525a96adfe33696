// Package conduct carries a plan through to a report: it keeps the record,
// lets the judge look between blocks, and judges what is there at the end,
// whatever ended it. It is the one path that run, demo, selftest and the lab
// share, so that what is proved of one holds for all.
package conduct

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"loadline/infra/hostinfo"
	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/scenarios/plan"
)

// Options are what a run needs besides its plan.
type Options struct {
	Table probes.Table
	Tool  record.Tool
	// Out is the directory that gets the run's own directory; empty keeps the
	// record in memory only.
	Out string
	// Command is the command line, for the record and the report, which hold
	// it redacted.
	Command string
	// Raw keeps every observation.
	Raw bool
	// Judge holds the baseline runs, if any.
	Judge verdict.Options
	// Watch hears of progress; nil hears nothing.
	Watch func(engine.Event)
}

// Result is what a run came to.
type Result struct {
	Run    record.Run
	Report reports.Report
	// Record is the path of the record, empty if none is kept.
	Record string
}

// Run conducts the plan. The result holds what was measured also with an
// error, which is engine.ErrAborted, engine.ErrUnready or *record.ErrNotKept.
func Run(ctx context.Context, p plan.Plan, o Options) (Result, error) {
	started := time.Now()
	header := engine.NewHeader(p, record.NewRunID(started), o.Tool, hostinfo.Snapshot(), started)
	header.Command = p.Scenario.Secrets.Text(o.Command)
	var res Result
	eng := engine.Options{Table: o.Table, Header: header, Watch: o.Watch, Raw: o.Raw, Look: look(o.Judge)}
	var writer *record.Writer
	if o.Out != "" {
		w, err := record.Create(o.Out, header)
		if err != nil {
			return res, err
		}
		eng.Writer, writer, res.Record = w, w, filepath.Dir(w.Path())
	}
	run, err := engine.Run(ctx, p, eng)
	if writer != nil {
		err = errors.Join(err, writer.Close())
	}
	res.Run = run
	res.Report = Judge(run, o.Judge, reports.Source{Record: res.Record})
	return res, err
}

// Judge is the report on a run that is over, as it was recorded.
func Judge(run record.Run, o verdict.Options, s reports.Source) reports.Report {
	s.Command = run.Header.Command
	d := verdict.Judge(run, o)
	return reports.Build(run, d, attribution.Attribute(run, d), s)
}

// look ends a run as soon as nothing is left open.
func look(o verdict.Options) func(record.Run) (bool, string) {
	return func(run record.Run) (bool, string) {
		d, over := verdict.JudgeLook(run, o)
		if !over {
			return false, ""
		}
		return true, fmt.Sprintf("decided after %d trials: %s", len(run.Trials), d.Verdict)
	}
}
