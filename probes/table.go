package probes

import (
	"fmt"
	"sort"
	"strings"

	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// Table is the explicit list of probes; it satisfies plan.Kinds.
type Table []Probe

// Find is the probe of a kind.
func (t Table) Find(kind string) (Probe, error) {
	for _, p := range t {
		if p.Info().Kind == kind {
			return p, nil
		}
	}
	return nil, fmt.Errorf("work.kind: no probe does %q (hint: one of %s)", kind, strings.Join(t.Kinds(), ", "))
}

// Kinds are the kinds in the table, sorted.
func (t Table) Kinds() []string {
	kinds := make([]string, len(t))
	for i, p := range t {
		kinds[i] = p.Info().Kind
	}
	sort.Strings(kinds)
	return kinds
}

// Check lets the probe of the kind decode its work.
func (t Table) Check(kind string, raw scenarios.Node) (plan.Spec, error) {
	p, err := t.Find(kind)
	if err != nil {
		return nil, err
	}
	return p.Check(raw)
}
