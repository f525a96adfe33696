package engine_test

import (
	"context"
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

// uploads runs one block of 20 uploads per arm, of which the candidate's
// behave as scripted, and returns the candidate's row of the ledger.
func uploads(t *testing.T, c *way, change ...func(*memory)) (record.Integrity, record.Run, *memory) {
	t.Helper()
	c.latency = 100 * time.Millisecond
	m := newMemory(1000, map[string]*way{"r": {latency: 100 * time.Millisecond}, "c": c})
	m.spec.back = probes.Readback{Arm: "other", Parallel: 4, Budget: time.Minute}
	for _, f := range change {
		f(m)
	}
	run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, time.Second), 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range run.Integrity {
		if row.Arm == "c" {
			return row, run, m
		}
	}
	t.Fatalf("no row for the candidate in %+v", run.Integrity)
	return record.Integrity{}, run, m
}

// only gives f's answer for op 7, which is one of the candidate's.
func only[T any](f, otherwise T) func(op probes.Op) T {
	return func(op probes.Op) T {
		if op.Seq == 7 {
			return f
		}
		return otherwise
	}
}

func seventh(name string) bool { return strings.HasSuffix(name, "-t1-7") }

func TestLedger(t *testing.T) {
	keepNone := func(op probes.Op, o probes.Outcome) (probes.Kept, int) {
		k := probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}
		if op.Seq == 7 {
			return k, 0
		}
		return k, 1
	}
	keepBad := func(op probes.Op, o probes.Outcome) (probes.Kept, int) {
		k := probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}
		if op.Seq == 7 {
			k.Seed++
		}
		return k, 1
	}
	keepTwice := func(op probes.Op, o probes.Outcome) (probes.Kept, int) {
		return probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}, only(2, 1)(op)
	}
	keepAll := func(op probes.Op, o probes.Outcome) (probes.Kept, int) {
		return probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}, 1
	}
	found := func(f probes.Finding, upTo int) func(string, int) probes.Finding {
		return func(name string, n int) probes.Finding {
			if seventh(name) && n <= upTo {
				return f
			}
			return ""
		}
	}
	full := record.Integrity{Acknowledged: 20, Intact: 20}
	for _, c := range []struct {
		name    string
		way     *way
		through *way // the reference's, through which the candidate's are read
		want    record.Integrity
		finding string
	}{
		{name: "healthy", way: &way{}, want: full},
		{name: "lost", way: &way{stores: keepNone}, want: record.Integrity{Acknowledged: 20, Intact: 19, Lost: 1}, finding: "lost"},
		{name: "corrupt", way: &way{stores: keepBad}, want: record.Integrity{Acknowledged: 20, Intact: 19, Corrupt: 1}, finding: "corrupt"},
		{name: "stored twice", way: &way{stores: keepTwice}, want: record.Integrity{Acknowledged: 20, Intact: 20, Duplicated: 1}, finding: "duplicated"},
		{name: "refused", way: &way{ends: only(probes.Status, probes.OK)}, want: record.Integrity{Acknowledged: 19, Intact: 19, Refused: 1}},
		{name: "refused but stored", way: &way{ends: only(probes.Status, probes.OK), stores: keepAll}, want: record.Integrity{Acknowledged: 19, Intact: 19, Refused: 1, RefusedButStored: 1}, finding: "refused_but_stored"},
		{name: "absent on one path", way: &way{}, through: &way{audits: found(probes.Absent, 9)}, want: record.Integrity{Acknowledged: 20, Intact: 20, OwnPathOnly: 1}, finding: "own_path_only"},
		{name: "absent on one path at first", way: &way{}, through: &way{audits: found(probes.Absent, 1)}, want: full},
		{name: "absent at first", way: &way{audits: found(probes.Absent, 1)}, through: &way{audits: found(probes.Absent, 1)}, want: full},
		{name: "one path unreadable", way: &way{}, through: &way{audits: found(probes.Unreadable, 9)}, want: full},
		{name: "lost, one path unreadable", way: &way{stores: keepNone}, through: &way{audits: found(probes.Unreadable, 9)}, want: record.Integrity{Acknowledged: 20, Intact: 19, Lost: 1}, finding: "lost"},
		{name: "no path answers", way: &way{audits: found(probes.Unreadable, 9)}, through: &way{audits: found(probes.Unreadable, 9)}, want: record.Integrity{Acknowledged: 20, Intact: 19, Unverified: 1}, finding: "unverified"},
		{name: "absent, then no path answers", way: &way{audits: found(probes.Unreadable, 9)}, through: &way{audits: func(name string, n int) probes.Finding {
			switch {
			case seventh(name) && n == 1:
				return probes.Absent
			case seventh(name):
				return probes.Unreadable
			}
			return ""
		}}, want: record.Integrity{Acknowledged: 20, Intact: 19, Unverified: 1}, finding: "unverified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, _, m := uploads(t, c.way, func(m *memory) {
					if c.through != nil {
						c.through.latency = 100 * time.Millisecond
						m.ways["r"] = c.through
					}
				})
				cases := got.Cases
				got.Arm, got.Cell, got.Cases = "", "", nil
				if !equal(got, c.want) {
					t.Errorf("ledger\n%+v, want\n%+v", got, c.want)
				}
				switch {
				case c.finding == "" && len(cases) != 0:
					t.Errorf("cases %+v, want none", cases)
				case c.finding != "" && (len(cases) != 1 || cases[0].Finding != c.finding || cases[0].Seq != 7 || len(cases[0].Evidence) == 0):
					t.Errorf("cases %+v, want op 7 %s", cases, c.finding)
				}
				if len(m.stored) != 0 {
					t.Errorf("%d objects left", len(m.stored))
				}
			})
		})
	}
}

