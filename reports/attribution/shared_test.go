package attribution_test

import (
	"strings"
	"testing"
	"time"

	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// TestASharedConnection: what is known only of ops that share a connection is
// said only of them.
func TestASharedConnection(t *testing.T) {
	four := []plan.Cell{{ID: "all", Size: 10 * unit.MiB, InFlight: 4}}
	down50 := up50
	down50.down = true
	waits := with(down50.path(), func(_ plan.Cell, _ int, o *synthetic.Op) { o.Phases.Send += 2 * time.Second })
	const (
		window = "a 64 kB flow-control window (HTTP/2 connection window)"
		turn   = "requests wait for their turn on the shared connection"
		shared = `,"connections":"shared"}`
	)
	for _, c := range []struct {
		name            string
		spec            string
		around, through synthetic.Path
		is, not         string
	}{
		{"a connection's window", `{"direction":"upload"` + shared, up50.path(), up50.at(0.32e6).path(), window, turn},
		{"a stream's window", `{"direction":"upload"` + shared, up50.path(), up50.at(1.28e6).path(), "(HTTP/2 stream window)", window},
		{"connections of their own", `{"direction":"upload"}`, up50.path(), up50.at(0.32e6).path(), "", window},
		{"HTTP/1.1", `{"direction":"upload"` + shared, limited(up50).path(), limited(up50.at(0.32e6)).path(), "", window},
		{"few streams", `{"direction":"download"` + shared, down50.path(), waits, turn, window},
		{"few streams, not shared", `{"direction":"download"}`, down50.path(), waits, "", turn},
		{"slower answers", `{"direction":"download"` + shared, down50.path(), down50.at(5e6).path(), "", turn},
	} {
		a := attributed(t, synthetic.Design{Cells: four, Around: c.around, Through: c.through, Spec: c.spec})
		if a.Arm != "through" || !strings.Contains(a.Where, c.is) || strings.Contains(a.Where, c.not) {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}
