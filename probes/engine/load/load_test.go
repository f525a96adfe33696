package load

import (
	"context"
	"testing"
	"time"

	"loadline/probes/pace"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

func TestHopeless(t *testing.T) {
	// Each op has been sampled every 100 ms, moving as its steps say per
	// second, and is asked with 10 s left for 1,000 bytes.
	for _, c := range []struct {
		name  string
		steps []unit.Bytes
		want  bool
	}{
		{"too young", []unit.Bytes{}, false},
		{"fast enough", []unit.Bytes{100, 100, 100}, false},
		{"too slow", []unit.Bytes{50, 50, 50}, true},
		{"was slow, is fast", []unit.Bytes{1, 1, 1, 150, 150}, false},
		{"was fast, is slow", []unit.Bytes{300, 20, 20}, true},
		{"silent, fast before", []unit.Bytes{400, 0, 0, 0}, false},
		{"silent, slow before", []unit.Bytes{40, 0, 0, 0}, true},
		{"moved nothing", []unit.Bytes{0, 0, 0}, false},
		{"moved all", []unit.Bytes{1000, 0, 0}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			const start, left, expect = 3 * time.Second, 10 * time.Second, 1000
			s := speed{begin: start, old: point{at: start}, new: point{at: start}}
			now, moved := start, unit.Bytes(0)
			for _, step := range c.steps {
				for i := range 10 {
					now += 100 * time.Millisecond
					s.note(now, moved+step*unit.Bytes(i+1)/10)
				}
				moved += step
			}
			if len(c.steps) == 0 {
				now, moved = start+900*time.Millisecond, 1
			}
			if got := s.hopeless(now, moved, expect, left); got != c.want {
				t.Errorf("hopeless = %v after %v", got, c.steps)
			}
		})
	}
}

func TestBackOffDoublesWithJitterUpToASecond(t *testing.T) {
	b, other := newBackoff(1, 0), newBackoff(1, 1)
	differs := false
	for n, most := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000} {
		most *= time.Millisecond
		got := b.wait()
		if got < most/2 || got > most {
			t.Errorf("wait %d = %v, want %v to %v", n, got, most/2, most)
		}
		differs = differs || got != other.wait()
	}
	if !differs {
		t.Error("two places wait in step")
	}
	b.reset()
	if got := b.wait(); got > backoffFirst {
		t.Errorf("first wait after a success = %v", got)
	}
}

func TestThePlaceFreedLastIsTakenFirst(t *testing.T) {
	p := newPlaces(0, 3)
	take := func() *slot {
		s, _ := p.take(t.Context())
		return s
	}
	a, b, c := take(), take(), take()
	if a.id != 0 || b.id != 1 || c.id != 2 {
		t.Fatalf("places %d %d %d, want 0 1 2", a.id, b.id, c.id)
	}
	full, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if s, _ := p.take(full); s != nil {
		t.Fatalf("place %d above the cap", s.id)
	}
	before := time.Now()
	p.put(c)
	p.put(a)
	s, since := p.take(t.Context())
	if s != a || since.Before(before) {
		t.Errorf("took place %d, free since %v; want 0, free since just now", s.id, since)
	}
	if s, again := p.take(t.Context()); s != c || !again.Equal(since) {
		t.Errorf("took place %d, free since %v; want 2, free since the first was", s.id, again)
	}
}

func TestCeilingsCountWhatMovedNotWhatWasBooked(t *testing.T) {
	c := NewCeilings(scenarios.Limits{Bytes: 1000})
	for range 50 {
		if err := c.book(100); err != nil {
			t.Fatal(err)
		}
		c.settle(100, 10)
	}
	moved := 50 * 10
	for c.book(100) == nil {
		moved += 100
	}
	if moved != 1000 {
		t.Errorf("%d bytes under a ceiling of 1000", moved)
	}
	if c := NewCeilings(scenarios.Limits{}); c.book(1<<60) != nil || c.check(time.Now(), 1<<60) != nil {
		t.Error("a ceiling where none was asked for")
	}
}

func TestSchedulesOfLoads(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		load   scenarios.Load
		n      uint64
		first  float64 // 1/s
		last   float64
		warmUp float64
	}{
		{"constant", scenarios.Load{Rate: 50, Shape: scenarios.Constant}, 200, 50, 50, 50},
		{"shape left out", scenarios.Load{Rate: 50}, 200, 50, 50, 50},
		{"linear", scenarios.Load{Rate: 10, To: 30, Shape: scenarios.Linear}, 80, 10, 30, 10},
		{"linear from 0", scenarios.Load{To: 50, Shape: scenarios.Linear}, 100, 0, 50, 25},
		{"sine", scenarios.Load{Rate: 50, Amplitude: 20, Period: 4 * s, Shape: scenarios.Sine}, 200, 50, 50, 50},
		{"stages", scenarios.Load{Stages: []scenarios.Stage{{Rate: 10, Duration: 2 * s}, {Rate: 30, Duration: 2 * s}}}, 60, 10, 30, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.load.Model, c.load.Measure, c.load.Warmup = scenarios.Open, 4*s, s
			schedule, err := Schedule(c.load, 1)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := pace.Count(schedule); n < c.n-1 || n > c.n+1 {
				t.Errorf("%d ops, want %d", n, c.n)
			}
			if first, last := schedule.Rate(0), schedule.Rate(4*s-1); first-c.first > 0.1 || c.first-first > 0.1 || last-c.last > 0.1 || c.last-last > 0.1 {
				t.Errorf("from %g/s to %g/s, want %g/s to %g/s", first, last, c.first, c.last)
			}
			warm, err := WarmUp(c.load, schedule)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := pace.Count(warm); float64(n) < c.warmUp-1 || float64(n) > c.warmUp+1 {
				t.Errorf("%d warm-up ops in a second, want %g", n, c.warmUp)
			}
		})
	}
	if schedule, err := Schedule(scenarios.Load{Model: scenarios.Closed}, 1); schedule != nil || err != nil {
		t.Errorf("the closed model has schedule %v, error %v", schedule, err)
	}
	a, _ := Schedule(scenarios.Load{Model: scenarios.Open, Shape: scenarios.Poisson, Rate: 50, Measure: s}, 1)
	b, _ := Schedule(scenarios.Load{Model: scenarios.Open, Shape: scenarios.Poisson, Rate: 50, Measure: s}, 2)
	x, _ := a.Due(5)
	if y, _ := b.Due(5); x == y {
		t.Error("Poisson schedules of two seeds are the same")
	}
}

// TestStartsAreOnTime needs a machine with a core to spare; on a busy one it
// only shows that half of the starts are.
func TestStartsAreOnTime(t *testing.T) {
	p := &Running{Epoch: time.Now()}
	p.starts, p.shut = context.WithCancel(t.Context())
	defer p.shut()
	const n = 200
	onTime := 0
	for i := range n {
		due := time.Duration(i) * 3700 * time.Microsecond
		if !p.until(due) {
			t.Fatal("no start")
		}
		switch late := time.Since(p.Epoch) - due; {
		case late < 0:
			t.Fatalf("start %d came %v early", i, -late)
		case late < time.Millisecond:
			onTime++
		}
	}
	if onTime < n/2 {
		t.Errorf("%d of %d starts within 1 ms", onTime, n)
	}
	t.Logf("%d of %d starts within 1 ms", onTime, n)
}
