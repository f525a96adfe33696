package plan_test

import (
	"strings"
	"testing"
)

// A closed load without limits has no bound, and its order of magnitude is
// said all the same, as what it is.
func TestAClosedLoadIsForetoldAtARate(t *testing.T) {
	for _, c := range []struct {
		name  string
		sets  []string
		bytes float64 // 0: not foretold
		says  string
	}{
		// 24 trials of 2 s and 10 s at 1 GB/s, and one op of 1 MiB in flight.
		{"no limit", nil, 24 * (12e9 + 1<<20), "as much as the targets take: about 290GB if they take 1 GB/s, an estimate and no bound (limits.bytes sets one); limits"},
		{"many large ops in flight end as far as the drain lets them", []string{"work.size=1TiB", "load.drain=3s", "load.in_flight=8"}, 24 * 15e9, "about 360GB if"},
		{"no longer than the run may take", []string{"design.max_duration=200s", "design.blocks=12"}, 200e9, "about 200GB if"},
		{"downloads too", []string{"work.direction=download"}, 24 * (12e9 + 1<<20), "about 290GB if"},
		{"a limit that is not reached", []string{"limits.bytes=500GiB"}, 24 * (12e9 + 1<<20), "at most 500GiB (about 290GB if the targets take 1 GB/s, an estimate); limits"},
		{"a limit that is", []string{"limits.bytes=5GiB"}, 24 * (12e9 + 1<<20), "at most 5GiB, and targets that take 1 GB/s reach that limit early, which ends the run (without it: about 290GB); limits"},
		{"a ceiling on the rate is a bound", []string{"limits.rate=10MB/s"}, 0, ""},
		{"a schedule is a bound", []string{"load.model=open", "load.rate=10/s"}, 0, ""},
		{"ops without bytes", []string{"work.size=0"}, 0, "as much as the targets take; limits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			total := read(t, c.sets...).Estimate().Total
			if got := total.Supposed.Bytes; got.N != c.bytes || got.Known != (c.bytes > 0) {
				t.Errorf("foretold %v, want %v", got, c.bytes)
			}
			words := total.Words()[0]
			if !strings.Contains(words, c.says) || strings.Contains(words, "about") != (c.bytes > 0) {
				t.Errorf("says %q, want %q", words, c.says)
			}
		})
	}
}
