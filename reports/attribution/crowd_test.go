package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// crowded are cells that differ by the ops in flight alone. An imagined arm
// does one op at a time, so that what n in flight get done is told by how long
// an op occupies it: a path with room for all serves n in the time of one.
var crowded = []plan.Cell{{ID: "x1", Size: unit.KiB, InFlight: 1}, {ID: "x8", Size: unit.KiB, InFlight: 8}}

// busy takes 40 ms per op at a time: shared by those in flight if the path has
// room for them, and one after the other if not.
func busy(room bool) synthetic.Path {
	return with(up.path(), func(c plan.Cell, _ int, o *synthetic.Op) {
		o.Phases.Wait = 40 * time.Millisecond
		if room {
			o.Phases.Wait /= time.Duration(c.InFlight)
		}
	})
}

func attributed(t *testing.T, d synthetic.Design) attribution.Attribution {
	t.Helper()
	run, decision := judged(d)
	return attribution.Attribute(run, decision)
}

func TestAQueueIsToldFromAWaitOfEachRequest(t *testing.T) {
	a := attributed(t, synthetic.Design{Cells: crowded, Around: busy(true), Through: busy(false)})
	if !strings.Contains(a.Where, "only with 8 in flight and more (1 is clean)") || !strings.Contains(a.Where, "they queue") {
		t.Errorf("a path with one place: %q, want the queue and the number in flight", a.Where)
	}
	if strings.Contains(a.Where, "constant extra wait") {
		t.Errorf("a path with one place: %q is no wait of each request", a.Where)
	}
	// The twin: a path that is slower and has room for all.
	slow := with(busy(true), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Wait *= 3 })
	if a := attributed(t, synthetic.Design{Cells: crowded, Around: busy(true), Through: slow}); strings.Contains(a.Where, "they queue") {
		t.Errorf("more in flight get more done: %q", a.Where)
	}
}

func TestOpsThatFailFromSomeNumberInFlightOn(t *testing.T) {
	over := func(least int) synthetic.Path {
		return with(busy(true), func(c plan.Cell, n int, o *synthetic.Op) {
			if c.InFlight >= least && n%2 == 0 {
				o.Outcome, o.Status = probes.Status, 503
			}
		})
	}
	const cause = "ops fail from some number in flight on, between 1 and 8"
	if a := attributed(t, synthetic.Design{Cells: crowded, Around: busy(true), Through: over(8)}); !strings.Contains(a.Where, cause) {
		t.Errorf("a limit of 2 at a time: %q", a.Where)
	}
	if a := attributed(t, synthetic.Design{Cells: crowded, Around: busy(true), Through: over(1)}); strings.Contains(a.Where, cause) {
		t.Errorf("failures with any number in flight: %q", a.Where)
	}
}

func TestFailuresThatTheReferenceHasAsOftenAreNotThePaths(t *testing.T) {
	third := with(down.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
		if n%3 == 0 {
			o.Outcome, o.Status = probes.Status, 503
		}
	})
	const cause = "`around` fails about as often"
	if a := attributed(t, synthetic.Design{Spec: download, Cells: one, Around: third, Through: third}); !strings.Contains(a.Where, cause) {
		t.Errorf("both fail alike: %q", a.Where)
	}
	if a := attributed(t, synthetic.Design{Spec: download, Cells: one, Around: down.path(), Through: third}); strings.Contains(a.Where, cause) {
		t.Errorf("only the candidate fails: %q", a.Where)
	}
}

func TestConnectionsThatWorkedInTheWarmUpAndNotAfterAPause(t *testing.T) {
	silent := func(reused bool) synthetic.Path {
		return with(down.path(), func(_ plan.Cell, n int, o *synthetic.Op) {
			o.Socket.Conn, o.Socket.Reused = uint64(n+1), reused
			o.Outcome, o.Message = probes.Timeout, "no answer for 2s"
		})
	}
	const spec = `{"direction":"download","connections":{"idle":"4s"}}`
	const cause = "connections dropped while idle"
	if a := attributed(t, synthetic.Design{Spec: spec, Cells: tiny, Around: down.path(), Through: silent(true)}); !strings.Contains(a.Where, cause) {
		t.Errorf("every kept connection is dead after the pause: %q", a.Where)
	}
	if a := attributed(t, synthetic.Design{Spec: spec, Cells: tiny, Around: down.path(), Through: silent(false)}); strings.Contains(a.Where, cause) {
		t.Errorf("fresh connections do not work either: %q", a.Where)
	}
}

