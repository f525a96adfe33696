package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// TestWhereNothingEndsThePhaseIsNamed, and not where something does.
func TestWhereNothingEndsThePhaseIsNamed(t *testing.T) {
	stuck := func(bend func(p *probes.Phases)) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { bend(&o.Phases) })
	}
	some := with(up.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
		if n == 5 {
			o.Phases.Wait = 2 * time.Minute
		}
		if n == 4 {
			o.Outcome = probes.Reset
		}
	})
	for _, c := range []struct {
		name    string
		through synthetic.Path
		want    string
		not     string
	}{
		{"no answer", stuck(func(p *probes.Phases) { p.Wait = 2 * time.Minute }), "requests are taken and not answered", ""},
		{"no window", stuck(func(p *probes.Phases) { p.Send = 20 * time.Minute }), "ops hang while sending the body", ""},
		{"some end", some, "", "not answered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := synthetic.Record(synthetic.Design{
				Seed: 3, Blocks: 3, Cells: one, Around: up.path(), Through: c.through,
				Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)},
			})
			a := attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
			if a.Arm != "through" || !strings.Contains(a.Where, c.want) || c.not != "" && strings.Contains(a.Where, c.not) {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestOpsThatHangAmongOthersAreNamed, and ops that are only long are not.
func TestOpsThatHangAmongOthersAreNamed(t *testing.T) {
	at := func(k int, bend func(p *probes.Phases)) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			if n%k == k-1 {
				bend(&o.Phases)
			}
		})
	}
	unanswered := func(p *probes.Phases) { p.Wait = 2 * time.Minute }
	late := func(p synthetic.Path, k int) synthetic.Path {
		return with(p, func(_ plan.Cell, n int, o *synthetic.Op) {
			if n%k == k-1 {
				o.Outcome, o.Message = probes.Timeout, "no answer in 3s after the request was sent"
				o.Phases.Wait, o.Phases.Receive = 3*time.Second, 0
			}
		})
	}
	slow := with(up.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
		o.Phases.Wait = time.Duration(1500+n%4*400) * time.Millisecond
	})
	for _, c := range []struct {
		name            string
		around, through synthetic.Path
		want            string
	}{
		{"never answered", up.path(), at(6, unanswered), "some requests are taken and never answered"},
		{"stuck in the body", up.path(), at(6, func(p *probes.Phases) { p.Send = 20 * time.Minute }), "some uploads stop in the middle of the body"},
		{"around too", at(6, unanswered), at(6, unanswered), ""},
		{"not answered in time", up.path(), late(up.path(), 3), "some requests are taken and never answered"},
		{"not answered in time around too", late(up.path(), 5), late(up.path(), 3), ""},
		{"all slow, some too slow for our patience", up.path(), late(slow, 3), ""},
		{"two in three not answered in time", up.path(), with(late(up.path(), 1), func(_ plan.Cell, n int, o *synthetic.Op) {
			if n%3 == 0 {
				o.Outcome, o.Phases.Wait = probes.OK, time.Millisecond
			}
		}), "some requests are taken and never answered"},
		{"long, but they end", up.path(), at(6, func(p *probes.Phases) { p.Wait = 2 * time.Second }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := synthetic.Record(synthetic.Design{
				Seed: 3, Blocks: 6, Cells: one, Around: c.around, Through: c.through,
				Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)},
			})
			a := attribution.Attribute(run, verdict.Judge(run, verdict.Options{}))
			if said := strings.Contains(a.Where, "some "); said != (c.want != "") || !strings.Contains(a.Where, c.want) {
				t.Errorf("%+v", a)
			}
		})
	}
}
