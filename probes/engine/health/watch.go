package health

import (
	"runtime"
	"time"

	"loadline/probes/record"
)

// Watch is a running watch over the generator.
type Watch struct {
	began  time.Time
	wall   time.Time // the same without its monotonic reading
	cores  float64
	used   time.Duration
	whole  machine
	sched  histogram
	pauses histogram
	canary *canary
}

// Begin starts watching. limit is the number of cores that a control group
// allows this process, 0 if it sets no limit.
func Begin(limit float64) *Watch {
	w := &Watch{cores: float64(runtime.GOMAXPROCS(0)), canary: newCanary()}
	if limit > 0 {
		w.cores = min(w.cores, limit)
	}
	w.sched, w.pauses = readHistogram(schedLatencies), readHistogram(gcPauses)
	w.used, w.whole = processCPU(), readMachine()
	w.began = time.Now()
	w.wall = w.began.Round(0)
	return w
}

// End stops watching and says what was seen. It may be called once.
func (w *Watch) End() record.Health {
	now := time.Now()
	elapsed := now.Sub(w.began)
	h := record.Health{
		Machine:   readMachine().since(w.whole),
		SchedLag:  max(readHistogram(schedLatencies).since(w.sched).quantile(0.99), w.canary.stop()),
		GCPause:   readHistogram(gcPauses).since(w.pauses).quantile(1),
		Sockets:   sockets(),
		ClockStep: now.Round(0).Sub(w.wall) - elapsed,
	}
	if elapsed > 0 {
		h.CPU = float64(processCPU()-w.used) / (float64(elapsed) * w.cores)
	}
	return h
}
