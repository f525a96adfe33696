package compare

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// The exact bounds by their definition: at the lower bound, seeing as many or
// more has chance alpha; at the upper bound, seeing as few or fewer has.
func TestRateBoundsAreExact(t *testing.T) {
	for _, of := range []int{1, 2, 7, 60, 15000} {
		for _, events := range []int{0, 1, 3, of / 2, of - 1, of} {
			if events < 0 || events > of {
				continue
			}
			for _, alpha := range []float64{0.05, 0.01, 1e-4} {
				low, high := RateLower(events, of, alpha), RateUpper(events, of, alpha)
				if events == 0 && low != 0 || events == of && high != 1 {
					t.Errorf("%d of %d: [%v, %v]", events, of, low, high)
				}
				if events > 0 {
					p := 1 - distuv.Binomial{N: float64(of), P: low}.CDF(float64(events-1))
					if math.Abs(p-alpha) > 1e-6 {
						t.Errorf("%d of %d at %v: lower bound %v has chance %v", events, of, alpha, low, p)
					}
				}
				if events < of {
					p := distuv.Binomial{N: float64(of), P: high}.CDF(float64(events))
					if math.Abs(p-alpha) > 1e-6 {
						t.Errorf("%d of %d at %v: upper bound %v has chance %v", events, of, alpha, high, p)
					}
				}
			}
		}
	}
}

func TestMissedIsTheRuleOfThree(t *testing.T) {
	for of, want := range map[int]float64{0: 1, 1: 0.95, 15000: 0.00019970} {
		if got := Missed(of); math.Abs(got-want) > 1e-7 {
			t.Errorf("Missed(%d) = %v, want %v", of, got, want)
		}
	}
	for _, of := range []int{30, 1000, 1e6} {
		if ratio := Missed(of) * float64(of) / 3; ratio < 0.95 || ratio > 1 {
			t.Errorf("Missed(%d) = %v, far from 3/n", of, Missed(of))
		}
	}
}

// R. G. Newcombe (1998), table II, method 10, 95 % two-sided.
func TestRateDifferenceReferenceValues(t *testing.T) {
	for _, c := range []struct {
		b, ofB, a, ofA int
		low, high      float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{10, 10, 0, 10, 0.6075, 1.0000},
		{0, 10, 0, 10, -0.2775, 0.2775},
	} {
		got := RateDifference(c.a, c.ofA, c.b, c.ofB, 1, 0.025)
		if math.Abs(got.Low-c.low) > 1e-4 || math.Abs(got.High-c.high) > 1e-4 {
			t.Errorf("%d/%d - %d/%d: [%.4f, %.4f], want [%.4f, %.4f]", c.b, c.ofB, c.a, c.ofA, got.Low, got.High, c.low, c.high)
		}
	}
	if got := RateDifference(0, 0, 1, 10, 1, 0.05); got.Low != -1 || got.High != 1 {
		t.Errorf("without trials: %+v", got)
	}
}

func TestRateDifferenceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ofA, ofB := rapid.IntRange(1, 500).Draw(t, "ofA"), rapid.IntRange(1, 500).Draw(t, "ofB")
		a, b := rapid.IntRange(0, ofA).Draw(t, "a"), rapid.IntRange(0, ofB).Draw(t, "b")
		d, m := RateDifference(a, ofA, b, ofB, 1, 0.05), RateDifference(b, ofB, a, ofA, 1, 0.05)
		if d.Low > d.Estimate || d.Estimate > d.High || d.Low < -1 || d.High > 1 {
			t.Fatalf("%+v", d)
		}
		if math.Abs(d.Low+m.High) > 1e-12 || math.Abs(d.High+m.Low) > 1e-12 {
			t.Fatalf("not symmetric: %+v, %+v", d, m)
		}
		wider := RateDifference(a, ofA, b, ofB, 4, 0.05)
		if wider.High-wider.Low < d.High-d.Low-1e-12 {
			t.Fatalf("a design effect narrowed %+v to %+v", d, wider)
		}
	})
}

func TestDesignEffect(t *testing.T) {
	for _, c := range []struct {
		name        string
		events, ops []int
		want        float64
	}{
		{"all errors in one of ten blocks", []int{20, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 100}, 10 * 2 / 0.98 / 9 * 0.9 * 10},
		{"evenly spread", []int{2, 2, 2, 2}, []int{100, 100, 100, 100}, 1},
		{"no errors", []int{0, 0}, []int{10, 10}, 1},
		{"one block", []int{3}, []int{10}, 1},
		{"nothing", nil, nil, 1},
	} {
		if got := DesignEffect(c.events, c.ops); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRobustSD(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name string
		d    []float64
		want float64
	}{
		{"one bad block", []float64{-1, 0, 0.5, 1, 1000}, 1.4826 * 0.5},
		{"one dead block", []float64{-1, 0, 0.5, 1, inf}, 1.4826 * math.Sqrt(0.75*0.75)},
		{"mostly equal", []float64{0, 0, 0, 0, 2}, math.Sqrt(0.8)},
		{"none", nil, math.NaN()},
		{"one", []float64{3}, math.NaN()},
		{"all dead", []float64{inf, inf, inf}, math.NaN()},
		{"half dead", []float64{0, 1, inf, inf}, inf},
	} {
		if got := RobustSD(c.d); !same(got, c.want) && math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	values := []float64{4, 1, 2, 3, 10}
	s := Describe(values)
	if s.N != 5 || s.Mean != 4 || s.Median != 3 || s.MAD != 1 || s.Min != 1 || s.Max != 10 ||
		math.Abs(s.SD-math.Sqrt(12.5)) > 1e-12 {
		t.Errorf("%+v", s)
	}
	if values[0] != 4 || values[4] != 10 {
		t.Errorf("input changed: %v", values)
	}
	if one := Describe([]float64{7}); one.Mean != 7 || !math.IsNaN(one.SD) {
		t.Errorf("%+v", one)
	}
	if none := Describe(nil); none.N != 0 || !math.IsNaN(none.Mean) || !math.IsNaN(none.Max) {
		t.Errorf("%+v", none)
	}
}
