package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// TestFailuresOfKeptConnections: where all lie on connections that had worked,
// that is said; where they only broke, it is not.
func TestFailuresOfKeptConnections(t *testing.T) {
	const cause = "kept connections are closed while a request is on its way"
	breaking := func(message string) synthetic.Path {
		return with(down.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			if n == 20 {
				o.Outcome, o.Message = probes.Reset, message
			}
		})
	}
	for message, is := range map[string]bool{
		"the peer reset the connection: read (" + probes.OnKept + ")":       true,
		"after 1000 of 10485760 bytes: the peer reset the connection: read": false,
	} {
		a := attributed(t, synthetic.Design{Cells: one, Around: down.path(), Through: breaking(message), Spec: download})
		if a.Arm != "through" || strings.Contains(a.Where, cause) != is {
			t.Errorf("%s: %+v", message, a)
		}
	}
}

// TestConnectionsThatAreBadFromTheirStart are met in the warm-up alone.
func TestConnectionsThatAreBadFromTheirStart(t *testing.T) {
	const cause = "some connections are bad from their start"
	warmed := func(p synthetic.Path, bad probes.Outcome) synthetic.Path {
		p.Trial = func(t *record.Trial) {
			c := record.NewCollector(record.TrialHead{}, record.CollectorOptions{})
			c.Add(0, probes.Observation{Outcome: bad, Start: probes.MarkAt(0), End: probes.MarkAt(time.Millisecond)})
			t.WarmUp = record.NewWarmUp(c.Finish(record.Health{}, time.Second))
		}
		return p
	}
	for _, c := range []struct {
		through synthetic.Path
		is      bool
	}{
		{warmed(down.path(), probes.Reset), true},
		{warmed(down.at(1e6).path(), probes.OK), false},
	} {
		run := synthetic.Record(synthetic.Design{
			Seed: 3, Blocks: 5, Cells: one, Around: warmed(down.path(), probes.OK), Through: c.through, Spec: download,
			Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0), synthetic.Relative(metric.Goodput, metric.Mean, 1)},
		})
		a := attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.is {
			t.Errorf("%v: %+v", c.is, a)
		}
	}
}
