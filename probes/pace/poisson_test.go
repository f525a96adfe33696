package pace

import (
	"math"
	"sync"
	"testing"
	"time"
)

// The gaps must be exponential with mean 1/rate: their mean and standard
// deviation are both 1/rate, and a share of 1/e is longer than the mean. With
// 100,000 gaps each of the three is known to better than 1.5 %.
func TestPoissonGapsAreExponential(t *testing.T) {
	const rate = 1000
	at := dues(must(Poisson(rate, 100*time.Second, 12)), 1<<20)
	var sum, squares, long float64
	last := time.Duration(0)
	for _, due := range at {
		gap := (due - last).Seconds() * rate
		last = due
		sum += gap
		squares += gap * gap
		if gap > 1 {
			long++
		}
	}
	n := float64(len(at))
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-1) > 0.015 || math.Abs(deviation-1) > 0.015 || math.Abs(long/n*math.E-1) > 0.015 {
		t.Errorf("%d ops: mean gap %.4f, deviation %.4f (both in units of 1/rate), share above the mean %.4f",
			len(at), mean, deviation, long/n)
	}
}

// Counts in windows of a Poisson process have a variance equal to their mean.
func TestPoissonCountsDisperseLikePoisson(t *testing.T) {
	const windows, perWindow = 1000, 20
	counts := make([]float64, windows)
	for _, due := range dues(must(Poisson(perWindow, windows*time.Second, 5)), 1<<20) {
		counts[int(due.Seconds())]++
	}
	var sum, squares float64
	for _, c := range counts {
		sum += c
		squares += c * c
	}
	mean := sum / windows
	if index := (squares/windows - mean*mean) / mean; index < 0.8 || index > 1.25 {
		t.Errorf("variance over mean is %.3f, want about 1", index)
	}
}

func TestPoissonIsSeeded(t *testing.T) {
	draw := func(seed uint64) []time.Duration { return dues(must(Poisson(100, time.Second, seed)), 1<<20) }
	a, again, other := draw(1), draw(1), draw(2)
	if len(a) < 50 || len(a) != len(again) {
		t.Fatalf("%d and %d ops from one seed", len(a), len(again))
	}
	same := 0
	for i := range a {
		if a[i] != again[i] {
			t.Fatalf("op %d differs for one seed", i)
		}
		if i < len(other) && a[i] == other[i] {
			same++
		}
	}
	if same > 0 {
		t.Errorf("seeds 1 and 2 share %d due times", same)
	}
}

func TestPoissonIsSafeForConcurrentUse(t *testing.T) {
	s := must(Poisson(1000, 10*time.Second, 3))
	want := dues(must(Poisson(1000, 10*time.Second, 3)), 1<<20)
	var wg sync.WaitGroup
	for start := range 4 {
		wg.Go(func() {
			for n := start; n < len(want); n += 7 {
				if got, ok := s.Due(uint64(n)); !ok || got != want[n] {
					t.Errorf("op %d due at %v, want %v", n, got, want[n])
					return
				}
			}
		})
	}
	wg.Wait()
}