func equal(a, b record.Integrity) bool {
	return a.Acknowledged == b.Acknowledged && a.Intact == b.Intact && a.Lost == b.Lost && a.Corrupt == b.Corrupt &&
		a.Duplicated == b.Duplicated && a.Refused == b.Refused && a.RefusedButStored == b.RefusedButStored && a.OwnPathOnly == b.OwnPathOnly && a.Unverified == b.Unverified
}

func TestALostObjectWasAskedForTwiceASecondApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		ask := func(name string, _ int) probes.Finding {
			if seventh(name) {
				at = append(at, time.Now())
				return probes.Absent
			}
			return ""
		}
		got, _, _ := uploads(t, &way{audits: ask}, func(m *memory) { m.ways["r"].audits = ask })
		if got.Lost != 1 || len(at) != 4 {
			t.Fatalf("lost %d after %d questions; want 2 paths asked twice", got.Lost, len(at))
		}
		if between := at[2].Sub(at[1]); between < time.Second {
			t.Errorf("asked again after %v", between)
		}
	})
}

// TestAPathThatReadsWrongIsChargedItself: the candidate corrupts what is read
// through it, so the reference's objects look corrupt there; they are not.
func TestAPathThatReadsWrongIsChargedItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spoil := func(name string, _ int) probes.Finding {
			if strings.HasSuffix(name, "-t0-3") { // one of the reference's
				return probes.Wrong
			}
			return ""
		}
		candidate, run, _ := uploads(t, &way{audits: spoil})
		reference := run.Integrity[0]
		if reference.Arm != "r" || reference.Corrupt != 0 || reference.Intact != 20 {
			t.Errorf("reference %+v: its objects are right", reference)
		}
		if candidate.ReadWrong != 1 || len(candidate.Cases) != 1 || candidate.Intact != 20 || candidate.Corrupt != 0 {
			t.Errorf("candidate %+v: it read one object wrong, and stored none so", candidate)
		}
	})
}

// TestTheCountsOfAnArmAddUp: the candidate stores everything wrong, and reads
// everything wrong.
func TestTheCountsOfAnArmAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spoil := func(string, int) probes.Finding { return probes.Wrong }
		bad := func(op probes.Op, _ probes.Outcome) (probes.Kept, int) {
			return probes.Kept{Name: op.Name, Seed: op.Seed + 1, Size: op.Size, Seq: op.Seq}, 1
		}
		candidate, run, _ := uploads(t, &way{audits: spoil, stores: bad})
		if candidate.Corrupt != 20 || candidate.ReadWrong != 20 {
			t.Errorf("candidate %+v: 20 of its own are corrupt, and it read 20 of the reference's wrong", candidate)
		}
		for _, row := range run.Integrity {
			if sum := row.Intact + row.Lost + row.Corrupt + row.Unverified; sum != row.Acknowledged {
				t.Errorf("%s: %d acknowledged, and the counts add up to %d", row.Arm, row.Acknowledged, sum)
			}
		}
		if v := run.Values("all", "c", metric.IntegrityCorrupt, metric.StatCount); len(v) != 1 || v[0].Low != 40 || v[0].N != 40 {
			t.Errorf("integrity.corrupt %+v, want 40 of 40", v)
		}
	})
}

func TestCutUploadsAreNotCountedAndAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keepAll := func(op probes.Op, _ probes.Outcome) (probes.Kept, int) {
			return probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}, 1
		}
		m := newMemory(1e6, map[string]*way{"r": {rate: 10_000, stores: keepAll}, "c": {rate: 10_000, stores: keepAll}})
		m.spec.back = probes.Readback{Parallel: 4, Budget: time.Minute}
		run, err := m.run(t, m.plan(closed(2, 0, 2*time.Second, time.Second), 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range run.Integrity {
			if row.Acknowledged != 0 || row.Refused != 0 || row.Unverified != 0 {
				t.Errorf("ledger %+v: cut ops are neither acknowledged nor refused", row)
			}
		}
		if len(m.stored) != 0 {
			t.Errorf("%d objects left", len(m.stored))
		}
	})
}

