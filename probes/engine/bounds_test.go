package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

func TestLimitsEndTheRunAndAreNotPassed(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits scenarios.Limits
		check  func(ops []probes.Op) bool
	}{
		{"requests", scenarios.Limits{Requests: 25}, func(ops []probes.Op) bool { return len(ops) == 25 }},
		{"bytes", scenarios.Limits{Bytes: 2500}, func(ops []probes.Op) bool { return len(ops) == 25 }},
		{"rate", scenarios.Limits{Rate: 5000}, func(ops []probes.Op) bool { return len(ops) >= 100 && len(ops) < 350 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &way{latency: 20 * time.Millisecond}
				m := newMemory(100, map[string]*way{"r": w})
				run, err := m.run(t, m.plan(closed(2, 0, 10*time.Second, time.Second), 3, func(s *scenarios.Scenario) { s.Limits = c.limits }))
				if err != nil {
					t.Fatal(err)
				}
				if run.End.Status != "limit" || !strings.Contains(run.End.Why, "limits."+c.name) {
					t.Errorf("end %+v", run.End)
				}
				if !c.check(w.ops) {
					t.Errorf("%d ops of 100 bytes", len(w.ops))
				}
				if len(run.Trials) != 1 || run.Trials[0].Aborted == "" {
					t.Errorf("%d trials, want the broken one, marked", len(run.Trials))
				}
			})
		})
	}
	t.Run("below", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(100, map[string]*way{"r": {latency: 20 * time.Millisecond}})
			run, err := m.run(t, m.plan(closed(2, 0, 2*time.Second, time.Second), 1, func(s *scenarios.Scenario) {
				s.Limits = scenarios.Limits{Requests: 201, Bytes: 20100, Rate: unit.BytesPerSecond(11000)}
			}))
			one(t, run, err)
			if run.End.Status != "complete" {
				t.Errorf("end %+v", run.End)
			}
		})
	})
}

func TestMaxDurationKeepsWhatWasMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(0, map[string]*way{"r": {latency: 10 * time.Millisecond}, "c": {latency: 10 * time.Millisecond}})
		p := m.plan(closed(1, 0, 2*time.Second, time.Second), 10, func(s *scenarios.Scenario) { s.Design.MaxDuration = 7 * time.Second })
		run, err := m.run(t, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(run.Trials) != 3 || run.End.Status != "limit" || !strings.Contains(run.End.Why, "max_duration") {
			t.Errorf("%d trials, end %+v; want 3 trials and the limit", len(run.Trials), run.End)
		}
		for _, trial := range run.Trials {
			if trial.Aborted != "" {
				t.Errorf("trial %d aborted (%s): there was no room for it to start", trial.Index, trial.Aborted)
			}
		}
	})
}

// TestHardBound: whatever the target and the probe do, the run ends within
// max_duration, the read-back budget and ten seconds.
func TestHardBound(t *testing.T) {
	const longest, budget = 20 * time.Second, 5 * time.Second
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	deaf := func(context.Context) error { time.Sleep(time.Hour); return nil }
	for name, w := range map[string]*way{
		"black hole":                    {latency: time.Hour},
		"tarpit":                        {rate: 100},
		"deaf op":                       {deaf: time.Hour},
		"prepare hangs":                 {latency: time.Millisecond, prepares: hang},
		"prepare is deaf":               {latency: time.Millisecond, prepares: deaf},
		"read-back hangs":               {latency: time.Millisecond, slowLook: time.Hour},
		"removal hangs":                 {latency: time.Millisecond, removes: func(ctx context.Context, _ string) error { return hang(ctx) }},
		"removal is deaf":               {latency: time.Millisecond, removes: func(ctx context.Context, _ string) error { return deaf(ctx) }},
		"everything after it is deaf":   {deaf: time.Hour, slowLook: time.Hour, removes: func(ctx context.Context, _ string) error { return deaf(ctx) }},
		"the drain is longer than that": {latency: 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(3 * time.Hour) // what was left behind ends by itself
				m := newMemory(1e6, map[string]*way{"r": {latency: time.Millisecond}, "c": w})
				m.spec.back = probes.Readback{Parallel: 4, Budget: budget}
				p := m.plan(closed(2, time.Second, 2*time.Second, time.Minute), 50, func(s *scenarios.Scenario) { s.Design.MaxDuration = longest })
				began := time.Now()
				run, err := m.run(t, p)
				if took := time.Since(began); took > longest+budget+10*time.Second {
					t.Errorf("took %v", took)
				}
				if err != nil {
					t.Errorf("error %v: the candidate's failure is for the judge", err)
				}
				if run.End == nil || len(run.Trials) < 2 {
					t.Errorf("%d trials, end %+v: want at least one of each arm", len(run.Trials), run.End)
				}
			})
		})
	}
}

func TestAnOpLeftBehindIsObservedAndSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(3 * time.Hour) // what was left behind ends by itself
		m := newMemory(100, map[string]*way{"r": {deaf: time.Hour}})
		run, err := m.run(t, m.plan(closed(3, 0, time.Second, time.Second), 1))
		trial := one(t, run, err)
		if trial.Ops[probes.Cut] != 3 || trial.Total() != 3 {
			t.Errorf("ops %v, want 3 cut", trial.Ops)
		}
		if trial.Span != 3*time.Second {
			t.Errorf("span %v, want until the ops were left behind", trial.Span)
		}
		if len(run.Warnings) == 0 || !strings.Contains(run.Warnings[0], "left behind") {
			t.Errorf("warnings %q", run.Warnings)
		}
	})
}

// TestAnOpLeftBehindStaysCut: it is acknowledged long after it was reported as
// cut, while the run goes on.
func TestAnOpLeftBehindStaysCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute)
		m := newMemory(100, map[string]*way{"r": {deaf: 4 * time.Second}})
		m.spec.back = probes.Readback{Parallel: 4, Budget: time.Minute}
		run, err := m.run(t, m.plan(closed(3, 0, time.Second, time.Second), 2, func(s *scenarios.Scenario) { s.Design.Rest = 10 * time.Second }))
		if err != nil {
			t.Fatal(err)
		}
		if row := run.Integrity[0]; row.Acknowledged != 0 {
			t.Errorf("ledger %+v: what was reported as cut is not acknowledged", row)
		}
		for _, trial := range run.Trials {
			if trial.Ops[probes.Cut] != 3 || trial.Total() != 3 {
				t.Errorf("ops %v, want 3 cut", trial.Ops)
			}
		}
	})
}

func TestInterruptionKeepsWhatWasMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(100, map[string]*way{"r": {latency: 10 * time.Millisecond}, "c": {latency: 10 * time.Millisecond}})
		m.spec.back = probes.Readback{Parallel: 4, Budget: time.Minute}
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(4500*time.Millisecond, interrupt)
		began := time.Now()
		w := &paper{}
		run, err := m.runIn(ctx, m.plan(closed(1, 0, 2*time.Second, time.Minute), 9), w.keep)
		if !errors.Is(err, engine.ErrAborted) || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v to stop", took-4500*time.Millisecond)
		}
		if len(run.Trials) != 3 || run.Trials[1].Aborted != "" || run.Trials[2].Aborted == "" {
			t.Errorf("%d trials, want two and a broken one", len(run.Trials))
		}
		if run.End.Status != "aborted" || w.end.Status != "aborted" {
			t.Errorf("end %+v, kept %+v", run.End, w.end)
		}
		if len(m.stored) != 0 || run.End.LeftBehind != 0 {
			t.Errorf("%d objects left, said %d", len(m.stored), run.End.LeftBehind)
		}
		if got := run.Integrity[0]; got.Unverified != got.Acknowledged || got.Acknowledged == 0 {
			t.Errorf("ledger %+v: after an interruption nothing was looked at", got)
		}
	})
}

