package plan

import (
	"fmt"
	"reflect"
	"slices"

	"loadline/scenarios"
)

// doubtTwins names arms that differ from the reference in nothing: a run would
// compare a way with itself, and a PASS would say nothing of the other one.
// Arms that are meant to be alike have roles that say so.
func (p Plan) doubtTwins() []string {
	at := slices.IndexFunc(p.Arms, func(a scenarios.Arm) bool { return a.Role == scenarios.Reference })
	if at < 0 {
		return nil
	}
	reference := p.Arms[at]
	var out []string
	for _, a := range p.Arms {
		if a.Role == scenarios.Candidate && reflect.DeepEqual(a.Target, reference.Target) {
			out = append(out, fmt.Sprintf("arms %s and %s have the same target, %s: the run compares it with itself (where two ways have one name, connect: host:port says whom to dial)",
				reference.ID, a.ID, where(a.Target)))
		}
	}
	return out
}
