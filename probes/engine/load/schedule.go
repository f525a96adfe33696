package load

import (
	"loadline/probes/pace"
	"loadline/scenarios"
)

// Schedule is the schedule of an open load over its measured part, nil for a
// closed one.
func Schedule(l scenarios.Load, seed uint64) (pace.Rated, error) {
	rate := float64(l.Rate)
	switch {
	case l.Model != scenarios.Open:
		return nil, nil
	case len(l.Stages) > 0:
		return pace.Stages(stagesOf(l))
	case l.Shape == scenarios.Poisson:
		return pace.Poisson(rate, l.Measure, seed)
	case l.Shape == scenarios.Linear:
		return pace.Linear(rate, float64(l.To), l.Measure)
	case l.Shape == scenarios.Sine:
		return pace.Sine(rate, float64(l.Amplitude), l.Period, 0, l.Measure)
	}
	return pace.Constant(rate, l.Measure)
}

// stagesOf starts each stage at the rate where the one before ended; the first
// holds its own.
func stagesOf(l scenarios.Load) []pace.Stage {
	list := make([]pace.Stage, len(l.Stages))
	from := l.Stages[0].Rate
	for i, s := range l.Stages {
		list[i] = pace.Stage{Start: float64(from), End: float64(s.Rate), Duration: s.Duration}
		from = s.Rate
	}
	return list
}

// WarmUp is a constant schedule at the rate with which the measured part
// begins, or at its mean where it begins at none.
func WarmUp(l scenarios.Load, measured pace.Rated) (pace.Schedule, error) {
	rate := measured.Rate(0)
	if n, finite := pace.Count(measured); rate <= 0 && finite {
		rate = float64(n) / l.Measure.Seconds()
	}
	if rate <= 0 {
		return nil, nil
	}
	return pace.Constant(rate, l.Warmup)
}
