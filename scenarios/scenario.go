// Package scenarios is the language: what to measure, on which arms, under
// which load, and by which criteria it is judged. It is pure: a scenario is
// read from bytes, looked up and checked here, and nothing is dialled, opened
// or timed.
//
// Sizes are bytes, rates are per second, durations are time.Duration; see
// package unit. Every problem found in a file is reported at once, each with
// file, line and column.
package scenarios

import (
	"time"

	"loadline/scenarios/metric"
	"loadline/scenarios/redact"
	"loadline/scenarios/strict"
	"loadline/scenarios/unit"
)

// Node is a part of a scenario file that keeps its position; only the probe
// that owns a kind of work decodes the node of that work.
type Node = strict.Node

// Problem is one thing wrong with a scenario, with its place and a hint.
type Problem = strict.Problem

// Problems are all things wrong with a scenario; they are an error.
type Problems = strict.Problems

// Scenario is the declared intent of one file.
type Scenario struct {
	Name     string      `json:"name" key:"name" required:"true" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$" doc:"folder/name of the scenario: letters, digits and . _ / -, 100 at most"`
	Purpose  string      `json:"purpose" key:"purpose" doc:"the question the scenario answers, in one sentence"`
	Arms     []Arm       `json:"arms" key:"arms" required:"true" min:"1" max:"16" doc:"the alternatives that are compared: at most one reference, at least one candidate"`
	Work     Work        `json:"work" key:"work" required:"true" doc:"what one op does: a kind and its options"`
	Cells    CellAxes    `json:"cells" key:"cells" doc:"sizes, protocols and numbers in flight; each combination is a cell with verdicts of its own"`
	Load     Load        `json:"load" key:"load" doc:"how ops are offered during one trial"`
	Design   Design      `json:"design" key:"design" doc:"how the comparison is laid out in time"`
	Criteria []Criterion `json:"criteria" key:"criteria" required:"true" min:"1" max:"100" doc:"the rules by which the candidates are judged"`
	Event    *Event      `json:"event,omitempty" key:"event" doc:"the change itself, run once in every trial"`
	Limits   Limits      `json:"limits" key:"limits" doc:"ceilings on the load, warm-up and timed ops alike, that end the run; fixtures, read-backs and removals come on top: plan says how many"`

	// File is the name the scenario was read from and Source its text before
	// ${ENV} was expanded; Overrides are the --set assignments, in order, and
	// Env the variables that were put in. Together they are what a record
	// keeps to open the scenario again; see Reopen. A variable that may be a
	// secret is not in Env: one with such a name, one in the query of a URL
	// under such a key, and one in a header.
	File      string            `json:"file"`
	Source    string            `json:"-"`
	Overrides []string          `json:"-"`
	Env       map[string]string `json:"env,omitempty"`
	// Secrets are values that may be shown nowhere: those of variables that
	// hold secrets, and what is written out in the places of secrets.
	Secrets redact.Values `json:"-"`
	// Root is the whole document, for messages about places in it.
	Root Node `json:"-"`
}

// Work is what one op does; its options belong to the probe of that kind.
type Work struct {
	Kind string `json:"kind"`
	// Raw is the whole work mapping, kind included. A size that only the
	// cells name is in it as the first of them; cells are not.
	Raw Node `json:"-"`
}

// DecodeNode keeps the mapping for its probe and reads only its kind.
func (w *Work) DecodeNode(n Node) Problems {
	if !n.IsMapping() {
		return Problems{n.Problem("is not a mapping", "write kind: and the options of that kind")}
	}
	w.Raw = n
	kind, ok := n.Child("kind").Scalar()
	if !ok {
		return Problems{n.At("kind").Problem("is missing", "the kind of work, such as http.transfer")}
	}
	w.Kind = kind
	return nil
}

// Event is the change itself, run once in every trial at a part of measure.
type Event struct {
	At      unit.Ratio    `json:"at" key:"at" default:"30%" doc:"part of measure at which it runs, below 100%"`
	Run     []string      `json:"run" key:"run" required:"true" min:"1" doc:"program and arguments; a failure makes the run INVALID"`
	Timeout time.Duration `json:"timeout" key:"timeout" default:"30s" min:"1ms" doc:"time it may take"`
}

// Limits are ceilings on the load that end the run; zero means none. They count
// the ops of warm-up and timed part. Fixtures, read-backs and removals are not
// counted: a run that reached a ceiling must still find out what became of its
// objects, and take them away.
type Limits struct {
	Bytes    unit.Bytes          `json:"bytes,omitempty" key:"bytes" min:"1" doc:"body bytes that ops send and receive, over all arms; an op that could pass it is not started"`
	Requests uint64              `json:"requests,omitempty" key:"requests" min:"1" doc:"ops started, over all arms"`
	Rate     unit.BytesPerSecond `json:"rate,omitempty" key:"rate" min:"1B/s" doc:"body bytes per second that ops may move, such as 200MB/s: it paces nothing, and more than one second's worth beyond it ends the run"`
}

// Criterion is one rule on one statistic of one metric. Exactly one of Margin
// (relative) and Max (absolute) is set.
type Criterion struct {
	Metric metric.ID    `json:"metric"`
	Stat   metric.Stat  `json:"stat"`
	Margin *unit.Margin `json:"margin,omitempty"`
	// Max is the absolute limit in the metric's base unit (0.01 for 1%).
	Max *float64 `json:"max,omitempty"`
	// Against is "reference" (default: the paired arm of the same run) or
	// "baseline" (a pinned earlier run); empty for an absolute criterion.
	Against string `json:"against,omitempty"`
	// Arm limits the criterion to one arm; empty means every candidate.
	Arm string `json:"arm,omitempty"`
	// Cell limits the criterion to one cell id; empty means every cell.
	Cell string `json:"cell,omitempty"`
	// Pos is file:line:col of the criterion, for messages.
	Pos string `json:"-"`
}

// Relative reports whether the criterion compares with another arm or run.
func (c Criterion) Relative() bool { return c.Margin != nil }
