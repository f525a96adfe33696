package pace

import (
	"fmt"
	"math"
	"time"
)

// checkRate accepts 0 up to MaxRate ops per second.
func checkRate(shape, field string, rate float64) error {
	switch {
	case math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0:
		return fmt.Errorf("pace: %s: %s %g/s is not a rate: give ops per second, 0 or more", shape, field, rate)
	case rate > MaxRate:
		return fmt.Errorf("pace: %s: %s %g/s is above %g/s, more than one generator can start: lower it or use more agents", shape, field, rate, float64(MaxRate))
	}
	return nil
}

// checkPositive is checkRate without 0 and what vegeta's counts cannot express.
func checkPositive(shape, field string, rate float64) error {
	switch {
	case rate == 0:
		return fmt.Errorf("pace: %s: %s 0/s is not positive: raise it, or use the closed model for as fast as possible", shape, field)
	case rate > 0 && rate < 1e-6:
		return fmt.Errorf("pace: %s: %s %g/s is below one op in eleven days: raise it", shape, field, rate)
	}
	return checkRate(shape, field, rate)
}

func checkDuration(shape string, d time.Duration) error {
	switch {
	case d <= 0:
		return fmt.Errorf("pace: %s: duration %v is not positive: say how long ops become due", shape, d)
	case d > MaxDuration:
		return fmt.Errorf("pace: %s: duration %v is longer than %v: shorten it", shape, d, MaxDuration)
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
