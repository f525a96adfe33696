package compare

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// RateLower is the exact lower bound, at one-sided error alpha, of the rate
// behind `events` seen among `of` independent trials (Clopper-Pearson). 0 when
// none was seen.
//
// Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
func RateLower(events, of int, alpha float64) float64 {
	if events <= 0 || of <= 0 {
		return 0
	}
	return mathext.InvRegIncBeta(float64(events), float64(of-events+1), alpha)
}

// RateUpper is the exact upper bound, at one-sided error alpha, of the rate
// behind `events` seen among `of` independent trials (Clopper-Pearson). With
// none seen it is 1 - alpha^(1/of), at 95 % about 3/of: the rate that could
// have been missed. 1 when nothing was tried.
func RateUpper(events, of int, alpha float64) float64 {
	switch {
	case of <= 0 || events >= of:
		return 1
	case events <= 0:
		return -math.Expm1(math.Log(alpha) / float64(of))
	}
	return mathext.InvRegIncBeta(float64(events+1), float64(of-events), 1-alpha)
}

// Missed is the loss rate that `of` trials without a loss could still hide, at
// 95 % confidence.
func Missed(of int) float64 { return RateUpper(0, of, 0.05) }

// Interval is an estimate with its two one-sided bounds.
type Interval struct {
	Estimate, Low, High float64
}

// RateDifference is the rate of b minus the rate of a with Newcombe's hybrid
// score bounds, each at one-sided error alpha. effect >= 1 is the design
// effect by which ops inside a block repeat each other (see DesignEffect);
// the numbers of trials are divided by it. Without trials in either arm the
// bounds are -1 and 1.
//
// Source: R. G. Newcombe, Statistics in Medicine 17 (1998) 873, method 10.
func RateDifference(eventsA, ofA, eventsB, ofB int, effect, alpha float64) Interval {
	if ofA <= 0 || ofB <= 0 {
		return Interval{Low: -1, High: 1}
	}
	a, b := float64(eventsA)/float64(ofA), float64(eventsB)/float64(ofB)
	effect = math.Max(1, orElse(effect, 1))
	lowA, highA := wilson(a, float64(ofA)/effect, alpha)
	lowB, highB := wilson(b, float64(ofB)/effect, alpha)
	d := b - a
	return Interval{
		Estimate: d,
		Low:      math.Max(-1, d-math.Hypot(b-lowB, highA-a)),
		High:     math.Min(1, d+math.Hypot(highB-b, a-lowA)),
	}
}

// wilson is the score interval of a rate seen in n trials.
// Source: E. B. Wilson, JASA 22 (1927) 209.
func wilson(rate, n, alpha float64) (low, high float64) {
	z := distuv.UnitNormal.Quantile(1 - alpha)
	centre := (rate + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(rate*(1-rate)/n+z*z/(4*n*n))
	return math.Max(0, centre-half), math.Min(1, centre+half)
}

// DesignEffect is by how much the variance of a rate is larger between blocks
// than independent ops would make it, at least 1: the block-wise events and
// ops of one arm in, the ratio of the linearised variance of the pooled rate
// to the binomial one out. 1 when nothing varies or there is one block.
//
// Source: W. G. Cochran, Sampling Techniques, 3rd ed. (1977), §2.11, §9A.
func DesignEffect(events, ops []int) float64 {
	var e, n float64
	for i := range ops {
		e, n = e+float64(events[i]), n+float64(ops[i])
	}
	blocks := float64(len(ops))
	if blocks < 2 || n == 0 || e == 0 || e == n {
		return 1
	}
	rate, squares := e/n, 0.0
	for i := range ops {
		residual := float64(events[i]) - rate*float64(ops[i])
		squares += residual * residual
	}
	between := blocks / (blocks - 1) * squares / (n * n)
	return math.Max(1, between/(rate*(1-rate)/n))
}
