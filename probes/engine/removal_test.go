package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/engine/ledger"
)

// TestAnObjectIsGoneOnlyIfSomePathRemovedItOrItsOwnHasItNot: arms may store in
// different places, so that another arm has it not says little.
func TestAnObjectIsGoneOnlyIfSomePathRemovedItOrItsOwnHasItNot(t *testing.T) {
	silent := fmt.Errorf("%w: as scripted", probes.ErrSilent)
	failed := func(probes.Op) probes.Outcome { return probes.Status }
	for _, c := range []struct {
		name         string
		own, through error // what removals of the candidate's objects get
		ends         func(probes.Op) probes.Outcome
		left         int
	}{
		{"refused, absent elsewhere", errScripted, probes.ErrAbsent, nil, 20},
		{"refused, removed elsewhere", errScripted, nil, nil, 0},
		{"refused everywhere", errScripted, errScripted, nil, 20},
		{"absent everywhere", probes.ErrAbsent, probes.ErrAbsent, nil, 0},
		{"acknowledged, absent, refused elsewhere", probes.ErrAbsent, errScripted, nil, 20},
		{"refused upload, absent, refused elsewhere", probes.ErrAbsent, errScripted, failed, 0},
		{"acknowledged, no answer, absent elsewhere", silent, probes.ErrAbsent, nil, 20},
		{"refused upload, no answer, absent elsewhere", silent, probes.ErrAbsent, failed, 0},
		{"no answer, no answer elsewhere", silent, silent, nil, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := func(arm string, err error) func(context.Context, string) error {
					return func(_ context.Context, name string) error {
						if strings.Contains(name, arm) {
							return err
						}
						return nil
					}
				}
				way := &way{removes: of("-t1-", c.own), ends: c.ends}
				if c.ends != nil {
					way.stores = func(op probes.Op, _ probes.Outcome) (probes.Kept, int) { return probes.Kept{Name: op.Name}, 1 }
				}
				_, run, m := uploads(t, way, func(m *memory) { m.ways["r"].removes = of("-t1-", c.through) })
				names := run.LeftBehind()
				if c.ends != nil { // backs off after each failure
					if run.End.LeftBehind != c.left || len(names) != 0 {
						t.Errorf("left behind %d (%v), want %d", run.End.LeftBehind, names, c.left)
					}
					return
				}
				if run.End.LeftBehind != c.left || warned(run, fmt.Sprintf("%d objects could not be removed", max(c.left, 1))) != (c.left > 0) {
					t.Errorf("left behind %d, warnings %q; want %d", run.End.LeftBehind, run.Warnings, c.left)
				}
				if (len(names) > 0) != (c.left > 0) {
					t.Errorf("the list of what is left is %v", names)
				}
				if c.left == 0 {
					return
				}
				// What stayed is removed when the path that stored it lets it.
				m.ways["c"].removes = nil
				left, err := engine.Clean(t.Context(), m.plan(closed(1, 0, 2*time.Second, time.Second), 1), "test", names, engine.CleanOptions{Table: probes.Table{m}})
				if err != nil || left != 0 || len(m.stored) != 0 {
					t.Errorf("clean: left %d (%d stored), error %v", left, len(m.stored), err)
				}
			})
		})
	}
}

// TestCleanBelievesNoOtherPath: a target that refuses is not clean, whatever
// another says that never had the objects.
func TestCleanBelievesNoOtherPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := func(context.Context, string) error { return errScripted }
		absent := func(context.Context, string) error { return probes.ErrAbsent }
		_, run, m := uploads(t, &way{removes: refuse}, func(m *memory) { m.ways["r"].removes = absent })
		left, err := engine.Clean(t.Context(), m.plan(closed(1, 0, 2*time.Second, time.Second), 1), "test", run.LeftBehind(), engine.CleanOptions{Table: probes.Table{m}})
		if left < 20 || err == nil || !strings.Contains(err.Error(), errScripted.Error()) {
			t.Errorf("clean says that it left %d (%v), and %d are there", left, err, len(m.stored))
		}
	})
}

// keepsNothing removes whatever it is asked to.
type keepsNothing struct{ probes.Keeper }

func (keepsNothing) Remove(context.Context, probes.Kept) error { return nil }

// TestRemovalTakesNoRoomPerObject: objects are walked, not listed.
func TestRemovalTakesNoRoomPerObject(t *testing.T) {
	const objects = 300_000
	l := ledger.New("test", 1, nil)
	b := l.Open(ledger.Head{Arm: "c", Cell: "all"})
	for range objects {
		seq, err := b.Take(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		b.Note(probes.Observation{Seq: seq, Outcome: probes.OK})
	}
	done, most, before := 0, uint64(0), heap()
	left := l.Remove(t.Context(), ledger.RemoveOptions{
		Paths: func(string, string) []ledger.Path { return []ledger.Path{{Arm: "c", Keeper: keepsNothing{}}} },
		Progress: func(n, total int) {
			if done++; done == 1 {
				most = heap()
			}
			if total != objects {
				t.Errorf("%d of %d", n, total)
			}
		},
	})
	if left.Objects != 0 || done != objects {
		t.Errorf("left %+v after %d removals", left, done)
	}
	if grew := int64(most) - int64(before); grew > objects {
		t.Errorf("removing %d objects takes %d bytes", objects, grew)
	}
}

// heap is what is in use after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
