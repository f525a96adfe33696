package selftest

import (
	"context"
	"slices"
	"testing"

	"loadline/infra/conduct"
	"loadline/probes"
	"loadline/probes/all"
	"loadline/reports"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// sight is what a blinded probe makes of what the shipped one saw; nil leaves
// it as it is.
type sight struct {
	op       func(*probes.Observation)
	audit    func(*probes.Audit)
	receipts func(int) int
}

// blinded is a shipped probe with a detector taken out.
type blinded struct {
	probes.Probe
	sight sight
}

func (b blinded) Open(ctx context.Context, s plan.Spec, on probes.On) (probes.Session, error) {
	session, err := b.Probe.Open(ctx, s, on)
	if err != nil {
		return nil, err
	}
	return blindSession{session, session.(probes.Keeper), b.sight}, nil
}

type blindSession struct {
	probes.Session
	probes.Keeper
	sight sight
}

func (s blindSession) Do(ctx context.Context, op probes.Op) probes.Observation {
	o := s.Session.Do(ctx, op)
	if s.sight.op != nil {
		s.sight.op(&o)
	}
	return o
}

func (s blindSession) Audit(ctx context.Context, k probes.Kept) probes.Audit {
	a := s.Keeper.Audit(ctx, k)
	if s.sight.audit != nil {
		s.sight.audit(&a)
	}
	return a
}

func (s blindSession) Receipts(ctx context.Context, k probes.Kept) (int, bool, error) {
	n, ok, err := s.Keeper.Receipts(ctx, k)
	if s.sight.receipts != nil {
		n = s.sight.receipts(n)
	}
	return n, ok, err
}

type conductor = func(context.Context, plan.Plan, conduct.Options) (conduct.Result, error)

// blind conducts with probes that see less.
func blind(s sight) conductor {
	return func(ctx context.Context, p plan.Plan, o conduct.Options) (conduct.Result, error) {
		table := make(probes.Table, len(o.Table))
		for i, probe := range o.Table {
			table[i] = blinded{probe, s}
		}
		o.Table = table
		return conduct.Run(ctx, p, o)
	}
}

// takenFor makes failures of some outcomes look like another.
func takenFor(as probes.Outcome, seen ...probes.Outcome) func(*probes.Observation) {
	return func(o *probes.Observation) {
		if slices.Contains(seen, o.Outcome) {
			o.Outcome, o.Err = as, nil
		}
	}
}

// judging lets a conductor's judge say something else.
func judging(change func(*conduct.Result)) conductor {
	return func(ctx context.Context, p plan.Plan, o conduct.Options) (conduct.Result, error) {
		res, err := conduct.Run(ctx, p, o)
		change(&res)
		return res, err
	}
}

// detectors are what loadline sees with. Each row takes one out and names the
// cases that nothing else can catch.
var detectors = []struct {
	name    string
	without conductor
	misses  []string
}{
	{"bytes that arrive are verified",
		blind(sight{op: takenFor(probes.OK, probes.Corrupt, probes.Swapped, probes.Stale)}),
		[]string{"corrupt-download", "zero-tail", "swap", "stale"}},
	{"the length of a body is compared",
		blind(sight{op: takenFor(probes.OK, probes.Short)}),
		[]string{"truncated-download"}},
	{"acknowledged uploads are read back",
		blind(sight{audit: func(a *probes.Audit) { a.Finding = probes.Intact }}),
		[]string{"loss", "early-answer", "corrupt-upload", "truncated-upload"}},
	{"the origin is asked how often it stored a body",
		blind(sight{receipts: func(n int) int { return min(n, 1) }}),
		[]string{"duplicate"}},
	{"refused uploads are looked for",
		judging(func(res *conduct.Result) {
			for i := range res.Run.Integrity {
				res.Run.Integrity[i].RefusedButStored = 0
			}
			res.Report = conduct.Judge(res.Run, verdict.Options{}, reports.Source{})
		}),
		[]string{"refused-but-stored"}},
	{"what does not move is given up",
		blind(sight{op: takenFor(probes.Cut, probes.Stalled, probes.Timeout)}),
		[]string{"stall", "no-answer"}},
	{"a broken connection is an error",
		blind(sight{op: takenFor(probes.Cut, probes.Reset)}),
		[]string{"reset"}},
	{"response counts from the planned start",
		judging(func(res *conduct.Result) {
			for _, trial := range res.Run.Trials {
				trial.Latency[metric.Response] = trial.Latency[metric.Service]
			}
			res.Report = conduct.Judge(res.Run, verdict.Options{}, reports.Source{})
		}),
		[]string{"freeze"}},
	{"there are criteria",
		func(ctx context.Context, p plan.Plan, o conduct.Options) (conduct.Result, error) {
			p.Scenario.Criteria = nil
			return conduct.Run(ctx, p, o)
		},
		[]string{"freeze", "duplicate", "truncated-download"}},
	{"the judge refuses",
		judging(func(res *conduct.Result) { res.Report.Decision.Verdict = verdict.Pass }),
		[]string{"throttle", "crawl", "loss", "swap"}},
	{"the attribution names what happened",
		judging(func(res *conduct.Result) { res.Report.Attribution = attribution.Attribution{} }),
		[]string{"loss", "swap"}},
}

func TestSelftestFailsWithoutADetector(t *testing.T) {
	for _, d := range detectors {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			outcomes, err := Run(t.Context(), Options{Table: all.Builtin(), Cases: named(t, d.misses), Conduct: d.without})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range outcomes {
				if o.Missed == "" {
					t.Errorf("%s was caught all the same (%s: %s)", o.Case.Name, o.Verdict, o.Where)
				}
			}
		})
	}
}

// TestNoCaseIsWithoutADetector keeps the table above complete.
func TestNoCaseIsWithoutADetector(t *testing.T) {
	for _, c := range Cases {
		found := false
		for _, d := range detectors {
			found = found || slices.Contains(d.misses, c.Name)
		}
		if !found {
			t.Errorf("nothing shows that the self test fails when it cannot catch %s: add it to a row of detectors", c.Name)
		}
	}
}

func TestSelftestFailsWhenAHealthyTwinIsRefused(t *testing.T) {
	wolf := judging(func(res *conduct.Result) { res.Report.Decision.Verdict = verdict.Regressed })
	outcomes, err := Run(t.Context(), Options{Table: all.Builtin(), Cases: named(t, []string{"stale"}), Conduct: wolf})
	if err != nil {
		t.Fatal(err)
	}
	if _, alarms := Failed(outcomes); alarms != 1 {
		t.Errorf("a judge that refuses everything raised %d alarms, want 1: %+v", alarms, outcomes)
	}
}

func named(t *testing.T, names []string) (chosen []Case) {
	t.Helper()
	for _, c := range Cases {
		if slices.Contains(names, c.Name) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) != len(names) {
		t.Fatalf("of the cases %v only %d are in the table", names, len(chosen))
	}
	return chosen
}
