package lanes

import (
	"sync"
	"testing"
)

func TestAPlaceKeepsItsLane(t *testing.T) {
	var s Set[int]
	l := s.Take(3)
	l.Held = 7
	l.Give()
	if again := s.Take(3); again != l || again.Held != 7 {
		t.Errorf("place 3 has another lane, which holds %d", again.Held)
	}
	if other := s.Take(3); other == l {
		t.Error("a lane in use was given out again")
	}
	if below := s.Take(-1); below == nil || below == l {
		t.Error("a place that is none has no lane of its own")
	}
	if n := len(s.All()); n != 4+2 {
		t.Errorf("%d lanes, want 4 of places and 2 spare ones", n)
	}
}

func TestNoLaneIsHeldTwice(t *testing.T) {
	var s Set[int]
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				l := s.Take((g*7 + i) % 40)
				l.Held++ // a race here is one that -race reports
				l.Give()
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, l := range s.All() {
		sum += l.Held
	}
	if sum != 8*2000 {
		t.Errorf("%d takes, want %d", sum, 8*2000)
	}
}
