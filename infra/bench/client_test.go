//go:build linux

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"loadline/probes"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/strict"
	"loadline/scenarios/unit"
)

// clientSpec is what a client of http.transfer does per turn: one op on each
// of its streams.
type clientSpec struct {
	Work    string // the scenario's work, in YAML
	Target  scenarios.Target
	Streams int
}

// client greets with the names of the objects that it reads, if any.
type client struct{ Fixtures []string }

// moved is what one turn of a client came to.
type moved struct {
	Bytes        int64 // proven right, or acknowledged
	Seconds, CPU float64
	Peak         int64 // bytes of memory, since the process began
}

func (m moved) rate() float64   { return float64(m.Bytes) / 1e9 / m.Seconds }
func (m moved) perGiB() float64 { return m.CPU / (float64(m.Bytes) / float64(unit.GiB)) }
func mapped[T any](all []T, f func(T) float64) []float64 {
	out := make([]float64, len(all))
	for i, v := range all {
		out[i] = f(v)
	}
	return out
}

// becomeTransfer opens a session of the shipped probe, as the engine does.
func becomeTransfer(text []byte) (worker, error) {
	var c clientSpec
	if err := json.Unmarshal(text, &c); err != nil {
		return worker{}, err
	}
	node, problems := strict.Parse("bench.yaml", []byte("work:\n  "+strings.ReplaceAll(strings.TrimSpace(c.Work), "\n", "\n  ")+"\n"))
	if err := problems.Err(); err != nil {
		return worker{}, err
	}
	spec, err := transfer.Probe{}.Check(node.Child("work"))
	if err != nil {
		return worker{}, err
	}
	ctx := context.Background()
	on := probes.On{
		Run: "bench", Arm: scenarios.Arm{ID: "a", Role: scenarios.Reference, Target: c.Target},
		Cell: plan.Cell{ID: "all", Size: spec.Size(), InFlight: c.Streams}, Slots: c.Streams, Seed: 42, Warn: func(string) {},
	}
	session, err := transfer.Probe{}.Open(ctx, spec, on)
	if err != nil {
		return worker{}, err
	}
	if err := session.Prepare(ctx); err != nil {
		return worker{}, err
	}
	var greeting client
	if s, ok := spec.(*transfer.Spec); ok {
		greeting.Fixtures = s.Fixtures(on.Run, on.Cell)
	}
	t := turns{session: session, size: spec.Size(), streams: c.Streams, epoch: time.Now()}
	return worker{greeting: greeting, turn: t.turn, end: func() { _ = session.Close(ctx) }}, nil
}

// turns hands ops to a session.
type turns struct {
	session probes.Session
	size    unit.Bytes
	streams int
	epoch   time.Time
	seq     uint64
}

func (t *turns) turn() (any, error) {
	seen := make([]probes.Observation, t.streams)
	cpu, began := spent(), time.Now()
	var all sync.WaitGroup
	for slot := range seen {
		seq := t.seq
		t.seq++
		op := probes.Op{
			Seq: seq, Name: fmt.Sprintf("bench-%d", seq), Seed: 42 + seq, Size: t.size,
			Epoch: t.epoch, Due: time.Since(t.epoch), Slot: slot, Meter: new(probes.Meter),
		}
		all.Go(func() { seen[slot] = t.session.Do(context.Background(), op) })
	}
	all.Wait()
	m := moved{Seconds: time.Since(began).Seconds(), CPU: (spent() - cpu).Seconds()}
	for _, o := range seen {
		if o.Outcome != probes.OK || o.Verified != t.size {
			return nil, fmt.Errorf("%s: %v of %v verified: %w", o.Outcome, o.Verified, t.size, o.Err)
		}
		m.Bytes += int64(o.Verified)
	}
	var err error
	m.Peak, err = peakMemory()
	return m, err
}
