// Package reports is the view of a run that every renderer draws: built once
// from the record, the decision and the attribution, with nothing left for a
// renderer to compute but layout. It is pure.
//
// Numbers rest in base units (seconds, bytes, bytes per second, shares); NaN
// is not known. Renderers choose prefixes and digits through Quantity.
package reports

import (
	"io"
	"time"

	"loadline/probes/record"
	"loadline/reports/attribution"
	"loadline/reports/verdict"
)

// Renderer turns a report into one format.
type Renderer interface {
	// Format is the name given to -o, such as html.
	Format() string
	Render(w io.Writer, r Report) error
}

// Appender is a renderer whose reports can stand one after another in one
// document, as prose can.
type Appender interface {
	// Separator is what goes between two of them.
	Separator() string
}

// Joiner is a renderer whose format has a place for several reports in one
// document of its own shape. A renderer that is neither has one document for
// each.
type Joiner interface {
	RenderAll(w io.Writer, rs []Report) error
}

// Report is what all renderers draw.
type Report struct {
	// Run, Scenario, Purpose, Started and Took introduce the run; Partial is
	// why it is not whole, empty if it is.
	Run, Scenario, Purpose string
	Started                time.Time
	Took                   time.Duration
	Partial                string

	Decision verdict.Decision
	// Exit is the exit code of the command that draws the report: the
	// decision's, unless the run ended in another way (interrupted, not kept).
	Exit        int
	Attribution attribution.Attribution
	// Ledger is the ack ledger per arm and cell.
	Ledger []record.Integrity
	Arms   []Arm
	Cells  []Cell
	Health []HealthRow
	// Environment lists facts in order; Reproduce is the command and what
	// else is needed to repeat the run.
	Environment []Fact
	Reproduce   []string
	Tool        record.Tool
	Fingerprint string
}

// Arm introduces an arm.
type Arm struct {
	ID, Role, URL, Connect string
	// Peers are the addresses, protocols and server names that answered.
	Peers []record.Peer
}

// Cell holds the arms side by side in one cell.
type Cell struct {
	ID   string
	Arms []CellArm
}

// CellArm is one arm in one cell over all blocks.
type CellArm struct {
	Arm, Role string
	// Number is the arm's place in Report.Arms, for a colour of its own.
	Number int
	Trials int
	// Ops by outcome over all trials, in the order of probes.Outcomes.
	Outcomes []Count
	Goodput  Spread // bytes per second, one value per block
	// Moved is Goodput with the bytes that cut ops had moved: what it might
	// have become.
	Moved Spread
	Rate  Spread // ops per second, one value per block
	// Latency rows: response, service, ttfb, connect, tls.
	Latency []Quantiles
	// Phases are the mean seconds per op spent in each phase, in order.
	Phases []Phase
	// Transfer is the rate over time, per trial.
	Transfer []Curve
	Backends []BackendRow
	Network  record.Network
	Failures []record.Failure
	// PerBlock is the goodput (or rate) of each block with both bounds.
	PerBlock []BlockValue
}

// Count is how often something happened.
type Count struct {
	Name string
	N    uint64
}

// Spread describes values of blocks; it never decides anything.
type Spread struct{ Median, Min, Max, MAD float64 }

// Quantiles are of merged histograms, in seconds.
type Quantiles struct {
	Metric                        string
	P50, P90, P95, P99, P999, Max float64
	N                             uint64
}

// Phase is a named slice of an op, in seconds.
type Phase struct {
	Name string
	Mean float64
}

// Curve is bytes per second over seconds from the start of the trial.
type Curve struct {
	Block  int
	T, BPS []float64
}

// BackendRow is one backend's share in one arm.
type BackendRow struct {
	Name          string
	Ops, Failed   uint64
	Share         float64
	P50, P95, Max float64 // service, seconds
}

// BlockValue is the value of one block with what cut ops leave open.
type BlockValue struct {
	Block     int
	Low, High float64
}

// HealthRow is the generator's health in one trial.
type HealthRow struct {
	Trial, Block int
	Arm, Cell    string
	record.Health
}

// Fact is a name and its value.
type Fact struct{ Name, Value string }
