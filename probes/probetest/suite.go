package probetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loadline/probes"
	"loadline/scenarios"
)

// opName follows the rule of the contract: [a-z0-9-]+, unique per run and op.
func opName(run string, seq uint64) string { return fmt.Sprintf("%s-%d", run, seq) }

func (c Case) testInfo(t *testing.T) {
	info := c.Probe.Info()
	if group, _, dotted := strings.Cut(info.Kind, "."); !dotted || group == "" {
		t.Errorf("kind %q is not dotted, such as http.transfer", info.Kind)
	}
	if info.Line == "" || strings.Contains(info.Line, "\n") {
		t.Errorf("Line = %q, want one line that says what the probe does", info.Line)
	}
	if info.Options == nil {
		t.Error("Options is nil: the schema is made from it")
	}
	if len(info.Metrics) == 0 {
		t.Error("no metrics: no criterion could name this work")
	}
}

func (c Case) testCheck(t *testing.T) {
	spec := Check(t, c.Probe, c.Work)
	if got, want := spec.Kind(), c.Probe.Info().Kind; got != want {
		t.Errorf("Spec.Kind = %q, Info().Kind = %q", got, want)
	}
	id := spec.Identity()
	if !json.Valid(id) {
		t.Errorf("Identity is not JSON: %s", id)
	}
	if again := Check(t, c.Probe, c.Work).Identity(); !bytes.Equal(id, again) {
		t.Errorf("Identity differs between two checks of one work:\n%s\n%s", id, again)
	}
	for _, m := range spec.Metrics() {
		if !slices.Contains(c.Probe.Info().Metrics, m) {
			t.Errorf("the spec emits %s, which Info does not list", m)
		}
	}
	bad := map[string]string{c.Work + "\nno_such_key_here: 1\n": "no_such_key_here"}
	for work, want := range c.Bad {
		bad[work] = want
	}
	for work, want := range bad {
		c.mustRefuse(t, work, want)
	}
}

