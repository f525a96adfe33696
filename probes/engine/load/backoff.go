package load

import (
	"math/rand/v2"
	"time"
)

// The waits of a closed place after errors.
const (
	backoffFirst = 10 * time.Millisecond
	backoffMost  = time.Second
)

// backoff makes a place in flight wait after errors, so that a target that
// refuses quickly is not flooded: 10 ms, doubled up to 1 s, each times 0.5 to
// 1 so that places do not march in step.
type backoff struct {
	dice *rand.Rand
	next time.Duration
}

func newBackoff(seed uint64, slot int) *backoff {
	return &backoff{dice: rand.New(rand.NewPCG(seed, uint64(slot)))}
}

func (b *backoff) reset() { b.next = 0 }

// wait is how long to wait after one more error.
func (b *backoff) wait() time.Duration {
	b.next = min(max(2*b.next, backoffFirst), backoffMost)
	return b.next/2 + time.Duration(b.dice.Int64N(int64(b.next/2)+1))
}
