package storm_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
)

// TestConnectionsThatGoAway: a peer that ends a connection every so many
// requests costs no op, whoever shares it. One that took a request and went is
// an error, and the request is not repeated.
func TestConnectionsThatGoAway(t *testing.T) {
	const ops, slots, each = 60, 4, 7
	for _, connections := range []string{"reuse", "shared"} {
		t.Run(connections, func(t *testing.T) {
			g := probetest.GoAway(t, each, false)
			var mu sync.Mutex
			var warned []string
			b := probetest.Open(t, storm.Probe{}, getWork+"connections: "+connections+"\n", scenarios.Target{URL: "http://" + g.Address, HTTP: scenarios.H2C}, func(on *probes.On) {
				on.Warn = func(text string) { mu.Lock(); defer mu.Unlock(); warned = append(warned, text) }
			})
			var all sync.WaitGroup
			for slot := range slots {
				var todo []probes.Op
				for range ops / slots {
					todo = append(todo, b.Op(slot))
				}
				all.Go(func() {
					for _, op := range todo {
						if o := b.Do(context.Background(), op); o.Outcome != probes.OK {
							t.Errorf("%s (%v)", o.Outcome, o.Err)
						}
					}
				})
			}
			all.Wait()
			if n := g.Taken.Load(); n != ops {
				t.Errorf("the peer took %d requests, want each of %d once", n, ops)
			}
			if len(warned) != 1 || !strings.Contains(warned[0], "GOAWAY") {
				t.Errorf("warnings %q, want one of what happened", warned)
			}
		})
		t.Run(connections+", taken and not answered", func(t *testing.T) {
			g := probetest.GoAway(t, 2, true)
			b := probetest.Open(t, storm.Probe{}, getWork+"connections: "+connections+"\n", scenarios.Target{URL: "http://" + g.Address, HTTP: scenarios.H2C})
			var outcomes []string
			for range 3 {
				outcomes = append(outcomes, string(b.Do(context.Background(), b.Op(0)).Outcome))
			}
			if got := strings.Join(outcomes, " "); got != "ok ok reset" || g.Taken.Load() != 2 {
				t.Errorf("outcomes %s, %d taken, want the third to fail once", got, g.Taken.Load())
			}
		})
	}
}
