package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loadline/probes/engine"
)

func TestProgressElsewhereIsALineEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w strings.Builder
		p := newProgress(&w)
		for i := range 60 { // half a minute of two events a second
			time.Sleep(500 * time.Millisecond)
			p.event(engine.Event{
				Kind: engine.TrialTick, Arm: "through", Cell: "all", Trial: 3, Trials: 12, Block: 2, Blocks: 6,
				Elapsed: time.Duration(i+1) * 500 * time.Millisecond, At: 5 * time.Second, Length: 10 * time.Second,
				Rate: 12e6, Ended: 40, InFlight: 4, Failed: 2,
			})
		}
		p.done()
		lines := strings.Split(strings.TrimSpace(w.String()), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines in 30 s, want 3:\n%s", len(lines), w.String())
		}
		// Two and a half of twelve trials took 10 s, so the rest takes 38 s.
		if want := "block 2/6 trial 3/12 through all 12 MB/s, 40 ended, 4 in flight, 2 failed · 21% · ETA 38s"; lines[0] != want {
			t.Errorf("the first line is %q, want %q", lines[0], want)
		}
	})
}

// TestProgressNeverFallsSilent: an arm that does not answer while it is
// prepared makes no event for as long as it likes.
func TestProgressNeverFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w strings.Builder
		p := newProgress(&w)
		time.Sleep(11 * time.Second)
		p.event(engine.Event{Kind: engine.Preparing, Arm: "through", Cell: "100MiB h2", Trials: 12})
		time.Sleep(40 * time.Second)
		p.event(engine.Event{Kind: engine.TrialStarted, Arm: "through", Cell: "all", Trial: 1, Trials: 12, Block: 1, Blocks: 6, Elapsed: 51 * time.Second})
		time.Sleep(10 * time.Second)
		p.done()
		time.Sleep(time.Minute) // and not a line more
		want := `starting · for 10s
preparing through, 100MiB h2 · for 9s
preparing through, 100MiB h2 · for 19s
preparing through, 100MiB h2 · for 29s
preparing through, 100MiB h2 · for 39s
block 1/6 trial 1/12 through all, warming up · 0%
`
		if w.String() != want {
			t.Errorf("\n%swant\n%s", w.String(), want)
		}
	})
}

// TestProgressOfTheStepsAfterTheTrialsIsTheirOwn: by then all trials are done,
// and what is left is objects.
func TestProgressOfTheStepsAfterTheTrialsIsTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w strings.Builder
		p := newProgress(&w)
		time.Sleep(9500 * time.Millisecond)
		p.event(engine.Event{Kind: engine.BlockEnded, Trial: 12, Trials: 12, Block: 6, Blocks: 6, Elapsed: 9 * time.Second})
		for _, kind := range []engine.Kind{engine.Auditing, engine.Removing} {
			for i := range 20 {
				p.event(engine.Event{Kind: kind, Done: 100 * i, Total: 2000, Trials: 12, Blocks: 6, Elapsed: time.Hour})
				time.Sleep(time.Second)
			}
		}
		p.done()
		want := `auditing 0 of 2000 objects · 0%
auditing 1000 of 2000 objects · 50% · ETA 11s
removing 0 of 2000 objects · 0%
removing 1000 of 2000 objects · 50% · ETA 11s
`
		if w.String() != want {
			t.Errorf("\n%swant\n%s", w.String(), want)
		}
	})
}
