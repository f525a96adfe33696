package load

import (
	"sync"
	"time"

	"loadline/probes/record"
)

// lateness is how well the generator kept its own schedule in one part.
type lateness struct {
	mu        sync.Mutex
	behind    *record.Hist // start − when it could have started
	longest   time.Duration
	dropped   uint64
	queued    uint64
	unstarted uint64
}

// note keeps how late an op started after it could have.
func (l *lateness) note(behind time.Duration, queued bool) {
	behind = max(behind, 0)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.behind == nil {
		l.behind = record.NewHist()
	}
	l.behind.Record(behind)
	l.longest = max(l.longest, behind)
	if queued {
		l.queued++
	}
}

// drop counts starts that were never made: for want of a place, or not.
func (l *lateness) drop(n uint64, wantOfPlace bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wantOfPlace {
		l.queued += n
		l.unstarted += n
	} else {
		l.dropped += n
	}
}

// into writes the figures into a trial's health.
func (l *lateness) into(h *record.Health) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.LateMax, h.Dropped, h.Queued, h.Unstarted = l.longest, l.dropped, l.queued, l.unstarted
	if l.behind != nil {
		h.LateP99 = time.Duration(l.behind.HDR().ValueAtQuantile(99))
	}
}
