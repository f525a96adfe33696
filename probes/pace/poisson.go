package pace

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// Poisson is a Poisson process: independent exponential gaps with a mean of
// 1/rate, the arrivals of many users who do not know of each other. The same
// seed gives the same due times. Its number of ops is itself random, with mean
// rate × duration.
//
// The gaps are a function of seed and number; a running sum kept for every
// 1024th op makes any op reachable in bounded time with 8 bytes per 1024 ops.
func Poisson(rate float64, duration time.Duration, seed uint64) (Rated, error) {
	const shape = "poisson"
	if err := firstOf(checkPositive(shape, "rate", rate), checkDuration(shape, duration)); err != nil {
		return nil, err
	}
	return &poisson{rate: rate, span: duration, seed: seed, marks: []float64{0}}, nil
}

const markEvery = 1024

type poisson struct {
	rate float64
	span time.Duration
	seed uint64

	mu    sync.Mutex
	marks []float64 // seconds passed before the gap of op i×markEvery
	next  uint64    // the op whose gap follows sum
	sum   float64   // seconds passed before the gap of op next
}

// Due implements Schedule.
func (p *poisson) Due(n uint64) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := p.span.Seconds()
	// Reading on is the fast case; a jump starts from the nearest mark.
	if i := min(n/markEvery, uint64(len(p.marks)-1)); n < p.next || i*markEvery > p.next {
		p.next, p.sum = i*markEvery, p.marks[i]
	}
	for {
		if p.sum >= end {
			return 0, false
		}
		if p.next == n {
			break
		}
		p.advance()
	}
	at := p.sum + p.gap(n)
	if at >= end {
		return 0, false
	}
	return nanoseconds(at), true
}

// advance passes the op next, noting the sum where a mark belongs.
func (p *poisson) advance() {
	p.sum += p.gap(p.next)
	p.next++
	if p.next%markEvery == 0 && p.next/markEvery == uint64(len(p.marks)) {
		p.marks = append(p.marks, p.sum)
	}
}

// gap is the time between op n-1 and op n, seconds.
func (p *poisson) gap(n uint64) float64 {
	u := float64(mix(p.seed, n)>>11) / (1 << 53) // uniform on [0, 1)
	return -math.Log1p(-u) / p.rate
}

// mix is the n-th output of SplitMix64 (Steele, Lea, Flood 2014) for a state
// that is itself mixed from the seed, so that close seeds share no sequence.
func mix(seed, n uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15
	finish := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	return finish(finish(seed+golden) + (n+1)*golden)
}

// Rate implements Rated; it is the mean rate, not that of the drawn ops.
func (p *poisson) Rate(t time.Duration) float64 {
	if t < 0 || t >= p.span {
		return 0
	}
	return p.rate
}

// String describes the shape.
func (p *poisson) String() string {
	return fmt.Sprintf("poisson %g/s for %v, seed %d", p.rate, p.span, p.seed)
}
