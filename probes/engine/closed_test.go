package engine_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

func TestClosedLoadKeepsItsNumberInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: 10 * time.Millisecond}})
		run, err := m.run(t, m.plan(closed(4, 0, time.Second, time.Second), 1))
		trial := one(t, run, err)
		if n := trial.Ops[probes.OK]; n != 400 {
			t.Errorf("%d ops, want 4 × 100", n)
		}
		for _, o := range trial.Raw {
			if o.Due != o.Start {
				t.Fatalf("op %d: due %d, started %d: in the closed model no op is late", o.Seq, o.Due, o.Start)
			}
		}
		if trial.Health.LateMax != 0 || trial.Health.Dropped != 0 {
			t.Errorf("health %+v", trial.Health)
		}
	})
}

func TestWarmUpIsNotJudgedAndOutlivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// 3 s per op: one op is still running when the warm-up of 1 s ends, and
		// would be 1.2 s later: it is cut.
		m := newMemory(1, map[string]*way{"r": {latency: 3 * time.Second}})
		run, err := m.run(t, m.plan(closed(1, time.Second, 4*time.Second, 3*time.Second), 1))
		trial := one(t, run, err)
		if trial.At != 2200*time.Millisecond {
			t.Errorf("measured from %v, want 2.2 s: the warm-up and its drain", trial.At)
		}
		if n := trial.Total(); n != 2 || trial.Ops[probes.OK] != 2 {
			t.Errorf("ops %v, want the 2 of the measured part", trial.Ops)
		}
		if trial.Span != 6*time.Second {
			t.Errorf("span %v, want until the last op ended", trial.Span)
		}
		if w := trial.WarmUp; w == nil || len(w.Ops) != 1 || w.Ops[probes.Cut] != 1 || w.Service.Unended.Count() != 1 {
			t.Errorf("of the warm-up %+v is kept, want its op that was cut", w)
		}
		if len(m.stored) != 0 {
			t.Errorf("left %d objects: those of the warm-up are removed as well", len(m.stored))
		}
	})
}

// TestDrainCutsWhatCannotEnd: at 1 kB/s a body of 1 MB needs a quarter of an
// hour, at 200 kB/s 5 s. Both are running when 2 s of measuring end.
func TestDrainCutsWhatCannotEnd(t *testing.T) {
	for _, c := range []struct {
		name     string
		way      *way
		want     probes.Outcome
		from, to time.Duration
		moved    float64
	}{
		{name: "hopeless", way: &way{rate: 1000}, want: probes.Cut, from: 2 * time.Second, to: 2200 * time.Millisecond, moved: 2000},
		{name: "able", way: &way{rate: 200_000}, want: probes.OK, from: 5 * time.Second, to: 5100 * time.Millisecond, moved: 1e6},
		{name: "all moved, answer awaited", way: &way{answers: 8 * time.Second}, want: probes.OK, from: 8 * time.Second, to: 8100 * time.Millisecond, moved: 1e6},
		{name: "all moved, no answer", way: &way{answers: time.Hour}, want: probes.Cut, from: 12 * time.Second, to: 12100 * time.Millisecond, moved: 1e6},
		{name: "nothing moved yet", way: &way{latency: 9 * time.Second}, want: probes.OK, from: 9 * time.Second, to: 9100 * time.Millisecond, moved: 1e6},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(1e6, map[string]*way{"r": c.way})
				run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, 10*time.Second), 1))
				trial := one(t, run, err)
				if trial.Ops[c.want] != 1 || trial.Total() != 1 {
					t.Fatalf("ops %v, want one %s", trial.Ops, c.want)
				}
				if trial.Span < c.from || trial.Span > c.to {
					t.Errorf("span %v, want %v to %v", trial.Span, c.from, c.to)
				}
				if got := float64(trial.Bytes.Moved); math.Abs(got-c.moved) > c.moved/10 {
					t.Errorf("moved %v, want about %v", got, c.moved)
				}
				if proven := trial.Bytes.Proven > 0; proven != (c.want == probes.OK) {
					t.Errorf("proven %d bytes of an op that ended %s", trial.Bytes.Proven, c.want)
				}
			})
		})
	}
}

// TestAPauseOnPurposeIsNoResponseTime: a probe that lets a connection idle
// before each op stamps the start itself.
func TestAPauseOnPurposeIsNoResponseTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {idle: 300 * time.Millisecond, latency: 10 * time.Millisecond}})
		run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, time.Second), 1))
		if got := p99(one(t, run, err), metric.Response); got > 11*time.Millisecond {
			t.Errorf("response p99 = %v, want the 10 ms of the op", got)
		}
	})
}

