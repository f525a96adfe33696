package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// memory is a probe whose target is a map in this process. Each arm is a way
// to it, with latencies and faults of its own. It is a probe like any other:
// what it says it did, it did.
type memory struct {
	spec *memorySpec
	ways map[string]*way // by arm

	mu       sync.Mutex
	stored   map[string]probes.Kept
	receipts map[string]int
	log      []string // prepare, close, remove, in order
}

// memorySpec is the work of memory.
type memorySpec struct {
	size     unit.Bytes
	download bool
	back     probes.Readback
	fixtures []string
}

func (*memorySpec) Kind() string                { return "memory" }
func (*memorySpec) Identity() []byte            { return []byte(`{"kind":"memory"}`) }
func (s *memorySpec) Size() unit.Bytes          { return s.size }
func (*memorySpec) Metrics() []metric.ID        { return []metric.ID{metric.Service} }
func (s *memorySpec) Readback() probes.Readback { return s.back }

func (s *memorySpec) Fixtures(string, plan.Cell) []string { return s.fixtures }

func (s *memorySpec) Effects(size unit.Bytes) plan.Effects {
	if s.download {
		return plan.Effects{Receives: size}
	}
	return plan.Effects{Sends: size, Stores: size, Creates: true, Deletes: true}
}

// way is how one arm reaches the target. Nil functions do nothing unusual.
type way struct {
	// frozen is how long an op that starts now has to wait for the target.
	frozen func(sinceEpoch time.Duration) time.Duration
	// idle is how long an op waits on purpose before it starts.
	idle time.Duration
	// latency is the time of one op besides moving its body.
	latency time.Duration
	// rate is how fast bodies move; 0 moves them at once.
	rate unit.BytesPerSecond
	// answers is the time from the last byte to the answer.
	answers time.Duration
	// deaf ops run on for that long when they are cancelled.
	deaf time.Duration
	// ends overrules the outcome of an op.
	ends func(op probes.Op) probes.Outcome
	// stores says whether the op's object is kept, and as what.
	stores func(op probes.Op, o probes.Outcome) (probes.Kept, int)
	// audits overrules what is found of an object, in the n-th look.
	audits func(name string, n int) probes.Finding
	// prepares, removes and auditing may fail or hang.
	prepares func(ctx context.Context) error
	removes  func(ctx context.Context, name string) error
	slowLook time.Duration
	// silent looks get no answer, after 10 s.
	silent func(name string) bool

	mu    sync.Mutex
	looks map[string]int
	// unheard are the looks that got no answer.
	unheard int
	ops     []probes.Op
	began   []time.Time
}

func newMemory(size unit.Bytes, ways map[string]*way) *memory {
	return &memory{spec: &memorySpec{size: size}, ways: ways, stored: map[string]probes.Kept{}, receipts: map[string]int{}}
}

func (m *memory) Info() probes.Info                       { return probes.Info{Kind: "memory"} }
func (m *memory) Check(scenarios.Node) (plan.Spec, error) { return m.spec, nil }
func (m *memory) note(format string, args ...any) {
	m.mu.Lock()
	m.log = append(m.log, fmt.Sprintf(format, args...))
	m.mu.Unlock()
}
func (m *memory) Open(_ context.Context, _ plan.Spec, on probes.On) (probes.Session, error) {
	w := m.ways[on.Arm.ID]
	if w == nil {
		w = &way{latency: time.Millisecond}
		m.ways[on.Arm.ID] = w
	}
	w.looks = map[string]int{}
	return &memorySession{memory: m, way: w, on: on}, nil
}

type memorySession struct {
	*memory
	*way
	on probes.On
}

func (s *memorySession) Prepare(ctx context.Context) error {
	s.note("prepare %s", s.on.Arm.ID)
	if s.prepares != nil {
		return s.prepares(ctx)
	}
	return nil
}

func (s *memorySession) Close(context.Context) error {
	s.note("close %s", s.on.Arm.ID)
	return nil
}

// Do moves the body in steps of 10 ms.
func (s *memorySession) Do(ctx context.Context, op probes.Op) probes.Observation {
	_ = sleep(ctx, s.idle)
	start := time.Now()
	s.way.mu.Lock()
	s.ops, s.began = append(s.ops, op), append(s.began, start)
	s.way.mu.Unlock()
	o := probes.Observation{Start: op.Mark(), Outcome: probes.OK}
	wait := s.latency
	if wait == 0 {
		wait = time.Millisecond // no op takes no time: fake time would stand still
	}
	if s.frozen != nil {
		wait += s.frozen(start.Sub(op.Epoch))
	}
	if s.deaf > 0 {
		ctx = context.WithoutCancel(ctx)
		wait += s.deaf
	}
	err := sleep(ctx, wait)
	for moved := unit.Bytes(0); err == nil && moved < op.Size; {
		step := op.Size - moved
		if s.rate > 0 {
			step = min(step, unit.Bytes(float64(s.rate)/100))
			err = sleep(ctx, 10*time.Millisecond)
		}
		moved += step
		op.Meter.Add(int(step))
	}
	if err == nil {
		_ = sleep(ctx, s.answers) // what ended it is told by ctx below
	}
	if s.ends != nil {
		o.Outcome = s.ends(op)
	}
	if outcome, cut := probes.OutcomeOf(ctx); cut {
		o.Outcome = outcome
	}
	if s.spec.download {
		o.Received = op.Meter.Moved()
	} else {
		o.Sent = op.Meter.Moved()
	}
	if o.Outcome == probes.OK {
		o.Verified = op.Size
	}
	o.FirstByte, o.End = op.Mark(), op.Mark()
	s.store(op, o.Outcome)
	return o
}

