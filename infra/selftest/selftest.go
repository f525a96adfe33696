// Package selftest plants faults behind real sockets and proves that loadline
// sees them: through the shipped probes, engine, record, judge and attribution,
// by the path that a run takes. Beside every fault runs its healthy twin, the
// same scenario against the same services without the fault, which must pass.
//
// It shows that the gate on this machine can see; it says nothing about any
// service, and nothing about faults that are not in its table. Nothing is
// measured for its own sake: cells are small, and only the cases that Timed
// marks depend on time.
package selftest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"loadline/infra/conduct"
	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// Case is one fault, where it is planted, and by what it must be caught.
type Case struct {
	Name string
	// Plants says in words what goes wrong.
	Plants string
	// Scenario is a file of scenarios/, without .yaml.
	Scenario string
	// At is the service that has the fault, and Fault the line of package
	// fault that plants it.
	At    Place
	Fault string
	// Freeze stops the service for that long in each of the candidate's trials.
	Freeze time.Duration
	// By is the metric whose finding must refuse the candidate in every cell.
	By metric.ID
	// Says is what the attribution must say of it; empty leaves it free.
	Says string
	// Timed marks a case that is about time: it runs over a path with a length
	// and a rate, when the others are over.
	Timed bool
}

// Place is a service of the stage.
type Place string

// The places. The balancer has no store, so what only a store can do wrong
// happens in the backend behind it; the reference's origin is always healthy.
const (
	Balancer Place = "balancer"
	Backend  Place = "backend"
)

// Outcome is what one case came to.
type Outcome struct {
	Case Case
	// Missed is why the fault does not count as caught, Alarm why its healthy
	// twin does not count as silent; empty if they do.
	Missed, Alarm string
	// Verdict and Where are the decision on the planted fault, Twin that on
	// the healthy twin.
	Verdict, Where, Twin string
	// Starved says that the machine had no core to spare meanwhile, which is
	// what makes a timed case fail that is otherwise well.
	Starved bool
	Took    time.Duration
}

// OK reports whether the fault was caught and its twin left in peace.
func (o Outcome) OK() bool { return o.Missed == "" && o.Alarm == "" }

// Options are what a self test needs.
type Options struct {
	Table probes.Table
	Tool  record.Tool
	Cases []Case
	// Conduct carries a plan to a report; nil is conduct.Run. A test that
	// takes a detector out does it here.
	Conduct func(context.Context, plan.Plan, conduct.Options) (conduct.Result, error)
	// Done hears of every case that is over, from one goroutine at a time; nil
	// hears nothing.
	Done func(Outcome)
}

// workers is how many cases run at a time: their loads are small, and most of
// their time is spent waiting for timeouts.
const workers = 3

// Run runs all cases and returns their outcomes in the order of the table. An
// error means that a case could not be played at all, not that it was missed.
func Run(ctx context.Context, o Options) ([]Outcome, error) {
	if o.Conduct == nil {
		o.Conduct = conduct.Run
	}
	outcomes := make([]Outcome, len(o.Cases))
	problems := make([]error, len(o.Cases))
	var telling sync.Mutex
	one := func(i int) {
		outcomes[i], problems[i] = play(ctx, o, o.Cases[i])
		if o.Done != nil && problems[i] == nil {
			telling.Lock()
			defer telling.Unlock()
			o.Done(outcomes[i])
		}
	}
	for _, timed := range []bool{false, true} {
		var group sync.WaitGroup
		places := make(chan struct{}, workers)
		for i, c := range o.Cases {
			if c.Timed != timed {
				continue
			}
			places <- struct{}{}
			group.Go(func() { one(i); <-places })
		}
		group.Wait()
	}
	return outcomes, errors.Join(problems...)
}

// play runs a case and its healthy twin at the same time, so that whatever
// else this machine does happens to both.
func play(ctx context.Context, o Options, c Case) (Outcome, error) {
	started := time.Now()
	out := Outcome{Case: c}
	var planted, healthy conduct.Result
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { planted, errs[0] = perform(ctx, o, c) })
	both.Go(func() { healthy, errs[1] = perform(ctx, o, c.twin()) })
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return out, fmt.Errorf("selftest %s: %w", c.Name, err)
	}
	out.Missed, out.Alarm = missed(c, planted), alarm(healthy)
	out.Verdict, out.Twin = string(planted.Report.Decision.Verdict), string(healthy.Report.Decision.Verdict)
	out.Where = planted.Report.Attribution.Where
	out.Starved = starved(planted.Run) || starved(healthy.Run)
	out.Took = time.Since(started)
	return out, nil
}

// twin is the case without its fault.
func (c Case) twin() Case {
	c.Fault, c.Freeze = "", 0
	return c
}

// perform sets the stage, runs the case's scenario on it, and clears it.
func perform(ctx context.Context, o Options, c Case) (res conduct.Result, err error) {
	stage, err := setUp(ctx, c)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, stage.stop()) }()
	env := func(name string) (string, bool) { v, ok := stage.env[name]; return v, ok }
	src, err := sources.ReadFile("scenarios/" + c.Scenario + ".yaml")
	if err != nil {
		return res, err
	}
	p, err := plan.Read(c.Scenario+".yaml", src, scenarios.Options{Env: env}, o.Table)
	if err != nil {
		return res, err
	}
	return o.Conduct(ctx, p, conduct.Options{Table: o.Table, Tool: o.Tool, Command: "loadline selftest", Watch: stage.freezer(c.Freeze)})
}

// freezer freezes the balancer in each trial through it, once the first half
// second is measured.
func (s *stage) freezer(d time.Duration) func(engine.Event) {
	if d == 0 {
		return nil
	}
	last := 0
	return func(e engine.Event) {
		if e.Kind == engine.TrialTick && e.Arm == "through" && e.Trial != last {
			last = e.Trial
			s.front.Faults().Freeze(d)
		}
	}
}
