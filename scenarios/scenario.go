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

// Role says what an arm is in the comparison.
type Role string

// The roles.
const (
	Reference Role = "reference"
	Candidate Role = "candidate"
	Control   Role = "control"
	// Null is the hidden second reference arm of a design with null_arm; it
	// is made by the plan and cannot be written in a file.
	Null Role = "null"
)

// Protocol is the HTTP version an arm speaks.
type Protocol string

// The protocols. Auto negotiates by ALPN on TLS and speaks 1.1 in clear.
const (
	Auto  Protocol = "auto"
	HTTP1 Protocol = "1.1"
	HTTP2 Protocol = "2"
	H2C   Protocol = "h2c"
)

// Scenario is the declared intent of one file.
type Scenario struct {
	Name     string      `json:"name"`
	Purpose  string      `json:"purpose"`
	Arms     []Arm       `json:"arms"`
	Work     Work        `json:"work"`
	Cells    CellAxes    `json:"cells"`
	Load     Load        `json:"load"`
	Design   Design      `json:"design"`
	Criteria []Criterion `json:"criteria"`
	Event    *Event      `json:"event,omitempty"`
	Limits   Limits      `json:"limits"`

	// File is the name the scenario was read from and Source its text before
	// ${ENV} was expanded; Overrides are the --set assignments, in order.
	// Together they are what a record keeps to open the scenario again.
	File      string   `json:"file"`
	Source    string   `json:"-"`
	Overrides []string `json:"-"`
}

// Arm is one alternative under test with one pinned target.
type Arm struct {
	ID     string `json:"id"`
	Role   Role   `json:"role"`
	Target Target `json:"target"`
}

// Target says where an arm's traffic goes and how.
type Target struct {
	// URL is absolute, http or https, without user info.
	URL string `json:"url"`
	// Connect are host:port addresses dialled in place of the URL's, in
	// rotation per connection; Host and SNI stay those of the URL.
	Connect []string `json:"connect,omitempty"`
	// Resolve is "once" (default: the name is resolved once per trial),
	// "each" (per connection), or an IP address to use.
	Resolve string   `json:"resolve"`
	HTTP    Protocol `json:"http"`
	TLS     TLS      `json:"tls"`
	Auth    Auth     `json:"auth"`
	// Backend is the response header that names the backend, if any.
	Backend string `json:"backend,omitempty"`
	// Proxy is an explicit forward proxy URL; the environment is ignored.
	Proxy string `json:"proxy,omitempty"`
	// Congestion is the TCP congestion control of the arm's sockets; empty
	// leaves the system's.
	Congestion string `json:"congestion,omitempty"`
}

// TLS are an arm's TLS settings; files are paths.
type TLS struct {
	Insecure   bool   `json:"insecure,omitempty"`
	CA         string `json:"ca,omitempty"`
	Cert       string `json:"cert,omitempty"`
	Key        string `json:"key,omitempty"`
	ServerName string `json:"server_name,omitempty"`
}

// Auth is how an arm's requests authenticate; at most one of the two is set.
type Auth struct {
	User     string  `json:"user,omitempty"`
	Password *Secret `json:"password,omitempty"`
	Bearer   *Secret `json:"bearer,omitempty"`
}

// Secret is a reference to a secret, never the secret: exactly one field is
// set. It prints and marshals as the reference.
type Secret struct {
	Env  string `json:"env,omitempty"`
	File string `json:"file,omitempty"`
}

// Text is a string written in the file, or a reference to a secret.
type Text struct {
	Literal string  `json:"literal,omitempty"`
	Secret  *Secret `json:"secret,omitempty"`
}

// Work is what one op does; its options belong to the probe of that kind.
type Work struct {
	Kind string `json:"kind"`
	// Raw is the whole work mapping, kind included.
	Raw Node `json:"-"`
}

// CellAxes are the axes whose combinations are cells. An empty axis has the
// single value that work, target or load names.
type CellAxes struct {
	Sizes    []unit.Bytes `json:"sizes,omitempty"`
	HTTP     []Protocol   `json:"http,omitempty"`
	InFlight []int        `json:"in_flight,omitempty"`
}

// Model is closed (a fixed number in flight) or open (a schedule of starts).
type Model string

// The load models.
const (
	Closed Model = "closed"
	Open   Model = "open"
)

// Shape is the form of an open schedule.
type Shape string

// The shapes of open load.
const (
	Constant Shape = "constant"
	Poisson  Shape = "poisson"
	Linear   Shape = "linear"
	Sine     Shape = "sine"
)

// Load is how ops are offered during one trial.
type Load struct {
	Model Model `json:"model"`
	// InFlight is the number in flight of a closed load, and the cap of an
	// open one (0: no cap).
	InFlight int            `json:"in_flight"`
	Rate     unit.PerSecond `json:"rate,omitempty"`
	Shape    Shape          `json:"shape,omitempty"`
	// To is the end rate of a linear shape.
	To unit.PerSecond `json:"to,omitempty"`
	// Amplitude and Period shape a sine around Rate.
	Amplitude unit.PerSecond `json:"amplitude,omitempty"`
	Period    time.Duration  `json:"period,omitempty"`
	// Stages replace rate and shape: one after the other, within Measure.
	Stages  []Stage       `json:"stages,omitempty"`
	Warmup  time.Duration `json:"warmup"`
	Measure time.Duration `json:"measure"`
	Drain   time.Duration `json:"drain"`
}

// Stage is a stretch of an open load: the rate moves linearly to Rate in
// Duration, starting from the rate of the stage before (or Rate itself).
type Stage struct {
	Rate     unit.PerSecond `json:"rate"`
	Duration time.Duration  `json:"duration"`
}

// Order is the order of the arms within the blocks.
type Order string

// Shuffled is seeded, balanced random order.
const Shuffled Order = "shuffled"

// Design is how the comparison is laid out in time.
type Design struct {
	// Blocks is the cap; looks are planned from it.
	Blocks      int           `json:"blocks"`
	Order       Order         `json:"order"`
	Rest        time.Duration `json:"rest"`
	Seed        uint64        `json:"seed"`
	NullArm     bool          `json:"null_arm,omitempty"`
	MaxDuration time.Duration `json:"max_duration"`
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
	// "baseline" (a pinned earlier run).
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

// Event is the change itself, run once in every trial at a part of measure.
type Event struct {
	At      unit.Ratio    `json:"at"`
	Run     []string      `json:"run"`
	Timeout time.Duration `json:"timeout"`
}

// Limits are ceilings that end the run; zero means none.
type Limits struct {
	Bytes    unit.Bytes          `json:"bytes,omitempty"`
	Requests uint64              `json:"requests,omitempty"`
	Rate     unit.BytesPerSecond `json:"rate,omitempty"`
}
