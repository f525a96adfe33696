package engine

import (
	"context"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/plan"
)

// Opens reports whether all sessions of a plan can be opened, which reads what
// the scenario points at and dials nothing; the error is a *SetupError.
func Opens(ctx context.Context, p plan.Plan, table probes.Table) error {
	probe, err := table.Find(p.Spec.Kind())
	if err != nil {
		return err
	}
	r := newRunner(p, Options{Header: record.Header{Run: "opens"}}, probe)
	defer r.close(context.WithoutCancel(ctx))
	for _, at := range r.places() {
		if err := r.open(ctx, at); err != nil {
			return r.hide().Error(err)
		}
	}
	return nil
}
