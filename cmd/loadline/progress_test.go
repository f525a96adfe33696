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
