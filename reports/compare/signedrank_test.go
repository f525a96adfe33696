package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// signedRankOracle enumerates all 2^n sign patterns: counts[w] of them have
// positive rank sum w.
func signedRankOracle(n int) []int {
	counts := make([]int, n*(n+1)/2+1)
	for signs := range 1 << n {
		w := 0
		for rank := 1; rank <= n; rank++ {
			if signs>>(rank-1)&1 == 1 {
				w += rank
			}
		}
		counts[w]++
	}
	return counts
}

func TestSignedRankCDFIsTheEnumeratedLaw(t *testing.T) {
	for n := 1; n <= 12; n++ {
		sum := 0
		for w, count := range signedRankOracle(n) {
			sum += count
			want := float64(sum) / float64(int(1)<<n)
			if got := SignedRankCDF(n, w); math.Abs(got-want) > 1e-14 {
				t.Errorf("SignedRankCDF(%d, %d) = %v, enumeration says %v", n, w, got, want)
			}
		}
	}
}

func TestSignedRankCDFBoundaries(t *testing.T) {
	for _, c := range []struct {
		n, w int
		want float64
	}{{0, 0, 1}, {-1, 3, 1}, {5, -1, 0}, {5, 15, 1}, {5, 99, 1}, {5, 0, 1.0 / 32}} {
		if got := SignedRankCDF(c.n, c.w); got != c.want {
			t.Errorf("SignedRankCDF(%d, %d) = %v, want %v", c.n, c.w, got, c.want)
		}
	}
}

// At n = 200 the law must still be a law, and near its normal limit.
func TestSignedRankLawOfManyPairs(t *testing.T) {
	const n = 200
	mean, sd := n*(n+1)/4.0, math.Sqrt(n*(n+1)*(2*n+1)/24.0)
	for _, z := range []float64{-3, -2, -1, 0, 1, 2} {
		w := int(math.Round(mean + z*sd))
		want := 0.5 * math.Erfc(-(float64(w)+0.5-mean)/sd/math.Sqrt2)
		if got := SignedRankCDF(n, w); math.Abs(got-want) > 5e-4 {
			t.Errorf("P(W <= %d) = %v, normal limit %v", w, got, want)
		}
	}
	if got := SignedRankCDF(n, n*(n+1)/2-1); got != 1 {
		t.Errorf("P(W < largest) = %v, want 1 to rounding", got)
	}
}

func TestSignedRankOrderReferenceValues(t *testing.T) {
	for _, c := range []struct {
		n     int
		alpha float64
		k     int
	}{
		{8, 0.01, 2}, {8, 0.05, 6},
		{12, 0.01, 10}, {12, 0.05, 18},
		{20, 0.01, 44}, {20, 0.05, 61},
		{6, 0.01, 0}, {7, 0.01, 1}, {8, 0.01 / 3, 0}, {9, 0.01 / 3, 1},
		{4, 0.05, 0}, {5, 0.05, 1}, {0, 0.05, 0}, {10, 0, 0}, {10, math.NaN(), 0},
	} {
		if got := SignedRankOrder(c.n, c.alpha); got != c.k {
			t.Errorf("SignedRankOrder(%d, %v) = %d, want %d", c.n, c.alpha, got, c.k)
		}
	}
}

func TestMinPairs(t *testing.T) {
	for _, c := range []struct {
		alpha float64
		want  int
	}{{0.01, 7}, {0.05, 5}, {0.01 / 3, 9}, {0.5, 1}, {1, 1}, {0, math.MaxInt}, {math.NaN(), math.MaxInt}} {
		if got := MinPairs(c.alpha); got != c.want {
			t.Errorf("MinPairs(%v) = %d, want %d", c.alpha, got, c.want)
		}
		if c.want < 100 && SignedRankOrder(c.want, c.alpha) < 1 {
			t.Errorf("%d pairs give no bound at %v", c.want, c.alpha)
		}
	}
}

// The bounds and the estimate against their definitions, by sorting all Walsh
// averages from scratch and enumerating the law.
func TestSignedRankAgainstBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 12; n++ {
		counts := signedRankOracle(n)
		for range 20 {
			d := make([]float64, n)
			for i := range d {
				d[i] = random.NormFloat64()
			}
			var walsh []float64
			for i := range d {
				for j := range i + 1 {
					walsh = append(walsh, (d[i]+d[j])/2)
				}
			}
			slices.Sort(walsh)
			s := NewSignedRank(d)
			if got, want := s.Estimate(), (walsh[(len(walsh)-1)/2]+walsh[len(walsh)/2])/2; math.Abs(got-want) > 1e-15 {
				t.Fatalf("n=%d: estimate %v, want %v", n, got, want)
			}
			for _, alpha := range []float64{0.001, 0.01, 0.05, 0.3} {
				low, high := math.Inf(-1), math.Inf(1)
				sum := 0
				for w := range walsh {
					if sum += counts[w]; float64(sum) > alpha*float64(int(1)<<n) {
						break
					}
					low, high = walsh[w], walsh[len(walsh)-1-w]
				}
				if math.Abs(s.Lower(alpha)-low) > 1e-15 || math.Abs(s.Upper(alpha)-high) > 1e-15 {
					t.Fatalf("n=%d alpha=%v: [%v, %v], want [%v, %v]", n, alpha, s.Lower(alpha), s.Upper(alpha), low, high)
				}
			}
			if got, want := s.P(), signFlipP(d); math.Abs(got-want) > 1e-12 {
				t.Fatalf("n=%d: p %v, enumeration says %v", n, got, want)
			}
		}
	}
}

