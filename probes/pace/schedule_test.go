package pace

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"pgregory.net/rapid"
)

func must(s Rated, err error) Rated {
	if err != nil {
		panic(err)
	}
	return s
}

func dues(s Schedule, limit uint64) (at []time.Duration) {
	for n := range limit {
		due, ok := s.Due(n)
		if !ok {
			break
		}
		at = append(at, due)
	}
	return at
}

func TestDueTimes(t *testing.T) {
	ms := func(values ...int) (at []time.Duration) {
		for _, v := range values {
			at = append(at, time.Duration(v)*time.Millisecond)
		}
		return at
	}
	for _, c := range []struct {
		name  string
		s     Schedule
		want  []time.Duration // the first ops
		total uint64
	}{
		{"constant", must(Constant(50, 4*time.Second)), ms(0, 20, 40, 60), 200},
		{"constant, slower than its length", must(Constant(0.1, time.Second)), ms(0), 1},
		{"constant, awkward product", must(Constant(0.1, 30*time.Second)), ms(0, 10_000, 20_000), 3},
		{"linear up from nothing", must(Linear(0, 2, 2*time.Second)), ms(0, 1414), 2},
		{"linear down to nothing", must(Linear(2, 0, 2*time.Second)), ms(0, 586), 2},
		{"linear that stays", must(Linear(5, 5, time.Second)), ms(0, 200, 400, 600, 800), 5},
		{"pause", must(Stages([]Stage{{2, 2, time.Second}, {0, 0, 3 * time.Second}, {2, 2, time.Second}})), ms(0, 500, 4000, 4500), 4},
		{"pause first and last", must(Stages([]Stage{{0, 0, time.Second}, {2, 2, time.Second}, {0, 0, time.Second}})), ms(1000, 1500), 2},
		{"a fraction carried over", must(Stages([]Stage{{1, 1, 1500 * time.Millisecond}, {2, 2, time.Second}})), ms(0, 1000, 1750, 2250), 4},
		{"awkward stages", must(Stages([]Stage{{0.1, 0.1, 30 * time.Second}, {0, 0, time.Second}, {1, 1, time.Second}})), ms(0, 10_000, 20_000, 31_000), 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := dues(c.s, uint64(len(c.want)))
			if len(got) != len(c.want) {
				t.Fatalf("%d ops: %v, want %v", len(got), got, c.want)
			}
			for i := range got {
				if (got[i] - c.want[i]).Abs() > 500*time.Microsecond {
					t.Errorf("op %d due at %v, want %v", i, got[i], c.want[i])
				}
			}
			if n, finite := Count(c.s); n != c.total || !finite {
				t.Errorf("count = %d, %v; want %d", n, finite, c.total)
			}
		})
	}
}

func TestConstantDoesNotDrift(t *testing.T) {
	s := must(Constant(300_000, time.Hour)) // an interval of 3333.3 ns
	if got, _ := s.Due(300_000 * 3599); got != 3599*time.Second {
		t.Errorf("after an hour due at %v, want exactly 59m59s", got)
	}
}

func TestClosedIsAlwaysDue(t *testing.T) {
	for _, n := range []uint64{0, 1, math.MaxUint64} {
		if at, ok := Closed().Due(n); at != 0 || !ok {
			t.Errorf("Due(%d) = %v, %v", n, at, ok)
		}
	}
	if n, finite := Count(Closed()); n != 0 || finite {
		t.Errorf("count = %d, %v", n, finite)
	}
}

func drawSchedule(t *rapid.T) Rated {
	rate := rapid.Float64Range(0.5, 500)
	span := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(20*time.Second)).Draw(t, "span"))
	switch rapid.SampledFrom([]string{"constant", "linear", "sine", "stages"}).Draw(t, "shape") {
	case "constant":
		return must(Constant(rate.Draw(t, "rate"), span))
	case "linear":
		return must(Linear(rate.Draw(t, "start"), rate.Draw(t, "end"), span))
	case "sine":
		mean := rate.Draw(t, "mean")
		return must(Sine(mean, mean*rapid.Float64Range(0, 0.99).Draw(t, "swing"),
			time.Duration(rapid.Int64Range(int64(10*time.Millisecond), int64(time.Minute)).Draw(t, "period")),
			rapid.Float64Range(0, 2*math.Pi).Draw(t, "angle"), span))
	default:
		list := []Stage{{1, rate.Draw(t, "first"), span}}
		for range rapid.IntRange(0, 4).Draw(t, "more") {
			a, b := rate.Draw(t, "a"), rate.Draw(t, "b")
			if rapid.Bool().Draw(t, "pause") {
				a, b = 0, 0
			}
			list = append(list, Stage{a, b, time.Duration(rapid.Int64Range(1e6, 5e9).Draw(t, "stage"))})
		}
		return must(Stages(list))
	}
}

