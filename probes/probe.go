// Package probes is the contract between the engine, which owns time, and the
// probes, which each do one kind of work and say exactly what they saw.
//
// A probe never retries, never races and never drops an op silently: one call
// of Do is one unit of work and gives one Observation. Times are offsets from
// the start of the trial on the monotonic clock; sizes are body bytes.
package probes

import (
	"context"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Info describes a probe once, for the schema, the manual and the table.
type Info struct {
	// Kind is the dotted kind, such as http.transfer; Line says what it does.
	Kind, Line string
	// Options is a zero value of the tagged struct that the work decodes to.
	Options any
	// Metrics are all metrics the probe may emit.
	Metrics []metric.ID
}

// Probe is one kind of work.
type Probe interface {
	Info() Info
	// Check decodes the work strictly and fills in defaults; it does no I/O.
	Check(raw scenarios.Node) (plan.Spec, error)
	// Open makes a session on one arm of one cell. It resolves secrets and
	// reads certificate files, but does not yet dial.
	Open(ctx context.Context, s plan.Spec, on On) (Session, error)
}

// On is where a session works.
type On struct {
	Run string
	// Arm has the cell's protocol applied.
	Arm  scenarios.Arm
	Cell plan.Cell
	// Slots is the number of ops in flight at most; 0 is unknown.
	Slots int
	// Seed is the run's; bodies depend on it and on the op's name.
	Seed uint64
	// Warn receives, once each, remarks for the report; never nil.
	Warn func(string)
	// Sampled receives the kernel's view of the session's connections at fixed
	// times, from one goroutine at a time and until Close at the latest. It is
	// nil if nobody wants it, and quick: sampling waits for it.
	Sampled func(ConnSample)
	// Served receives the content of bodies that nothing but other bodies can be
	// compared with, from any goroutine; nil if nobody wants it.
	Served func(Served)
}

// Session is one arm of one cell for the length of a run.
type Session interface {
	// Prepare makes fixtures, unmeasured and inside the run's own names.
	Prepare(ctx context.Context) error
	// Do does one unit of work. When ctx is cancelled with a cause, the
	// outcome follows the cause: see OutcomeOf.
	Do(ctx context.Context, op Op) Observation
	// Close removes what Prepare made and closes connections.
	Close(ctx context.Context) error
}

// Keeper is a session whose ops leave objects on the target, so that they can
// be looked at again and removed. It is the only optional capability.
type Keeper interface {
	// Audit reads the object of a past op again and says what it found.
	Audit(ctx context.Context, k Kept) Audit
	// Receipts asks the origin how often it stored the op's body; ok is false
	// if the scenario names no place to ask.
	Receipts(ctx context.Context, k Kept) (n int, ok bool, err error)
	// Remove deletes the op's object. The error is ErrAbsent if there is none,
	// ErrSilent if nothing answered.
	Remove(ctx context.Context, k Kept) error
}

// Kept names what one op left behind, enough to check it byte by byte.
type Kept struct {
	Name string     `json:"name"`
	Seed uint64     `json:"seed"`
	Size unit.Bytes `json:"size"`
	// Seq is the op's number in its trial. It is all that is known besides the
	// name of an op of a killed run.
	Seq uint64 `json:"seq"`
}

// Audit is what a read-back found.
type Audit struct {
	Finding Finding
	// Evidence is a sentence: status, first wrong offset, request id.
	Evidence string
	Read     unit.Bytes
	// Silent is true if nothing was there to answer: no connection, or one on
	// which nothing came. The next read through the path will likely fare as
	// badly and take as long.
	Silent bool
}

// Finding is the result of one read-back through one path.
type Finding string

// What a read-back through one path can find. Unreadable means that the path
// did not answer the question; it is not evidence of loss.
const (
	Intact     Finding = "intact"
	Absent     Finding = "absent"
	Wrong      Finding = "wrong"
	Unreadable Finding = "unreadable"
)

// Op is one unit of work, handed out by the engine.
type Op struct {
	// Seq counts the ops of a trial from 0.
	Seq uint64
	// Name is [a-z0-9-]+ and unique per run and op.
	Name string
	// Seed makes the op's body its own.
	Seed uint64
	Size unit.Bytes
	// Epoch is the trial's zero; every Mark counts from it.
	Epoch time.Time
	// Due is when the schedule wanted the op to start, from Epoch.
	Due time.Duration
	// Slot is the place in flight, from 0, for connections kept per slot.
	Slot int
	// Meter counts body bytes as they move; never nil.
	Meter *Meter
}

// Mark stamps now against the op's epoch.
func (o Op) Mark() Mark { return MarkAt(time.Since(o.Epoch)) }