func TestConnectionsThatAreNotKept(t *testing.T) {
	fresh := func(connect time.Duration) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Connect, o.Phases.TLS = connect, 3*connect })
	}
	kept := with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Connect, o.Phases.TLS = 0, 0 })
	const cause = "connections are not kept"
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: kept, Through: fresh(5 * time.Millisecond)}); !strings.Contains(a.Where, cause) {
		t.Errorf("a connection per op: %q", a.Where)
	}
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: fresh(time.Millisecond), Through: fresh(5 * time.Millisecond)}); strings.Contains(a.Where, cause) {
		t.Errorf("a connection per op on both sides: %q", a.Where)
	}
	// Where opening them is not what takes the time, they are evidence, no cause.
	slow := func(connect time.Duration) synthetic.Path {
		return with(kept, func(_ plan.Cell, _ int, o *synthetic.Op) {
			o.Phases.Connect, o.Phases.Wait = connect, 5*time.Millisecond
		})
	}
	for connect, want := range map[time.Duration]bool{200 * time.Microsecond: true, 0: false} {
		a := attributed(t, synthetic.Design{Cells: tiny, Around: kept, Through: slow(connect)})
		if said := strings.Contains(strings.Join(a.Evidence, "\n"), "had to open a connection"); a.Arm == "" || said != want || strings.Contains(a.Where, cause) {
			t.Errorf("slow answers, connecting in %v: %q, for %q", connect, a.Where, a.Evidence)
		}
	}
}

// TestOneSizeDoesNotShowThatAWaitIsConstant: a slower rate behind something
// that buffers looks the same.
func TestOneSizeDoesNotShowThatAWaitIsConstant(t *testing.T) {
	waits := with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Wait += 283 * time.Millisecond })
	for _, c := range []struct {
		cells     []plan.Cell
		want, not string
	}{
		{tiny, "a longer wait for the answer, by about 28", "a constant extra wait"},
		{small, "a constant extra wait per request of about 28", "cannot tell"},
	} {
		a := attributed(t, synthetic.Design{Cells: c.cells, Around: up.path(), Through: waits})
		if !strings.Contains(a.Where, c.want) || strings.Contains(a.Where, c.not) {
			t.Errorf("%d sizes: %q", len(c.cells), a.Where)
		}
	}
}

func TestDuplicatesOfBothPathsAreNotPutDownToOne(t *testing.T) {
	twice := func(arm string, n uint64) record.Integrity {
		return record.Integrity{Arm: arm, Cell: "all", Acknowledged: 40, Intact: 40, Duplicated: n}
	}
	const both = "uploads stored more than once (`around` about as often)"
	slow := with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Wait += 100 * time.Millisecond })
	for around, want := range map[uint64]bool{0: false, 1: false, 3: true, 5: true} {
		a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: slow, Ledger: []record.Integrity{twice("around", around), twice("through", 4)}})
		all := strings.Join(a.Evidence, "; ")
		if a.Arm != "through" || strings.Contains(a.Where, both) != want || strings.Contains(all, "something on the path sends them again") == want {
			t.Errorf("%d around: %q, for %q", around, a.Where, a.Evidence)
		}
	}
}

func TestLossesOfBothPathsAreNotPutDownToOne(t *testing.T) {
	lost := func(arm string, n uint64) record.Integrity {
		return record.Integrity{Arm: arm, Cell: "all", Acknowledged: 40, Intact: 40 - n, Lost: n}
	}
	for around, want := range map[uint64]bool{0: false, 1: false, 3: true, 5: true} {
		a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: up.path(), Ledger: []record.Integrity{lost("around", around), lost("through", 4)}})
		if both := strings.Contains(a.Where, "uploads acknowledged and not stored (`around` about as often)"); a.Arm != "through" || both != want ||
			!strings.Contains(a.Where, "uploads acknowledged and not stored") {
			t.Errorf("%d around: %q, for %q", around, a.Where, a.Evidence)
		}
	}
}

// TestWrongBytesOfBothPathsAreNotPutDownToOne: a store that both write to and
// that keeps other bytes than it was sent, such as one that is full.
func TestWrongBytesOfBothPathsAreNotPutDownToOne(t *testing.T) {
	corrupt := func(arm string, n, read uint64) record.Integrity {
		return record.Integrity{Arm: arm, Cell: "all", Acknowledged: 40, Intact: 40 - n, Corrupt: n, ReadWrong: read}
	}
	const both = "uploads stored with wrong bytes (`around` about as often)"
	for _, c := range []struct {
		around record.Integrity
		both   bool
	}{
		{corrupt("around", 0, 0), false},
		{corrupt("around", 1, 0), false},
		{corrupt("around", 0, 4), false}, // read wrong, but stored as they were sent
		{corrupt("around", 3, 0), true},
		{corrupt("around", 5, 0), true},
	} {
		a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: up.path(), Ledger: []record.Integrity{c.around, corrupt("through", 4, 0)}})
		lies := strings.Contains(strings.Join(a.Evidence, "; "), "lies behind both paths, or in each")
		if a.Arm != "through" || strings.Contains(a.Where, both) != c.both || lies != c.both || !strings.Contains(a.Where, "uploads stored with wrong bytes") {
			t.Errorf("%d and %d around: %q, for %q", c.around.Corrupt, c.around.ReadWrong, a.Where, a.Evidence)
		}
	}
}