// TestTheBudgetChoosesAtRandom: 40 objects, a second per look, 2 at a time and
// 5 s: some ten are looked at, and not the first ten.
func TestTheBudgetChoosesAtRandom(t *testing.T) {
	pick := func(seed uint64) (looked []string, total record.Integrity) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(1000, map[string]*way{
				"r": {latency: 100 * time.Millisecond, slowLook: time.Second},
				"c": {latency: 100 * time.Millisecond, slowLook: time.Second},
			})
			m.spec.back = probes.Readback{Parallel: 2, Budget: 5500 * time.Millisecond}
			run, err := m.run(t, m.plan(closed(1, 0, 2*time.Second, time.Second), 1, func(s *scenarios.Scenario) { s.Design.Seed = seed }))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range m.ways {
				for name := range w.looks {
					looked = append(looked, name)
				}
			}
			for _, row := range run.Integrity {
				total.Acknowledged += row.Acknowledged
				total.Intact += row.Intact
				total.Unverified += row.Unverified
			}
			if len(run.Warnings) == 0 || !strings.Contains(run.Warnings[0], "not looked at") {
				t.Errorf("warnings %q", run.Warnings)
			}
		})
		return looked, total
	}
	first, total := pick(1)
	if total.Acknowledged != 40 || total.Intact < 8 || total.Intact > 12 || total.Intact+total.Unverified != 40 {
		t.Errorf("ledger %+v: want about ten intact and the rest unverified", total)
	}
	second, _ := pick(2)
	same := 0
	for _, a := range first {
		for _, b := range second {
			if a == b {
				same++
			}
		}
	}
	if same == len(first) {
		t.Errorf("both seeds chose %v", first)
	}
}

func TestWhatCannotBeRemovedIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := func(context.Context, string) error { return errScripted }
		m := newMemory(1000, map[string]*way{"r": {latency: 10 * time.Millisecond, removes: refuse}})
		asked := 0
		m.ways["r"].removes = func(context.Context, string) error { asked++; return errScripted }
		page := &paper{}
		run, err := m.run(t, m.plan(closed(1, 0, time.Second, time.Second), 1), page.keep)
		one(t, run, err)
		if run.End.LeftBehind != 100 || page.end.LeftBehind != 100 || len(page.removed) != 0 {
			t.Errorf("left behind %d, removed %v; want all 100", run.End.LeftBehind, page.removed)
		}
		if len(run.Warnings) != 1 || !strings.Contains(run.Warnings[0], "names, which begin with ll-test-") || !strings.Contains(run.Warnings[0], errScripted.Error()) {
			t.Errorf("warnings %q", run.Warnings)
		}
		if asked > 40 {
			t.Errorf("asked %d times a target that refuses every removal", asked)
		}
	})
}

func TestRemovalFallsBackToTheOtherPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := func(context.Context, string) error { return errScripted }
		_, run, m := uploads(t, &way{removes: refuse})
		if len(m.stored) != 0 || run.End.LeftBehind != 0 {
			t.Errorf("%d objects left, said %d", len(m.stored), run.End.LeftBehind)
		}
	})
}

// TestCleanRemovesWhatAKilledRunLeft: the names were kept, the removal never
// came. Clean removes them and nothing else, and may be repeated.
func TestCleanRemovesWhatAKilledRunLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1000, map[string]*way{"r": {latency: 10 * time.Millisecond}, "c": {latency: 10 * time.Millisecond}})
		m.spec.fixtures = []string{"test-fixture"}
		m.stored["test-fixture"] = probes.Kept{Name: "test-fixture"}
		m.stored["someone-elses"] = probes.Kept{Name: "someone-elses"}
		deny := func(context.Context, string) error { return errScripted }
		m.ways["r"].removes, m.ways["c"].removes = deny, deny
		p := m.plan(closed(1, 100*time.Millisecond, time.Second, time.Second), 2)
		run, err := m.run(t, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.stored) != 4*100+4*10+2 {
			t.Fatalf("%d objects on the target", len(m.stored))
		}
		m.ways["r"].removes, m.ways["c"].removes = nil, nil
		for range 2 {
			var gone []record.Names
			left, err := engine.Clean(t.Context(), p, "test", run.Names, engine.CleanOptions{
				Table:   probes.Table{m},
				Removed: func(n record.Names) error { gone = append(gone, n); return nil },
			})
			if err != nil || left != 0 || len(gone) != len(run.Names) {
				t.Errorf("left %d, error %v, %d of %d ranges gone", left, err, len(gone), len(run.Names))
			}
			if _, there := m.stored["someone-elses"]; len(m.stored) != 1 || !there {
				t.Errorf("stored %v, want only what is someone else's", m.stored)
			}
		}
		run.Removed = run.Names
		if rest := run.LeftBehind(); len(rest) != 0 {
			t.Errorf("left behind %v after all was removed", rest)
		}
	})
}
