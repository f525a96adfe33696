package netpath

import (
	"testing"
	"time"
)

func TestStopwatchAddsUpOverlappingCallsOnce(t *testing.T) {
	var w stopwatch
	for _, step := range []struct {
		at    time.Duration
		event string
		want  time.Duration // read at that moment
	}{
		{10, "start", 0},
		{15, "", 5}, // the present call counts
		{20, "start", 10},
		{30, "stop", 20},
		{40, "stop", 30},
		{90, "", 30},
		{100, "start", 30},
		{99, "", 30}, // a reading taken a moment before
		{101, "stop", 31},
	} {
		switch step.event {
		case "start":
			w.start(step.at)
		case "stop":
			w.stop(step.at)
		}
		if got := w.read(step.at); got != step.want {
			t.Errorf("at %d after %q: %d, want %d", step.at, step.event, got, step.want)
		}
	}
}
