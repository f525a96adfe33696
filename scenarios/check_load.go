package scenarios

import (
	"fmt"
	"math"
	"time"
)

// load checks that the keys of the load fit its model and shape, and fills in
// the defaults that depend on them.
func (c *checker) load() {
	l, n := &c.s.Load, c.root.Child("load")
	switch l.Model {
	case Closed:
		for _, key := range []string{"rate", "shape", "to", "amplitude", "period", "stages"} {
			if at := n.Child(key); !at.Absent() {
				c.refuse(at, "a closed load has no "+key, "write model: open, or in_flight: alone")
			}
		}
		if n.Child("in_flight").Absent() && len(c.s.Cells.InFlight) == 0 {
			l.InFlight = 1
		}
	case Open:
		if n.Child("stages").Absent() {
			c.shape(n, l)
		} else {
			c.stages(n, l)
		}
	}
}

// shape checks an open load with a rate.
func (c *checker) shape(n Node, l *Load) {
	if n.Child("rate").Absent() {
		c.refuse(n, "an open load needs a rate or stages", "write rate: 50/s, or model: closed for as fast as possible")
		return
	}
	if n.Child("shape").Absent() {
		l.Shape = Constant
	}
	if l.Rate <= 0 && l.Shape != Linear {
		c.refuse(n.At("rate"), "0/s starts nothing", "write a rate above 0, or model: closed for as fast as possible")
	}
	keys := map[string]Shape{"to": Linear, "amplitude": Sine, "period": Sine}
	for _, key := range []string{"to", "amplitude", "period"} {
		at := n.Child(key)
		switch {
		case !at.Absent() && l.Shape != keys[key]:
			c.refuse(at, fmt.Sprintf("a %s shape has no %s", l.Shape, key), fmt.Sprintf("write shape: %s", keys[key]))
		case at.Absent() && l.Shape == keys[key]:
			c.refuse(n.At(key), "is missing", fmt.Sprintf("a %s shape needs it", l.Shape))
		}
	}
	if l.Shape == Linear && l.Rate <= 0 && l.To <= 0 {
		c.refuse(n.At("to"), "from 0/s to 0/s starts nothing", "write a rate above 0")
	}
	if l.Shape == Sine && l.Amplitude >= l.Rate && l.Rate > 0 {
		c.refuse(n.At("amplitude"), fmt.Sprintf("%s is not below the rate of %s", l.Amplitude, l.Rate), "the rate may not fall to 0: lower the amplitude")
	}
	if mean := float64(l.Rate+max(l.To, l.Rate)) / 2; mean > 0 && l.Measure > 0 && mean*l.Measure.Seconds() < 1 {
		c.refuse(n.At("rate"), fmt.Sprintf("%s for %s starts no op", l.Rate, l.Measure), "write a higher rate or a longer measure")
	}
}

// stages checks that stages stand alone and fill the measure.
func (c *checker) stages(n Node, l *Load) {
	for _, key := range []string{"rate", "shape", "to", "amplitude", "period"} {
		if at := n.Child(key); !at.Absent() {
			c.refuse(at, "a load with stages has no "+key, "write one of the two")
		}
	}
	var sum time.Duration
	var highest float64
	for _, stage := range l.Stages {
		sum += stage.Duration
		highest = max(highest, float64(stage.Rate))
	}
	if sum == 0 {
		return // the stages have problems of their own
	}
	if highest == 0 {
		c.refuse(n.At("stages"), "0/s in every stage starts nothing", "write a rate above 0")
	}
	if n.Child("measure").Absent() {
		l.Measure = sum
	} else if l.Measure != sum {
		c.refuse(n.At("measure"), fmt.Sprintf("%s is not the sum of the stages, %s", l.Measure, sum), "leave measure out, or make them equal")
	}
}

// TrialArms is the number of arms in a block, the null arm included.
func (s Scenario) TrialArms() int {
	if s.Design.NullArm {
		return len(s.Arms) + 1
	}
	return len(s.Arms)
}

// Shortest is how long so many blocks take if every op ends at once: warm-up,
// measure and rest of every trial.
func (s Scenario) Shortest(blocks int) time.Duration {
	return s.times(blocks, s.Load.Warmup+s.Load.Measure+s.Design.Rest)
}

// Longest is how long so many blocks take if every trial drains in full.
func (s Scenario) Longest(blocks int) time.Duration {
	return s.times(blocks, s.Load.Warmup+s.Load.Measure+s.Design.Rest+s.Load.Drain)
}

// times is the length of all trials of so many blocks; a length that cannot be
// counted is the longest that can.
func (s Scenario) times(blocks int, trial time.Duration) time.Duration {
	trials := blocks * s.TrialArms() * s.Cells.Count()
	if trials > 0 && trial > math.MaxInt64/2/time.Duration(trials) {
		return math.MaxInt64 / 2
	}
	return trial * time.Duration(trials)
}

// defaultDuration is the least default of max_duration.
const defaultDuration = 10 * time.Minute

// maxTrials bounds the plan.
const maxTrials = 100_000

// design checks that the criteria can be decided by the blocks, and the blocks
// be done in the time.
func (c *checker) design() {
	s, n := c.s, c.root.Child("design")
	least := s.LeastBlocks()
	if s.Design.Blocks > 0 && s.Design.Blocks < least {
		c.refuse(c.root.At("design", "blocks"),
			fmt.Sprintf("%d blocks cannot decide %s", s.Design.Blocks, plural(s.Comparisons(), "relative comparison")),
			fmt.Sprintf("write blocks: %d or more", least))
	}
	if trials := s.Design.Blocks * s.TrialArms() * s.Cells.Count(); trials > maxTrials {
		c.refuse(c.root.At("design", "blocks"), fmt.Sprintf("%d trials are too many", trials),
			fmt.Sprintf("blocks, arms and cells may make %d at most", maxTrials))
	}
	if s.Load.Measure == 0 || len(s.Arms) == 0 || s.Design.Blocks == 0 {
		return // other problems come first
	}
	if n.Child("max_duration").Absent() {
		needed := s.Shortest(s.Design.Blocks) * 5 / 4
		s.Design.MaxDuration = max(defaultDuration, (needed + time.Minute - 1).Truncate(time.Minute))
		return
	}
	if shortest := s.Shortest(least); s.Design.MaxDuration > 0 && shortest > s.Design.MaxDuration {
		c.refuse(n.At("max_duration"),
			fmt.Sprintf("%s is too short for the %s that can decide the criteria", s.Design.MaxDuration, plural(least, "block")),
			fmt.Sprintf("they take %s at least", shortest))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