func TestReferenceThatIsNotReadyEndsTheRun(t *testing.T) {
	fail := func(context.Context) error { return errScripted }
	for _, arm := range []string{"r", "c"} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(0, map[string]*way{"r": {latency: time.Millisecond}, "c": {latency: time.Millisecond}})
			m.ways[arm].prepares = fail
			run, err := m.run(t, m.plan(closed(1, 0, time.Second, time.Second), 1))
			var setup *engine.SetupError
			switch {
			case arm == "r" && (!errors.Is(err, engine.ErrUnready) || !errors.As(err, &setup) || !errors.Is(err, errScripted) || run.End.Status != "failed"):
				t.Errorf("reference: error %v, end %+v", err, run.End)
			case arm == "c" && (err != nil || len(run.Trials) != 2 || len(run.Warnings) != 1):
				t.Errorf("candidate: error %v, %d trials, warnings %q; the run goes on", err, len(run.Trials), run.Warnings)
			case arm == "c" && (len(run.Unready) != 1 || run.Unready[0] != record.Unready{Arm: "c", Cell: "all", Why: errScripted.Error()} || len(run.End.Unready) != 1):
				t.Errorf("unready %+v, end %+v", run.Unready, run.End)
			}
		})
	}
}

// paper is a writer in memory that can run out of space.
type paper struct {
	mu       sync.Mutex
	most     int // lines, 0 is no limit
	lines    int
	trials   []record.Trial
	names    []record.Names
	removed  []record.Names
	warnings []string
	ledger   []record.Integrity
	end      record.End
}

var errFull = errors.New("no space left on device")

func (w *paper) keep(o *engine.Options) { o.Writer = w }

// line runs f and counts one line.
func (w *paper) line(f func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	if w.lines++; w.most > 0 && w.lines > w.most {
		return &record.ErrNotKept{Path: "paper", Cause: errFull}
	}
	return nil
}

func (w *paper) Trial(t record.Trial) error {
	return w.line(func() { w.trials = append(w.trials, t) })
}

func (w *paper) Reserve(n record.Names) error {
	return w.line(func() { w.names = append(w.names, n) })
}

func (w *paper) Removed(n record.Names) error {
	return w.line(func() { w.removed = append(w.removed, n) })
}

func (w *paper) Warn(s string) error {
	return w.line(func() { w.warnings = append(w.warnings, s) })
}

func (w *paper) Integrity(i []record.Integrity) error { return w.line(func() { w.ledger = i }) }
func (w *paper) End(e record.End) error               { return w.line(func() { w.end = e }) }

// keeps reports whether the name of an op of trial 0 was kept by now.
func (w *paper) keeps(seq uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.names, func(n record.Names) bool { return seq >= n.From && seq < n.To })
}

func TestAFullDiskEndsTheLoadAndKeepsTheResults(t *testing.T) {
	for _, most := range []int{1, 3, 4, 6} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(100, map[string]*way{"r": {latency: 10 * time.Millisecond}, "c": {latency: 10 * time.Millisecond}})
			w := &paper{most: most}
			run, err := m.run(t, m.plan(closed(1, 0, time.Second, time.Second), 40), w.keep)
			var full *record.ErrNotKept
			if !errors.As(err, &full) || !errors.Is(err, errFull) {
				t.Fatalf("after %d lines: error %v", most, err)
			}
			if len(run.Trials) == 0 && most > 3 || len(run.Trials) > 4 {
				t.Errorf("after %d lines: %d trials returned", most, len(run.Trials))
			}
			if run.End == nil || run.End.Status != "failed" {
				t.Errorf("end %+v", run.End)
			}
			if len(m.stored) != 0 {
				t.Errorf("%d objects left on the target", len(m.stored))
			}
		})
	}
}

func TestNamesAreKeptBeforeTheirOpsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &way{latency: 10 * time.Microsecond}
		m := newMemory(1, map[string]*way{"r": w})
		page := &paper{}
		kept := 0
		w.ends = func(op probes.Op) probes.Outcome {
			if !page.keeps(op.Seq) {
				t.Errorf("op %d started before its name was kept", op.Seq)
			}
			kept++
			return probes.OK
		}
		run, err := m.run(t, m.plan(closed(1, 10*time.Millisecond, 100*time.Millisecond, time.Second), 1), page.keep)
		one(t, run, err)
		if kept < 5000 {
			t.Errorf("%d ops", kept)
		}
		if len(run.LeftBehind()) != 0 {
			t.Errorf("names left: %v", run.LeftBehind())
		}
		if len(page.removed) != 2 {
			t.Errorf("removed %v, want the warm-up's and the measured names", page.removed)
		}
	})
}
