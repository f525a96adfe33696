package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what a service knows of a request before its body has moved.
type Request struct {
	On   Direction
	Name string
	Size int64 // of the body in bytes; -1 when not announced
}

// Set is the list of faults in force at one service. It may be changed and
// asked from any goroutine. The zero Set is a healthy service.
type Set struct {
	Lacks []Kind // kinds that this service cannot have; fixed before first use

	mu     sync.Mutex
	armed  []*armed
	count  atomic.Int32 // len(armed), read without the lock on the healthy path
	frozen atomic.Pointer[chan struct{}]
}

type armed struct {
	fault Fault
	rng   *rand.Rand
	seen  int
	fired int
}

// State is one fault in force and how often it has struck.
type State struct {
	Fault string `json:"fault"` // its line of text
	Seen  int    `json:"seen"`  // requests that matched
	Fired int    `json:"fired"` // requests struck
}

// Inject adds faults to those in force. It adds all or, with an error, none.
func (s *Set) Inject(faults ...Fault) error {
	for _, f := range faults {
		if err := f.Check(); err != nil {
			return err
		}
		if slices.Contains(s.Lacks, f.Kind) {
			return fmt.Errorf("fault %s: this service cannot have it (inject it at the origin)", f.Kind)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.armed = append(s.armed, &armed{fault: f, rng: rand.New(rand.NewPCG(f.Seed, 0))})
	}
	s.count.Store(int32(len(s.armed)))
	return nil
}

// Heal removes every fault. A freeze ends by itself.
func (s *Set) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = nil
	s.count.Store(0)
}

// State lists the faults in force in the order of their injection.
func (s *Set) State() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make([]State, 0, len(s.armed))
	for _, a := range s.armed {
		states = append(states, State{a.fault.String(), a.seen, a.fired})
	}
	return states
}

// Strike counts a request against every fault and returns those that hit it.
// When two faults of one kind hit, the one injected first is used.
func (s *Set) Strike(r Request) Struck {
	if s.count.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit Struck
	for _, a := range s.armed {
		if !a.strike(r) {
			continue
		}
		if _, twice := hit[a.fault.Kind]; twice {
			continue
		}
		if hit == nil {
			hit = make(Struck)
		}
		hit[a.fault.Kind] = a.fault
	}
	return hit
}

func (a *armed) strike(r Request) bool {
	f := a.fault
	if !f.matches(r) {
		return false
	}
	a.seen++
	n := a.seen - f.Skip
	if n <= 0 || (f.Times > 0 && a.fired >= f.Times) {
		return false
	}
	if f.P > 0 {
		if a.rng.Float64() >= f.P {
			return false
		}
	} else if f.Every > 1 && n%f.Every != 0 {
		return false
	}
	a.fired++
	return true
}

// Freeze stops the whole service for d from now on: no request is answered and
// no byte moves, as in a long pause of a garbage collector or of a virtual
// machine. A freeze during a freeze replaces it.
func (s *Set) Freeze(d time.Duration) {
	thawed := make(chan struct{})
	s.frozen.Store(&thawed)
	time.AfterFunc(d, func() {
		s.frozen.CompareAndSwap(&thawed, nil)
		close(thawed)
	})
}

// Gate waits while the service is frozen, or until ctx ends.
func (s *Set) Gate(ctx context.Context) error {
	for {
		thawed := s.frozen.Load()
		if thawed == nil {
			return nil
		}
		select {
		case <-*thawed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Struck is the faults that hit one request, by kind; nil when it is healthy.
type Struck map[Kind]Fault

// Get returns the fault of kind k that hit, if one did.
func (h Struck) Get(k Kind) (Fault, bool) {
	f, ok := h[k]
	return f, ok
}

// Has says whether a fault of kind k hit.
func (h Struck) Has(k Kind) bool {
	_, ok := h[k]
	return ok
}

// Sleep waits d, or until ctx ends, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