// signFlipP is the one-sided p-value by enumerating the signs of d.
func signFlipP(d []float64) float64 {
	type entry struct{ size, sign float64 }
	var es []entry
	for _, x := range d {
		es = append(es, entry{math.Abs(x), math.Copysign(1, x)})
	}
	slices.SortFunc(es, func(a, b entry) int {
		if a.size < b.size {
			return -1
		}
		return 1
	})
	seen := 0
	for i, e := range es {
		if e.sign > 0 {
			seen += i + 1
		}
	}
	n, atLeast := len(es), 0
	for signs := range 1 << n {
		w := 0
		for i := range n {
			if signs>>i&1 == 1 {
				w += i + 1
			}
		}
		if w >= seen {
			atLeast++
		}
	}
	return float64(atLeast) / float64(int(1)<<n)
}

// difference draws an entry with ties, zeros and infinities likely.
func difference() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-2, 2),
		rapid.SampledFrom([]float64{-1, -0.5, 0, 0, 0.5, 1, math.Inf(1), math.Inf(-1)}),
	)
}

func TestSignedRankProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SliceOfN(difference(), 0, 25).Draw(t, "d")
		alpha := rapid.SampledFrom([]float64{0.0005, 0.01 / 3, 0.01, 0.05, 0.2}).Draw(t, "alpha")
		before := slices.Clone(d)
		s := NewSignedRank(d)
		low, high, mid := s.Lower(alpha), s.Upper(alpha), s.Estimate()
		if !slices.Equal(before, d) {
			t.Fatalf("input changed: %v -> %v", before, d)
		}
		if math.IsNaN(low) || math.IsNaN(high) || (math.IsNaN(mid) && len(d) > 0) {
			t.Fatalf("NaN: %v [%v, %v]", mid, low, high)
		}
		if len(d) > 0 && (low > mid || mid > high) {
			t.Fatalf("estimate %v outside [%v, %v]", mid, low, high)
		}
		if (s.P() <= alpha) != (low > 0) {
			t.Fatalf("p %v and bound %v disagree at %v", s.P(), low, alpha)
		}
		shuffled := slices.Clone(d)
		rand.New(rand.NewPCG(7, 7)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		p := NewSignedRank(shuffled)
		if p.Lower(alpha) != low || p.Upper(alpha) != high || p.P() != s.P() || !same(p.Estimate(), mid) {
			t.Fatal("the order of the pairs matters")
		}
		negated := make([]float64, len(d))
		for i := range d {
			negated[i] = -d[i]
		}
		m := NewSignedRank(negated)
		if m.Lower(alpha) != -high || m.Upper(alpha) != -low || !same(m.Estimate(), -mid) {
			t.Fatalf("not symmetric: [%v, %v] %v against [%v, %v] %v",
				low, high, mid, m.Lower(alpha), m.Upper(alpha), m.Estimate())
		}
	})
}

func same(a, b float64) bool { return a == b || (math.IsNaN(a) && math.IsNaN(b)) }

func TestSignedRankWithInfinities(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name           string
		d              []float64
		low, est, high float64 // at 0.05
	}{
		{"dead in every pair", []float64{inf, inf, inf, inf, inf}, inf, inf, inf},
		{"dead in one of six", []float64{0, 0, 0, 0, 0, inf}, 0, 0, inf},
		{"one each way", []float64{inf, -inf, 0, 0, 0, 0, 0, 0}, math.Inf(-1), 0, inf},
		{"not known", []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}, math.Inf(-1), 0, inf},
		{"too few", []float64{1, 1}, math.Inf(-1), 1, inf},
	} {
		s := NewSignedRank(c.d)
		if s.Lower(0.05) != c.low || s.Estimate() != c.est || s.Upper(0.05) != c.high {
			t.Errorf("%s: %v [%v, %v], want %v [%v, %v]", c.name,
				s.Estimate(), s.Lower(0.05), s.Upper(0.05), c.est, c.low, c.high)
		}
	}
}