// integral sums vegeta's own rate, so that the due times are held against
// numbers that this package did not compute.
func integral(s Rated, to time.Duration) float64 {
	const steps = 20_000
	h, sum := to.Seconds()/steps, 0.0
	for i := range steps {
		sum += s.Rate(time.Duration((float64(i) + 0.5) * h * 1e9))
	}
	return sum * h
}

func TestOpsDueByAnyTimeEqualTheIntegralOfTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		end := s.(interface{ length() time.Duration }).length()
		at := dues(s, 1<<20)
		for i := 1; i < len(at); i++ {
			if at[i] < at[i-1] {
				t.Fatalf("%v: op %d due at %v, before op %d at %v", s, i, at[i], i-1, at[i-1])
			}
		}
		until := time.Duration(rapid.Int64Range(0, int64(end)).Draw(t, "until"))
		due := 0
		for _, d := range at {
			if d < until {
				due++
			}
		}
		want := integral(s, until)
		// One op for the fraction; the rest is the error of the sum above at
		// the jumps between stages.
		if slack := 1 + 1e-3*want + 0.5; math.Abs(float64(due)-want) > slack {
			t.Fatalf("%v: %d ops due before %v, integral of the rate %.3f", s, due, until, want)
		}
	})
}

func TestDueDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		if rapid.Bool().Draw(t, "poisson") {
			s = must(Poisson(1000, 10*time.Second, rapid.Uint64().Draw(t, "seed")))
		}
		want := dues(s, 1<<20)
		for range 50 {
			n := rapid.Uint64Range(0, uint64(len(want))+2000).Draw(t, "n")
			got, ok := s.Due(n)
			if ok != (n < uint64(len(want))) || ok && got != want[n] {
				t.Fatalf("%v: Due(%d) = %v, %v out of order", s, n, got, ok)
			}
		}
	})
}

// Our shapes against vegeta's pacers, both driven by a perfect attacker.
func TestShapesFollowVegetasPacers(t *testing.T) {
	const span = 20 * time.Second
	second := func(freq int) vegeta.Rate { return vegeta.Rate{Freq: freq, Per: time.Second} }
	for _, c := range []struct {
		ours   Rated
		theirs vegeta.Pacer
	}{
		{must(Constant(50, span)), second(50)},
		{must(Linear(10, 110, span)), vegeta.LinearPacer{StartAt: second(10), Slope: 5}},
		{must(Sine(100, 60, 7*time.Second, vegeta.Trough, span)), vegeta.SinePacer{Period: 7 * time.Second, Mean: second(100), Amp: second(60), StartAt: vegeta.Trough}},
	} {
		for _, at := range []time.Duration{0, span / 3, span - 1} {
			if ours, theirs := c.ours.Rate(at), c.theirs.Rate(at); math.Abs(ours-theirs) > 1e-6*theirs {
				t.Errorf("%v: rate at %v is %g, vegeta's %g", c.ours, at, ours, theirs)
			}
		}
		ours, theirs := attack(Pacer(c.ours), span), attack(c.theirs, span)
		for i := range min(len(ours), len(theirs)) {
			// vegeta starts one interval later and steps by the rate at the last hit.
			interval := time.Duration(1e9 / c.ours.Rate(ours[i]))
			if d := (ours[i] - theirs[i]).Abs(); d > 2*interval {
				t.Fatalf("%v: op %d due at %v, vegeta hits at %v", c.ours, i, ours[i], theirs[i])
			}
		}
		if d := len(ours) - len(theirs); d < -2 || d > 2 {
			t.Errorf("%v: %d ops, vegeta %d", c.ours, len(ours), len(theirs))
		}
	}
}

// attack plays vegeta's loop without a clock.
func attack(p vegeta.Pacer, span time.Duration) (at []time.Duration) {
	var elapsed time.Duration
	for hits := uint64(0); ; hits++ {
		wait, stop := p.Pace(elapsed, hits)
		elapsed += max(wait, 0)
		if stop || elapsed >= span {
			return at
		}
		at = append(at, elapsed)
	}
}

