package scenarios

import (
	"time"

	"loadline/scenarios/unit"
)

// Model is closed (a fixed number in flight) or open (a schedule of starts).
type Model string

// The load models.
const (
	Closed Model = "closed"
	Open   Model = "open"
)

// Words are all models.
func (Model) Words() []string { return []string{"closed", "open"} }

// Shape is the form of an open schedule.
type Shape string

// The shapes of open load.
const (
	Constant Shape = "constant"
	Poisson  Shape = "poisson"
	Linear   Shape = "linear"
	Sine     Shape = "sine"
)

// Words are all shapes.
func (Shape) Words() []string { return []string{"constant", "poisson", "linear", "sine"} }

// Load is how ops are offered during one trial.
type Load struct {
	Model Model `json:"model" key:"model" default:"closed" doc:"closed (a fixed number in flight) or open (a schedule of starts)"`
	// InFlight is the number in flight of a closed load, and the cap of an
	// open one (0: no cap).
	InFlight int            `json:"in_flight" key:"in_flight" min:"1" max:"100000" doc:"ops in flight of a closed load (default 1), or the cap of an open one (default none)"`
	Rate     unit.PerSecond `json:"rate,omitempty" key:"rate" max:"5000000/s" doc:"starts per second of an open load, such as 50/s"`
	Shape    Shape          `json:"shape,omitempty" key:"shape" doc:"constant (default), poisson, linear (from rate to to) or sine (amplitude around rate)"`
	// To is the end rate of a linear shape.
	To unit.PerSecond `json:"to,omitempty" key:"to" max:"5000000/s" doc:"rate at the end of a linear shape"`
	// Amplitude and Period shape a sine around Rate.
	Amplitude unit.PerSecond `json:"amplitude,omitempty" key:"amplitude" doc:"amplitude of a sine, below its rate"`
	Period    time.Duration  `json:"period,omitempty" key:"period" min:"1ms" doc:"period of a sine"`
	// Stages replace rate and shape: one after the other, within Measure.
	Stages  []Stage       `json:"stages,omitempty" key:"stages" min:"1" max:"100" doc:"stretches of an open load, in place of rate and shape; measure is their sum"`
	Warmup  time.Duration `json:"warmup" key:"warmup" default:"2s" max:"1h" doc:"load at the start of every trial whose times are not judged; its failures are"`
	Measure time.Duration `json:"measure" key:"measure" default:"10s" min:"1ms" max:"24h" doc:"load that is judged"`
	Drain   time.Duration `json:"drain" key:"drain" default:"30s" max:"24h" doc:"time at most for started ops to end"`
}

// Stage is a stretch of an open load: the rate moves linearly to Rate in
// Duration, starting from the rate of the stage before (or Rate itself).
type Stage struct {
	Rate     unit.PerSecond `json:"rate" key:"rate" required:"true" max:"5000000/s" doc:"rate at the end of the stage"`
	Duration time.Duration  `json:"duration" key:"duration" required:"true" min:"1ms" doc:"length of the stage"`
}

// Order is the order of the arms within the blocks.
type Order string

// Shuffled is seeded, balanced random order.
const Shuffled Order = "shuffled"

// Words are all orders.
func (Order) Words() []string { return []string{"shuffled"} }

// Design is how the comparison is laid out in time.
type Design struct {
	// Blocks is the cap; looks are planned from it.
	Blocks  int           `json:"blocks" key:"blocks" default:"12" min:"1" max:"1000" doc:"blocks at most; the judge looks at times planned from it"`
	Order   Order         `json:"order" key:"order" default:"shuffled" doc:"order of the arms within the blocks: seeded, balanced and random"`
	Rest    time.Duration `json:"rest" key:"rest" default:"1s" max:"1h" doc:"idle time between trials"`
	Seed    uint64        `json:"seed" key:"seed" default:"1" doc:"seed of order, schedule and bodies"`
	NullArm bool          `json:"null_arm,omitempty" key:"null_arm" default:"false" doc:"measure the reference twice; a difference between the two voids the run"`
	// MaxDuration bounds the run, whatever the target does.
	MaxDuration time.Duration `json:"max_duration" key:"max_duration" min:"1ms" max:"168h" doc:"time at most (default 10m, or what the design needs)"`
}
