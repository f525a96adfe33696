package record

import (
	"math"
	"testing"
	"time"

	"loadline/probes"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// near allows for the 0.1 % of a histogram.
func near(got, want float64) bool {
	if math.IsInf(want, 1) {
		return math.IsInf(got, 1)
	}
	return math.Abs(got-want) <= 0.002*math.Abs(want)+1e-6
}

// TestValuesHaveTwoBoundsWhereOpsDidNotEnd checks every statistic of a trial
// whose figures are simple: ten ops of 100 ms and 1 MiB, one that failed after
// 50 ms, one that was cut after 1 s and 512 KiB, in a span of 10 s.
func TestValuesHaveTwoBoundsWhereOpsDidNotEnd(t *testing.T) {
	r := Run{Trials: []Trial{smallTrial(0)}}
	mib := float64(unit.MiB)
	for _, test := range []struct {
		metric    metric.ID
		stat      metric.Stat
		low, high float64
	}{
		{metric.Goodput, metric.Mean, mib, 1.05 * mib},
		{metric.Rate, metric.Mean, 1, 1.1},
		{metric.Errors, metric.StatCount, 1, 2},
		{metric.Errors, metric.StatRate, 1. / 12, 2. / 12},
		{metric.Service, metric.P50, 0.1, 0.1},
		{metric.Response, metric.P90, 0.1, math.Inf(1)},
		{metric.TTLB, metric.Max, 1, math.Inf(1)},
		{metric.Service, metric.Mean, (1 + 0.05 + 1) / 12, math.Inf(1)},
		{metric.TTFB, metric.P50, 0.05, 0.05},
		{PhaseWait, metric.P50, 0.05, 0.05},
	} {
		got := r.Values("all", "around", test.metric, test.stat)
		if len(got) != 1 || !got[0].Known() || !near(got[0].Low, test.low) || !near(got[0].High, test.high) {
			t.Errorf("%s %s: %+v, want %v to %v", test.metric, test.stat, got, test.low, test.high)
		}
	}
}

func TestAStatisticThatAMetricDoesNotHaveGivesNoValues(t *testing.T) {
	r := Run{Trials: []Trial{smallTrial(0)}}
	for _, ask := range [][2]string{{"goodput", "p50"}, {"errors", "mean"}, {"service", "rate"}, {"integrity.lost", "p50"}} {
		if got := r.Values("all", "around", metric.ID(ask[0]), metric.Stat(ask[1])); len(got) != 0 {
			t.Errorf("%v: %+v", ask, got)
		}
	}
}

func TestAnArmThatMovedNothingHasValuesOfZero(t *testing.T) {
	c := NewCollector(TrialHead{Arm: "a", Cell: "all"}, CollectorOptions{})
	o := op(0, 0, time.Millisecond)
	o.Outcome, o.Verified = probes.Refused, 0
	c.Add(0, o)
	r := Run{Trials: []Trial{c.Finish(Health{}, time.Second)}}
	if got := r.Values("all", "a", metric.Goodput, metric.Mean)[0]; !got.Known() || got.High != 0 {
		t.Errorf("goodput %+v, want a known 0: nothing moved is not nothing known", got)
	}
	if got := r.Values("all", "a", metric.TTLB, metric.P50)[0]; !near(got.Low, 0.001) || !math.IsInf(got.High, 1) {
		t.Errorf("ttlb %+v, want 1 ms to endless", got)
	}
}

func TestATrialWithoutOpsIsNotKnown(t *testing.T) {
	c := NewCollector(TrialHead{Arm: "a", Cell: "all"}, CollectorOptions{})
	r := Run{Trials: []Trial{c.Finish(Health{}, time.Second)}}
	for m, s := range map[metric.ID]metric.Stat{metric.Goodput: metric.Mean, metric.Errors: metric.StatRate, metric.TTLB: metric.P95} {
		if got := r.Values("all", "a", m, s); len(got) != 1 || got[0].Known() {
			t.Errorf("%s: %+v, want one value that is not known", m, got)
		}
	}
}

func TestTrialsComeByBlockAndAbortedOnesSayNothing(t *testing.T) {
	r := Run{Trials: []Trial{
		{Index: 5, Block: 2, Arm: "a", Cell: "all"}, {Index: 0, Block: 0, Arm: "a", Cell: "all"},
		{Index: 1, Block: 0, Arm: "b", Cell: "all"}, {Index: 3, Block: 1, Arm: "a", Cell: "all", Aborted: "interrupted"},
	}}
	var blocks []int
	for _, trial := range r.TrialsOf("all", "a") {
		blocks = append(blocks, trial.Block)
	}
	if len(blocks) != 3 || blocks[0] != 0 || blocks[1] != 1 || blocks[2] != 2 {
		t.Errorf("blocks %v, want 0 1 2", blocks)
	}
	values, histograms := r.Values("all", "a", metric.Goodput, metric.Mean), r.Histograms("all", "a", metric.TTLB)
	if len(values) != 2 || values[1].Block != 2 || len(histograms) != 2 || histograms[1].Block != 2 {
		t.Errorf("values %+v, histograms %+v: want blocks 0 and 2", values, histograms)
	}
}

func TestIntegrityIsCountedOverTheRun(t *testing.T) {
	c := NewCollector(TrialHead{Arm: "a", Cell: "all"}, CollectorOptions{})
	for i, outcome := range []probes.Outcome{probes.OK, probes.OK, probes.Corrupt, probes.Short, probes.Reset, probes.Swapped} {
		o := op(uint64(i), 0, time.Millisecond)
		o.Outcome = outcome
		c.Add(i, o)
	}
	r := Run{
		Trials:    []Trial{c.Finish(Health{}, time.Second)},
		Integrity: []Integrity{{Arm: "a", Cell: "all", Acknowledged: 100, Lost: 2, Duplicated: 1, Unverified: 10}, {Arm: "b", Cell: "all", Lost: 50}},
	}
	for _, test := range []struct {
		metric metric.ID
		count  float64
		n      uint64
	}{
		{metric.IntegrityLost, 2, 90}, {metric.IntegrityDuplicate, 1, 90},
		{metric.IntegrityCorrupt, 2, 90}, {metric.IntegrityShort, 1, 90},
	} {
		got := r.Values("all", "a", test.metric, metric.StatCount)
		if len(got) != 1 || got[0].Block != WholeRun || got[0].Low != test.count || got[0].N != test.n {
			t.Errorf("%s: %+v, want %v of %d over the run", test.metric, got, test.count, test.n)
		}
	}
	r.Integrity = nil
	if got := r.Values("all", "a", metric.IntegrityCorrupt, metric.StatCount)[0]; got.N != 5 {
		t.Errorf("without a ledger, the bodies that came to their end were looked at: %d, want 5", got.N)
	}
}