func (s *memorySession) store(op probes.Op, o probes.Outcome) {
	kept, n := probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}, 0
	if o == probes.OK {
		n = 1
	}
	if s.stores != nil {
		kept, n = s.stores(op, o)
	}
	if n > 0 {
		s.memory.mu.Lock()
		s.stored[op.Name], s.receipts[op.Name] = kept, n
		s.memory.mu.Unlock()
	}
}

func (s *memorySession) Audit(ctx context.Context, k probes.Kept) probes.Audit {
	if err := sleep(ctx, s.slowLook); err != nil {
		return probes.Audit{Finding: probes.Unreadable, Evidence: err.Error()}
	}
	if s.silent != nil && s.silent(k.Name) {
		s.way.mu.Lock()
		s.unheard++
		s.way.mu.Unlock()
		err := sleep(ctx, 10*time.Second)
		return probes.Audit{Finding: probes.Unreadable, Evidence: fmt.Sprintf("no answer (%v)", err), Silent: true}
	}
	s.way.mu.Lock()
	s.looks[k.Name]++
	n := s.looks[k.Name]
	s.way.mu.Unlock()
	if s.audits != nil {
		if f := s.audits(k.Name, n); f != "" {
			return probes.Audit{Finding: f, Evidence: "as scripted"}
		}
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	switch got, ok := s.stored[k.Name]; {
	case !ok:
		return probes.Audit{Finding: probes.Absent, Evidence: "not in the map"}
	case got.Seed != k.Seed || got.Size != k.Size:
		return probes.Audit{Finding: probes.Wrong, Evidence: fmt.Sprintf("seed %d", got.Seed)}
	}
	return probes.Audit{Finding: probes.Intact, Evidence: "equal", Read: k.Size}
}

func (s *memorySession) Receipts(_ context.Context, k probes.Kept) (int, bool, error) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.receipts[k.Name], true, nil
}

func (s *memorySession) Remove(ctx context.Context, k probes.Kept) error {
	if s.removes != nil {
		if err := s.removes(ctx, k.Name); err != nil {
			return err
		}
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if _, there := s.stored[k.Name]; !there {
		return fmt.Errorf("%s: %w", k.Name, probes.ErrAbsent)
	}
	delete(s.stored, k.Name)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// scenario is a plan of so many blocks of the reference r and, if there are
// two arms, the candidate c.
func (m *memory) plan(load scenarios.Load, blocks int, change ...func(*scenarios.Scenario)) plan.Plan {
	s := scenarios.Scenario{
		Name: "test", Load: load, Design: scenarios.Design{Blocks: blocks, Seed: 7},
		Arms: []scenarios.Arm{{ID: "r", Role: scenarios.Reference}, {ID: "c", Role: scenarios.Candidate}},
	}
	if len(m.ways) == 1 {
		s.Arms = s.Arms[:1]
	}
	for _, f := range change {
		f(&s)
	}
	p := plan.Plan{Scenario: s, Spec: m.spec, Arms: s.Arms, Cells: []plan.Cell{{ID: "all", Size: m.spec.size}}, Looks: []int{blocks}}
	for b := range blocks {
		for a := range s.Arms {
			p.Trials = append(p.Trials, plan.Trial{Index: len(p.Trials), Block: b, Slot: a, Arm: a, Seed: uint64(100 + len(p.Trials))})
		}
	}
	return p
}

func (m *memory) run(t *testing.T, p plan.Plan, change ...func(*engine.Options)) (record.Run, error) {
	t.Helper()
	return m.runIn(t.Context(), p, change...)
}

func (m *memory) runIn(ctx context.Context, p plan.Plan, change ...func(*engine.Options)) (record.Run, error) {
	o := engine.Options{Table: probes.Table{m}, Header: record.Header{Run: "test"}, Raw: true}
	for _, f := range change {
		f(&o)
	}
	return engine.Run(ctx, p, o)
}

// one is the only trial of a run that must not fail.
func one(t *testing.T, r record.Run, err error) record.Trial {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Trials) != 1 {
		t.Fatalf("%d trials, want 1; end: %+v", len(r.Trials), r.End)
	}
	return r.Trials[0]
}

var errScripted = errors.New("as scripted")

func closed(n int, warmup, measure, drain time.Duration) scenarios.Load {
	return scenarios.Load{Model: scenarios.Closed, InFlight: n, Warmup: warmup, Measure: measure, Drain: drain}
}

func open(rate unit.PerSecond, most int, measure, drain time.Duration) scenarios.Load {
	return scenarios.Load{Model: scenarios.Open, Shape: scenarios.Constant, Rate: rate, InFlight: most, Measure: measure, Drain: drain}
}
