package ledger

import (
	"fmt"
	"sync"
	"time"
)

// A path that answers nothing costs the patience of a whole read each time it
// is asked, and would use up the time for all read-backs.
const (
	// unreachableAfter is how many reads in a row a path may leave without any
	// answer before it is asked only now and then.
	unreachableAfter = 3
	// tryEvery is how often such a path is asked once more.
	tryEvery = 15 * time.Second
	// restBeforeLast is the least time from the last failure to the last
	// question; a restart of a balancer takes about as long.
	restBeforeLast = 5 * time.Second
)

// reach remembers which paths answer, each in one cell, and, under the empty
// cell, in all of them: most causes close an arm as a whole, some only one
// protocol of it. It is safe for concurrent use.
type reach struct {
	mu     sync.Mutex
	paths  map[rowKey]*silence
	met    []string // the paths that were ever down, in order
	failed time.Time
}

// silence is what a path has left unanswered since it last answered.
type silence struct {
	reads int
	tried time.Time
	why   string // the first of them, in words
	final bool   // the last question went unanswered too
}

func newReach() *reach { return &reach{paths: map[rowKey]*silence{}} }

// both are the keys under which a read through a path counts.
func both(arm, cell string) [2]rowKey { return [2]rowKey{{arm, cell}, {arm, ""}} }

// skip says whether a path need not be asked now: why not, or empty if it must
// be, and whether that is for good. In the last round every path that was not
// given up for good is asked.
func (r *reach) skip(arm, cell string, last bool) (why string, final bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range both(arm, cell) {
		s := r.paths[k]
		if s == nil || s.reads < unreachableAfter {
			continue
		}
		if s.final || !last && time.Since(s.tried) < tryEvery {
			return fmt.Sprintf("not asked, because it left %d reads in a row without an answer (%s)", s.reads, s.why), s.final
		}
	}
	for _, k := range both(arm, cell) {
		if s := r.paths[k]; s != nil {
			s.tried = time.Now() // one question is enough for all who would ask
		}
	}
	return "", false
}

// heard counts a read through a path: whether anything answered it at all.
func (r *reach) heard(arm, cell string, silent, last bool, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, k := range both(arm, cell) {
		if !silent {
			delete(r.paths, k)
			continue
		}
		s := r.paths[k]
		if s == nil {
			s = &silence{why: why}
			r.paths[k] = s
		}
		s.reads++
		s.tried, r.failed = now, now
		s.final = last && s.reads >= unreachableAfter
		if s.reads == unreachableAfter && k.cell == cell {
			r.met = append(r.met, fmt.Sprintf("`%s` left %d read-backs in a row%s without an answer (%s) and was asked only now and then after that",
				arm, unreachableAfter, inCell(cell), why))
		}
	}
}

// rest is how long the last round has still to wait.
func (r *reach) rest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return restBeforeLast - time.Since(r.failed)
}

// down reports whether a path left its last reads without an answer.
func (r *reach) down(arm, cell string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range both(arm, cell) {
		if s := r.paths[k]; s != nil && s.reads >= unreachableAfter {
			return true
		}
	}
	return false
}

// remarks name the paths that were down at some time.
func (r *reach) remarks() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.met...)
}

func inCell(cell string) string {
	if cell == "" || cell == "all" {
		return ""
	}
	return " in " + cell
}