func TestErrorsAreNotFlooded(t *testing.T) {
	refuse := func(probes.Op) probes.Outcome { return probes.Refused }
	synctest.Test(t, func(t *testing.T) {
		w := &way{latency: time.Microsecond, ends: refuse}
		m := newMemory(0, map[string]*way{"r": w})
		run, err := m.run(t, m.plan(closed(2, 0, 10*time.Second, time.Second), 1))
		trial := one(t, run, err)
		// Per place: 10, 20, … 640 ms (1.27 s at most), then 0.5 to 1 s each.
		if n := trial.Ops[probes.Refused]; n < 2*14 || n > 2*28 {
			t.Errorf("%d attempts in 10 s on 2 places; want the back-off's 14 to 28 each", n)
		}
		gaps := gaps(w.began)
		if slices.Max(gaps) > time.Second {
			t.Errorf("longest wait %v, want at most 1 s", slices.Max(gaps))
		}
		if trial.Span < 10*time.Second {
			t.Errorf("span %v: backing off is part of the measured time", trial.Span)
		}
	})
}

func TestBackOffEndsWithSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &way{latency: time.Millisecond}
		w.ends = func(op probes.Op) probes.Outcome {
			if op.Seq < 5 {
				return probes.Reset
			}
			return probes.OK
		}
		m := newMemory(0, map[string]*way{"r": w})
		run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, time.Second), 1))
		trial := one(t, run, err)
		if trial.Ops[probes.Reset] != 5 || trial.Ops[probes.OK] < 1500 {
			t.Errorf("ops %v, want 5 resets and then a thousand and more", trial.Ops)
		}
	})
}

func gaps(at []time.Time) []time.Duration {
	var out []time.Duration
	for i := 1; i < len(at); i++ {
		out = append(out, at[i].Sub(at[i-1]))
	}
	return out
}

func TestOpsHaveNamesAndBodiesOfTheirOwn(t *testing.T) {
	bodies := func() map[string]uint64 {
		all := map[string]uint64{}
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(8, map[string]*way{"r": {latency: 10 * time.Millisecond}, "c": {latency: 10 * time.Millisecond}})
			_, err := m.run(t, m.plan(closed(2, 100*time.Millisecond, time.Second, time.Second), 2))
			if err != nil {
				t.Fatal(err)
			}
			seeds := map[uint64]bool{}
			for _, w := range m.ways {
				for _, op := range w.ops {
					if !strings.HasPrefix(op.Name, "ll-test-t") || strings.Trim(op.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
						t.Fatalf("name %q", op.Name)
					}
					if _, twice := all[op.Name]; twice || seeds[op.Seed] {
						t.Fatalf("op %q: its name or seed was used before", op.Name)
					}
					all[op.Name], seeds[op.Seed] = op.Seed, true
				}
			}
		})
		return all
	}
	first, second := bodies(), bodies()
	if len(first) < 800 {
		t.Fatalf("%d ops", len(first))
	}
	for name, seed := range first {
		if second[name] != seed {
			t.Fatalf("op %s: seed %d, and %d when run again", name, seed, second[name])
		}
	}
}

func TestTrialsFollowThePlanWithRestBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: 10 * time.Millisecond}, "c": {latency: 10 * time.Millisecond}})
		p := m.plan(closed(1, 0, time.Second, time.Second), 2, func(s *scenarios.Scenario) { s.Design.Rest = 3 * time.Second })
		p.Trials[2].Arm, p.Trials[3].Arm = 1, 0
		var told []engine.Kind
		run, err := m.run(t, p, func(o *engine.Options) {
			o.Watch = func(e engine.Event) {
				if e.Kind != engine.TrialTick {
					told = append(told, e.Kind)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for i, trial := range run.Trials {
			order = append(order, trial.Arm)
			if want := time.Duration(i) * 4 * time.Second; trial.At != want {
				t.Errorf("trial %d began at %v, want %v", i, trial.At, want)
			}
		}
		if got := strings.Join(order, ""); got != "rccr" {
			t.Errorf("order %s, want rccr", got)
		}
		if want := []engine.Kind{
			engine.Preparing, engine.Preparing,
			engine.TrialStarted, engine.TrialEnded, engine.TrialStarted, engine.TrialEnded, engine.BlockEnded,
			engine.TrialStarted, engine.TrialEnded, engine.TrialStarted, engine.TrialEnded, engine.BlockEnded,
		}; !slices.Equal(told[:len(want)], want) {
			t.Errorf("told %v", told)
		}
		if m.log[0] != "prepare r" || m.log[1] != "prepare c" || len(m.log) != 4 {
			t.Errorf("log %v: want the reference prepared first, and one session per arm", m.log)
		}
		if run.End == nil || run.End.Status != "complete" || run.End.LeftBehind != 0 {
			t.Errorf("end %+v", run.End)
		}
	})
}

func TestALookEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: time.Millisecond}, "c": {latency: time.Millisecond}})
		run, err := m.run(t, m.plan(closed(1, 0, time.Second, time.Second), 9), func(o *engine.Options) {
			o.Look = func(r record.Run) (bool, string) { return len(r.Trials) == 6, "clear harm after 3 pairs" }
		})
		if err != nil || len(run.Trials) != 6 {
			t.Fatalf("%d trials, error %v; want 6", len(run.Trials), err)
		}
		if run.End.Status != "decided" || run.End.Why != "clear harm after 3 pairs" {
			t.Errorf("end %+v", run.End)
		}
	})
}