// TestAFreezeIsNotInTheOpeningOfConnections: the same stop is a freeze where
// requests wait, and none where connecting takes the time.
func TestAFreezeIsNotInTheOpeningOfConnections(t *testing.T) {
	const cause = "everything stands still for a while"
	stopped := func(stop func(p *probes.Phases)) synthetic.Path {
		return with(steps(down.path()), func(_ plan.Cell, n int, o *synthetic.Op) {
			if n == 20 {
				stop(&o.Phases)
			}
		})
	}
	for name, c := range map[string]struct {
		through synthetic.Path
		frozen  bool
	}{
		"waiting":    {stopped(func(p *probes.Phases) { p.Wait = 1500 * time.Millisecond }), true},
		"connecting": {stopped(func(p *probes.Phases) { p.Connect = 1500 * time.Millisecond }), false},
	} {
		a := attributed(t, synthetic.Design{Spec: download, Cells: tiny, Around: steps(down.path()), Through: c.through})
		if a.Arm != "through" || strings.Contains(a.Where, cause) != c.frozen {
			t.Errorf("%s: %q, for %q", name, a.Where, a.Evidence)
		}
	}
}

func TestAContinueThatDoesNotCome(t *testing.T) {
	asked := func(wait time.Duration) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Continue = wait })
	}
	const cause = "100 Continue comes late or never"
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: asked(time.Millisecond), Through: asked(time.Second)}); !strings.Contains(a.Where, cause) {
		t.Errorf("uploads wait a second for it: %q", a.Where)
	}
	slow := with(asked(time.Millisecond), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Wait += time.Second })
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: asked(time.Millisecond), Through: slow}); strings.Contains(a.Where, cause) {
		t.Errorf("it comes at once, the answer does not: %q", a.Where)
	}
}

func TestAProtocolThatIsNotNegotiatedIsNamed(t *testing.T) {
	refused := func(message string) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Outcome, o.Message = probes.Protocol, message })
	}
	const cause = "HTTP/2 is not negotiated any more"
	if a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: refused("the scenario asks for HTTP/2, and 10.0.0.1:443 negotiated no protocol")}); !strings.Contains(a.Where, cause) {
		t.Errorf("ALPN without h2: %q", a.Where)
	}
	if a := attributed(t, synthetic.Design{Cells: one, Around: up.path(), Through: refused("the answer breaks the protocol: malformed HTTP")}); strings.Contains(a.Where, cause) {
		t.Errorf("garbage: %q", a.Where)
	}
}

func TestSlowOpsAreNoFreeze(t *testing.T) {
	const cause = "everything stands still"
	slow := with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Wait += 600 * time.Millisecond })
	slow.MaxOps = 3
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: up.path(), Through: slow}); strings.Contains(a.Where, cause) {
		t.Errorf("each op waits 600 ms: %q", a.Where)
	}
	once := with(steps(down.path()), func(_ plan.Cell, n int, o *synthetic.Op) {
		if n == 20 {
			o.Phases.Wait = 1500 * time.Millisecond
		}
	})
	if a := attributed(t, synthetic.Design{Spec: download, Cells: tiny, Around: steps(down.path()), Through: once}); !strings.Contains(a.Where, cause) {
		t.Errorf("one op in mid-trial waits 1.5 s: %q", a.Where)
	}
}

func TestABodySizeLimitIsNamedWithOneSizeToo(t *testing.T) {
	const cause = "a body size limit (status 413)"
	refusing := func(status int) synthetic.Path {
		return with(up.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Outcome, o.Status = probes.Status, status })
	}
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: up.path(), Through: refusing(413)}); !strings.Contains(a.Where, cause) {
		t.Errorf("all answered 413: %q", a.Where)
	}
	if a := attributed(t, synthetic.Design{Cells: tiny, Around: up.path(), Through: refusing(403)}); strings.Contains(a.Where, cause) {
		t.Errorf("all answered 403: %q", a.Where)
	}
}
