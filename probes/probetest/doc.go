// Package probetest is the conformance suite that every probe passes: strict
// options, exactly one typed observation per op, marks in order, cancellation
// within a second, nothing left running, and nothing left on the target.
//
// A probe's own tests call Run with a healthy target and a frozen one; what is
// special to the probe (its faults, its bodies) stays in its own tests. It
// speaks to real sockets on loopback only and has no fakes of the contract.
package probetest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/strict"
	"loadline/scenarios/unit"
)

// Case is one probe with what the suite needs to know of it.
type Case struct {
	Probe probes.Probe
	// Work is a work mapping that Check accepts, kind included.
	Work string
	// Bad are work mappings that Check must refuse, with a part of the message
	// each. The suite adds an unknown key and a missing document itself.
	Bad map[string]string
	// Size is the body size of the ops; 0 takes the spec's.
	Size unit.Bytes
	// Healthy starts a target that serves the work well and stops it with the
	// test; it may be called several times.
	Healthy func(t *testing.T) scenarios.Target
	// Frozen starts a target that accepts connections and never answers.
	Frozen func(t *testing.T) scenarios.Target
	// SameBody is true for probes whose ops all have the body that the work
	// gives them, whatever their seed.
	SameBody bool
	// Moves is false for probes whose ops move no body bytes.
	Moves bool
}

// Run runs the whole suite as subtests of t.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run("info", c.testInfo)
	t.Run("check", c.testCheck)
	t.Run("healthy", c.testHealthy)
	t.Run("concurrent", c.testConcurrent)
	t.Run("refused", c.testRefused)
	t.Run("cut", c.testCut)
	t.Run("keeper", c.testKeeper)
}

// Node parses a work mapping as a scenario file would hand it to a probe.
func Node(t testing.TB, work string) scenarios.Node {
	t.Helper()
	n, problems := strict.Parse("test.yaml", []byte("work:\n  "+strings.ReplaceAll(strings.TrimSpace(work), "\n", "\n  ")+"\n"))
	if err := problems.Err(); err != nil {
		t.Fatalf("the test's own YAML is broken: %v", err)
	}
	return n.Child("work")
}

// Check decodes a work mapping and fails the test if the probe refuses it.
func Check(t testing.TB, p probes.Probe, work string) plan.Spec {
	t.Helper()
	spec, err := p.Check(Node(t, work))
	if err != nil {
		t.Fatalf("Check refuses the work:\n%v", err)
	}
	return spec
}

// Bench is a session on one target, with what is needed to hand it ops.
type Bench struct {
	probes.Session
	Spec plan.Spec
	// Epoch is the zero of the marks of the bench's ops.
	Epoch time.Time
	// Run is the run id that names are made of.
	Run  string
	size unit.Bytes
	seq  uint64
}

// Open checks the work, opens and prepares a session with 4 slots, and closes
// it with the test. Changes may alter where the session works.
func Open(t testing.TB, p probes.Probe, work string, target scenarios.Target, changes ...func(*probes.On)) *Bench {
	t.Helper()
	b, err := TryOpen(t, p, work, target, changes...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.Prepare(ctx); err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	return b
}

// TryOpen is Open without Prepare, for tests in which either may fail.
func TryOpen(t testing.TB, p probes.Probe, work string, target scenarios.Target, changes ...func(*probes.On)) (*Bench, error) {
	t.Helper()
	spec := Check(t, p, work)
	on := probes.On{
		Run:   "r" + strings.ToLower(time.Now().UTC().Format("150405")) + "t",
		Arm:   scenarios.Arm{ID: "around", Role: scenarios.Reference, Target: target},
		Cell:  plan.Cell{ID: "all", Size: spec.Size(), InFlight: 4},
		Slots: 4,
		Seed:  42,
		Warn:  func(string) {},
	}
	for _, change := range changes {
		change(&on)
	}
	s, err := p.Open(context.Background(), spec, on)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Close(ctx) // a test that cares has closed it itself; closing again is allowed
	})
	return &Bench{Session: s, Spec: spec, Epoch: time.Now(), Run: on.Run, size: on.Cell.Size}, nil
}

// Op is the bench's next op in a slot, due now.
func (b *Bench) Op(slot int) probes.Op {
	seq := b.seq
	b.seq++
	return probes.Op{
		Seq: seq, Name: opName(b.Run, seq), Seed: 42 + seq, Size: b.size,
		Epoch: b.Epoch, Due: time.Since(b.Epoch), Slot: slot, Meter: new(probes.Meter),
	}
}

// Refused is the address of a loopback port on which nothing listens.
func Refused(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Main runs a package's tests and fails if they leave goroutines behind.
func Main(m *testing.M) { goleak.VerifyTestMain(m) }
