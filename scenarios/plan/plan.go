// Package plan makes a scenario exact: every trial in its seeded, interleaved
// order, the cells, the looks of the judge, what the run would send and store,
// and the fingerprint of everything that changes the measured work. It is
// pure; a plan built twice from the same scenario is the same plan.
package plan

import (
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// Kinds knows the kinds of work; the table of probes satisfies it.
type Kinds interface {
	// Check decodes and bounds the work without any I/O. The error, if any,
	// is a scenarios.Problems.
	Check(kind string, raw scenarios.Node) (Spec, error)
}

// Spec is the work of a scenario after its probe has decoded it.
type Spec interface {
	// Kind is the dotted kind, such as http.transfer.
	Kind() string
	// Identity is the canonical bytes of everything that changes the measured
	// work; it never holds a secret. It is valid JSON, for the record.
	Identity() []byte
	// Size is the size of one op's body; cells may override it.
	Size() unit.Bytes
	// Effects says what one op of the given size does to the target.
	Effects(size unit.Bytes) Effects
	// Metrics are the metrics that this work can emit.
	Metrics() []metric.ID
}

// Doubtful is work of which a plan should say more than its numbers.
type Doubtful interface {
	// Doubts are remarks that are no errors, a sentence each.
	Doubts() []string
}

// Effects is what one op does: bytes over the wire and objects on the target.
type Effects struct {
	Sends, Receives, Stores unit.Bytes
	Creates, Deletes        bool
	// Reads is what verifying one op reads back afterwards.
	Reads unit.Bytes
}

// Plan is a scenario made exact.
type Plan struct {
	Scenario scenarios.Scenario
	Spec     Spec
	// Arms are the scenario's arms and, with null_arm, the hidden copy of the
	// reference, whose id is the reference's with "~null".
	Arms  []scenarios.Arm
	Cells []Cell
	// Trials are all trials up to the cap of blocks, in the order they run.
	Trials []Trial
	// Looks are the block counts after which the judge looks, ascending; the
	// last is the cap.
	Looks       []int
	Fingerprint Fingerprint
	// Shard is this machine's exact share; the zero value is the whole.
	Shard Shard
	// Warnings are doubts about the design that are no errors: the run may
	// well end INCONCLUSIVE, or leave something behind.
	Warnings []string
}

// Cell is one combination of the axes, with verdicts of its own.
type Cell struct {
	// ID is the values of the axes that vary, such as "100MiB h2 x4"; "all" if
	// none does.
	ID string `json:"id"`
	// Size is that of one op. HTTP is empty where the target says, and
	// InFlight is the load's where it is no axis.
	Size     unit.Bytes         `json:"size"`
	HTTP     scenarios.Protocol `json:"http"`
	InFlight int                `json:"in_flight"`
}

// Trial is one arm measured once in one cell.
type Trial struct {
	// Index counts all trials from 0; Block counts blocks from 0 and Slot the
	// place within the block.
	Index, Block, Slot int
	// Arm and Cell index Plan.Arms and Plan.Cells.
	Arm, Cell int
	// Seed makes the trial's bodies and schedule its own.
	Seed uint64
}

// Fingerprint is the hex SHA-256 of what changes the measured work.
type Fingerprint string

// Shard is part Index of Count; Count 0 and 1 both mean the whole.
type Shard struct{ Index, Count int }

// NullID is the id of the hidden second arm of a reference.
func NullID(reference string) string { return reference + "~null" }

// ArmIn is the trial's arm with the cell's protocol applied.
func (p Plan) ArmIn(t Trial) scenarios.Arm {
	a, c := p.Arms[t.Arm], p.Cells[t.Cell]
	if c.HTTP != "" {
		a.Target.HTTP = c.HTTP
	}
	return a
}

// LoadIn is the load of the trial on this machine: with the cell's number in
// flight applied, and of that the share of the shard. The schedule of an open
// load is the whole one; a shard starts the ops that it owns.
func (p Plan) LoadIn(t Trial) scenarios.Load {
	l := p.Scenario.Load
	if n := p.Cells[t.Cell].InFlight; n > 0 {
		l.InFlight = n
	}
	l.InFlight = int(p.Shard.of(uint64(l.InFlight)))
	return l
}
