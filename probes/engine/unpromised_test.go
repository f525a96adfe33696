package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
)

// TestNothingIsLeftOfRefusedUploadsThatAreNowhere although the target refuses
// removals too: nobody has to remove what was never there. That it may be there
// is said where nothing tells, and never hidden where it is.
func TestNothingIsLeftOfRefusedUploadsThatAreNowhere(t *testing.T) {
	const unknown = "were not acknowledged, and whether they left objects is not known; such could not be removed"
	refuse := func(context.Context, string) error { return errScripted }
	failed := func(probes.Op) probes.Outcome { return probes.Status }
	keep := func(op probes.Op, _ probes.Outcome) (probes.Kept, int) {
		return probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size}, 1
	}
	finding := func(f probes.Finding) func(string, int) probes.Finding {
		return func(string, int) probes.Finding { return f }
	}
	for _, c := range []struct {
		name  string
		way   *way // the candidate's
		blind bool // nothing is read back
		says  string
	}{
		{"nowhere", &way{ends: failed, removes: refuse}, false, ""},
		{"there all the same", &way{ends: failed, stores: keep, removes: refuse}, false, unknown},
		{"there, and its own path denies it", &way{ends: failed, stores: keep, removes: refuse, audits: finding(probes.Absent)}, false, unknown},
		{"nothing can be read", &way{ends: failed, removes: refuse, audits: finding(probes.Unreadable)}, false, unknown},
		{"the work reads nothing back", &way{ends: failed, removes: refuse}, true, unknown},
		{"some acknowledged", &way{ends: func(op probes.Op) probes.Outcome {
			if op.Seq == 0 {
				return probes.OK
			}
			return probes.Status
		}, removes: refuse}, false, "1 objects could not be removed"},
		{"some acknowledged, and nothing can be read", &way{ends: func(op probes.Op) probes.Outcome {
			if op.Seq == 0 {
				return probes.OK
			}
			return probes.Status
		}, removes: refuse, audits: finding(probes.Unreadable)}, false, "of ops that were not acknowledged and may have left none, could not be removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(1000, map[string]*way{"c": c.way, "r": {latency: 100 * time.Millisecond, removes: func(_ context.Context, name string) error {
					if strings.Contains(name, "-t1-") {
						return errScripted
					}
					return nil
				}}})
				c.way.latency = 100 * time.Millisecond
				if !c.blind {
					m.spec.back = probes.Readback{Arm: "other", Parallel: 4, Budget: time.Minute}
				}
				run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, time.Second), 1))
				if err != nil {
					t.Fatal(err)
				}
				said := slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, "could not be removed") })
				if said != (c.says != "") || said != (run.End.LeftBehind > 0) || said && !warned(run, c.says) {
					t.Errorf("left behind %d, warnings %q; want %q", run.End.LeftBehind, run.Warnings, c.says)
				}
				if len(m.stored) > run.End.LeftBehind {
					t.Errorf("%d objects are there, and %d are said to be", len(m.stored), run.End.LeftBehind)
				}
				left, err := engine.Clean(t.Context(), m.plan(closed(1, 0, 2*time.Second, time.Second), 1), "test", run.LeftBehind(), engine.CleanOptions{Table: probes.Table{m}})
				if (left > 0) != said || (err != nil) != said {
					t.Errorf("clean says that it left %d: %v", left, err)
				}
			})
		})
	}
}
