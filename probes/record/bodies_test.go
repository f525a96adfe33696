package record

import (
	"fmt"
	"testing"
	"time"

	"loadline/probes"
)

func TestBodiesAreCountedByContent(t *testing.T) {
	c := NewCollector(TrialHead{}, CollectorOptions{})
	ms := func(n int) probes.Mark { return probes.MarkAt(time.Duration(n) * time.Millisecond) }
	for _, s := range []probes.Served{
		{Op: "slow", Start: ms(1), End: ms(9), SHA256: "a"},
		{Op: "quick", Start: ms(2), End: ms(4), SHA256: "a"},
		{Op: "other", Start: ms(3), End: ms(5), SHA256: "b"},
	} {
		c.Serve(s)
	}
	for n := range 40 {
		c.Serve(probes.Served{Op: "one of many", Start: ms(10 + n), End: ms(20 + n), SHA256: fmt.Sprint(n)})
	}
	got := c.Finish(Health{}, time.Second).Bodies
	c.Serve(probes.Served{SHA256: "late"})
	if len(got) != maxBodies+1 {
		t.Fatalf("%d contents, want %d and the others", len(got), maxBodies)
	}
	// 14 of the 40 have a place beside a and b.
	if want := (Body{"(others)", 26, "one of many", 34 * time.Millisecond, 49 * time.Millisecond}); got[0] != want {
		t.Errorf("others %+v, want %+v", got[0], want)
	}
	if want := (Body{"a", 2, "quick", 4 * time.Millisecond, 2 * time.Millisecond}); got[1] != want {
		t.Errorf("first %+v, want %+v", got[1], want)
	}
}
