package probetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"loadline/probes"
)

// testKeeper holds a session that leaves objects behind to its promises: what
// it stored is intact, what it removed is absent, what does not answer is
// unreadable, and removing twice is no error.
func (c Case) testKeeper(t *testing.T) {
	noLeak(t)
	b := c.open(t, c.Healthy(t))
	keeper, keeps := b.Session.(probes.Keeper)
	creates := b.Spec.Effects(b.size).Creates
	switch {
	case creates && !keeps:
		t.Fatal("Effects says that ops create objects, but the session is no probes.Keeper")
	case !creates:
		t.Skip("this work leaves nothing on the target")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	op := b.Op(0)
	if o := b.Do(ctx, op); o.Outcome != probes.OK {
		t.Fatalf("outcome %s: %v", o.Outcome, o.Err)
	}
	kept := probes.Kept{Name: op.Name, Seed: op.Seed, Size: op.Size, Seq: op.Seq}
	expect := func(when string, k probes.Kept, want probes.Finding) {
		t.Helper()
		if a := keeper.Audit(ctx, k); a.Finding != want || a.Evidence == "" {
			t.Errorf("%s: finding %q (evidence %q), want %q with evidence", when, a.Finding, a.Evidence, want)
		}
	}
	expect("after an acknowledged op", kept, probes.Intact)
	other := kept
	other.Seed++
	if !c.SameBody {
		expect("asked for other bytes under this name", other, probes.Wrong)
	}
	other = kept
	other.Name += "-never"
	expect("a name never stored", other, probes.Absent)
	if err := keeper.Remove(ctx, kept); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if err := keeper.Remove(ctx, kept); !errors.Is(err, probes.ErrAbsent) {
		t.Errorf("Remove of what is not there: %v, want ErrAbsent", err)
	}
	expect("after Remove", kept, probes.Absent)
	c.auditFrozen(t, kept)
	closeBench(t, b)
}

func (c Case) auditFrozen(t *testing.T, kept probes.Kept) {
	t.Helper()
	b, err := TryOpen(t, c.Probe, c.Work, c.Frozen(t), c.sized)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if a := b.Session.(probes.Keeper).Audit(ctx, kept); a.Finding != probes.Unreadable {
		t.Errorf("a frozen target: finding %q (%s), want %q", a.Finding, a.Evidence, probes.Unreadable)
	}
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("Audit took %v with 200 ms to do it in", took)
	}
	closing, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	_ = b.Close(closing)
}
