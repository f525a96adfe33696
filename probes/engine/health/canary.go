package health

import (
	"slices"
	"time"
)

const (
	// canaryEvery is how often the canary wants to wake.
	canaryEvery = 10 * time.Millisecond
	// canaryGrain is what a timer may be late on an idle machine: the runtime
	// waits in whole milliseconds.
	canaryGrain = 2 * time.Millisecond
	// canaryKeeps bounds the memory; later wakes replace earlier ones.
	canaryKeeps = 8192
)

// canary wakes at fixed times and notes how late it was. The runtime's own
// figure starts when a goroutine becomes runnable; it does not see that the
// whole process was held back, by a control group or a busy host.
type canary struct {
	quit chan struct{}
	lags chan []time.Duration
}

func newCanary() *canary {
	c := &canary{quit: make(chan struct{}), lags: make(chan []time.Duration, 1)}
	go c.sing()
	return c
}

func (c *canary) sing() {
	var lags []time.Duration
	due := time.Now()
	timer := time.NewTimer(canaryEvery)
	defer timer.Stop()
	for n := 0; ; n++ {
		due = due.Add(canaryEvery)
		timer.Reset(time.Until(due))
		select {
		case <-c.quit:
			c.lags <- lags
			return
		case <-timer.C:
		}
		lag := time.Since(due)
		if len(lags) < canaryKeeps {
			lags = append(lags, lag)
		} else {
			lags[n%canaryKeeps] = lag
		}
		if lag > canaryEvery { // the wakes that were slept through were late as well
			due = due.Add(lag.Truncate(canaryEvery))
		}
	}
}

// stop ends the canary and gives the 99th percentile of its lags, 0 if they
// are within the grain of timers.
func (c *canary) stop() time.Duration {
	close(c.quit)
	lags := <-c.lags
	if len(lags) == 0 {
		return 0
	}
	slices.Sort(lags)
	lag := lags[(len(lags)-1)*99/100]
	if lag <= canaryGrain {
		return 0
	}
	return lag
}