func (c Case) mustRefuse(t *testing.T, work, want string) {
	t.Helper()
	_, err := c.Probe.Check(Node(t, work))
	var problems scenarios.Problems
	switch {
	case err == nil:
		t.Errorf("Check accepts\n%s\nwant a problem that says %q", work, want)
	case !errors.As(err, &problems) || len(problems) == 0:
		t.Errorf("Check gives %T (%v), want scenarios.Problems", err, err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("Check says\n%v\nfor\n%s\nwant %q in it", err, work, want)
	default:
		for _, p := range problems {
			if p.Line == 0 || p.File == "" {
				t.Errorf("problem without its place: %v", p)
			}
		}
	}
}

func (c Case) open(t *testing.T, target scenarios.Target) *Bench {
	t.Helper()
	return Open(t, c.Probe, c.Work, target, c.sized)
}

func (c Case) sized(on *probes.On) {
	if c.Size > 0 {
		on.Cell.Size = c.Size
	}
}

func (c Case) testHealthy(t *testing.T) {
	noLeak(t)
	b := c.open(t, c.Healthy(t))
	for range 3 {
		op := b.Op(0)
		o := b.Do(context.Background(), op)
		Conforms(t, op, o)
		if o.Outcome != probes.OK {
			t.Errorf("outcome %s on a healthy target: %v", o.Outcome, o.Err)
		}
		if c.Moves && op.Meter.Moved() == 0 {
			t.Error("the op's meter counted nothing")
		}
	}
	for range 2 {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// Conforms fails the test where an observation breaks the contract.
func Conforms(t testing.TB, op probes.Op, o probes.Observation) {
	t.Helper()
	if o.Seq != op.Seq || o.Name != op.Name || o.Slot != op.Slot {
		t.Errorf("observation of op %d %q slot %d says %d %q %d", op.Seq, op.Name, op.Slot, o.Seq, o.Name, o.Slot)
	}
	if !slices.Contains(probes.Outcomes, o.Outcome) {
		t.Errorf("outcome %q is not one of the contract", o.Outcome)
	}
	if o.Outcome.Failed() && o.Err == nil {
		t.Errorf("outcome %s without an error that says what happened", o.Outcome)
	}
	if _, ok := o.Service(); !ok && o.Outcome != probes.Cut && o.Outcome != probes.Dropped {
		t.Errorf("outcome %s, but Start or End is unset", o.Outcome)
	}
	for _, pair := range []struct {
		what     string
		from, to probes.Mark
	}{{"Due ≤ Start", o.Due, o.Start}, {"Start ≤ FirstByte", o.Start, o.FirstByte}, {"FirstByte ≤ End", o.FirstByte, o.End}, {"Start ≤ End", o.Start, o.End}} {
		if d, ok := pair.to.Since(pair.from); ok && d < 0 {
			t.Errorf("%s does not hold: %v", pair.what, d)
		}
	}
	p := o.Phases
	sum := p.Resolve + p.Connect + p.TLS + p.Continue + p.Send + p.Wait + p.Receive
	if service, ok := o.Service(); ok && sum > service+time.Millisecond {
		t.Errorf("phases add up to %v in a service time of %v: %+v", sum, service, p)
	}
}

func (c Case) testConcurrent(t *testing.T) {
	noLeak(t)
	b := c.open(t, c.Healthy(t))
	var wg sync.WaitGroup
	for slot := range 4 {
		ops := []probes.Op{b.Op(slot), b.Op(slot), b.Op(slot)}
		wg.Go(func() {
			for _, op := range ops {
				o := b.Do(context.Background(), op)
				Conforms(t, op, o)
				if o.Outcome != probes.OK {
					t.Errorf("slot %d: outcome %s: %v", slot, o.Outcome, o.Err)
				}
			}
		})
	}
	wg.Wait()
	closeBench(t, b)
}

func (c Case) testRefused(t *testing.T) {
	noLeak(t)
	target := c.Healthy(t)
	u, err := url.Parse(target.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = Refused(t)
	target.URL, target.Connect = u.String(), nil
	b, err := TryOpen(t, c.Probe, c.Work, target, c.sized)
	if err != nil {
		t.Fatalf("Open dialled: %v", err)
	}
	op := b.Op(0)
	o := b.Do(context.Background(), op)
	Conforms(t, op, o)
	if o.Outcome != probes.Refused {
		t.Errorf("outcome %s (%v) where nothing listens, want %s", o.Outcome, o.Err, probes.Refused)
	}
	closeBench(t, b)
}

func (c Case) testCut(t *testing.T) {
	noLeak(t)
	b, err := TryOpen(t, c.Probe, c.Work, c.Frozen(t), c.sized)
	if err != nil {
		t.Fatal(err)
	}
	for name, cause := range map[string]error{"cut": probes.ErrCut, "stop": probes.ErrStop, "plain": nil} {
		ctx, cancel := context.WithCancelCause(context.Background())
		cut := time.AfterFunc(150*time.Millisecond, func() { cancel(cause) })
		began := time.Now()
		op := b.Op(0)
		o := b.Do(ctx, op)
		took := time.Since(began)
		cut.Stop()
		cancel(nil)
		Conforms(t, op, o)
		if o.Outcome != probes.Cut {
			t.Errorf("%s: outcome %s (%v), want %s", name, o.Outcome, o.Err, probes.Cut)
		}
		if took > 1150*time.Millisecond {
			t.Errorf("%s: Do returned %v after it was cancelled, want at most 1 s", name, took-150*time.Millisecond)
		}
	}
	dead, cancel := context.WithCancelCause(context.Background())
	cancel(probes.ErrCut)
	op := b.Op(1)
	if o := b.Do(dead, op); o.Outcome != probes.Cut {
		t.Errorf("an op that is cut before it starts: outcome %s, want %s", o.Outcome, probes.Cut)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	began := time.Now()
	_ = b.Close(ctx) // it may not be able to clean up; it must not hang
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Close took %v with 1 s to do it in", took)
	}
}

func closeBench(t *testing.T, b *Bench) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// noLeak fails the test if goroutines outlive it that did not exist before.
// It runs after the cleanups that the test registers later, so the target that
// the test starts is gone by then.
func noLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
	})
}