func TestPacerCatchesUpAndStops(t *testing.T) {
	p := Pacer(must(Constant(10, time.Second)))
	for _, c := range []struct {
		elapsed time.Duration
		hits    uint64
		wait    time.Duration
		stop    bool
	}{
		{0, 0, 0, false},
		{0, 1, 100 * time.Millisecond, false},
		{30 * time.Millisecond, 1, 70 * time.Millisecond, false},
		{700 * time.Millisecond, 1, 0, false},
		{950 * time.Millisecond, 9, 0, false},
		{950 * time.Millisecond, 10, 0, true},
	} {
		if wait, stop := p.Pace(c.elapsed, c.hits); wait != c.wait || stop != c.stop {
			t.Errorf("Pace(%v, %d) = %v, %v; want %v, %v", c.elapsed, c.hits, wait, stop, c.wait, c.stop)
		}
	}
	if r := Pacer(Closed()).Rate(0); r != 0 {
		t.Errorf("the closed model has rate %g", r)
	}
}

func TestVegetaRunsOurSchedule(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	s := must(Stages([]Stage{{100, 100, 200 * time.Millisecond}, {0, 0, 200 * time.Millisecond}, {50, 150, 200 * time.Millisecond}}))
	want, _ := Count(s)
	targets := vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: server.URL})
	var got uint64
	for range vegeta.NewAttacker().Attack(targets, Pacer(s), 0, "schedule") {
		got++
	}
	if got != want || want != 40 {
		t.Errorf("vegeta sent %d requests, the schedule has %d ops, want 40", got, want)
	}
}

func TestBoundsNamePlaceCauseAndRemedy(t *testing.T) {
	const s = time.Second
	nan, inf := math.NaN(), math.Inf(1)
	of := func(_ Rated, err error) error { return err }
	for _, c := range []struct {
		err  error
		want string
	}{
		{of(Constant(0, s)), "pace: constant: rate 0/s is not positive: raise it, or use the closed model for as fast as possible"},
		{of(Constant(-1, s)), "pace: constant: rate -1/s is not a rate: give ops per second, 0 or more"},
		{of(Constant(nan, s)), "rate NaN/s is not a rate"},
		{of(Constant(inf, s)), "rate +Inf/s is not a rate"},
		{of(Constant(2e7, s)), "above 1e+07/s"},
		{of(Constant(1e-9, s)), "below one op in eleven days"},
		{of(Constant(1, 0)), "duration 0s is not positive"},
		{of(Constant(1, MaxDuration+1)), "is longer than"},
		{of(Linear(0, 0, s)), "pace: linear: start and end are both 0/s"},
		{of(Linear(-1, 0, s)), "pace: linear: start -1/s"},
		{of(Linear(0, nan, s)), "pace: linear: end NaN/s"},
		{of(Sine(10, 10, s, 0, s)), "pace: sine: amplitude 10/s is not below the mean 10/s"},
		{of(Sine(10, 5, 0, 0, s)), "pace: sine: period 0s is not positive"},
		{of(Sine(10, 5, s, nan, s)), "pace: sine: startAt NaN is not an angle"},
		{of(Sine(9e6, 8e6, s, 0, s)), "mean plus amplitude"},
		{of(Sine(0, 0, s, 0, s)), "pace: sine: mean 0/s is not positive"},
		{of(Poisson(0, s, 1)), "pace: poisson: rate 0/s"},
		{of(Stages(nil)), "pace: stages: the list is empty"},
		{of(Stages([]Stage{{0, 0, s}})), "every rate is 0/s"},
		{of(Stages([]Stage{{1, 1, s}, {1, -1, s}})), "pace: stages[1]: end -1/s"},
		{of(Stages([]Stage{{1, 1, MaxDuration}, {1, 1, s}})), "pace: stages[1]: all stages together"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want %q", c.err, c.want)
		}
	}
}

func BenchmarkDue(b *testing.B) {
	for _, s := range []Rated{
		must(Constant(1e6, time.Hour)),
		must(Linear(1e5, 1e6, time.Hour)),
		must(Sine(1e6, 5e5, time.Minute, 0, time.Hour)),
		must(Poisson(1e6, time.Hour, 1)),
	} {
		name, _, _ := strings.Cut(fmt.Sprint(s), " ")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := uint64(0); b.Loop(); n++ {
				s.Due(n)
			}
		})
	}
}
