package transfer

import (
	"loadline/probes"
	"loadline/scenarios/plan"
)

var (
	_ probes.Audited = (*Spec)(nil)
	_ probes.Fixed   = (*Spec)(nil)
)

// Readback implements probes.Audited; uploads that are not verified by
// read-back are not audited.
func (s *Spec) Readback() probes.Readback {
	if s.o.Verify != VerifyReadback {
		return probes.Readback{}
	}
	return probes.Readback{Arm: s.o.Readback.Arm, Parallel: s.o.Readback.Parallel, Budget: s.o.Readback.Budget}
}

// Fixtures implements probes.Fixed: downloads of own objects make some.
func (s *Spec) Fixtures(run string, cell plan.Cell) []string {
	if s.o.Direction != Download || s.o.Fixture != Own {
		return nil
	}
	size := cell.Size
	if size == 0 {
		size = s.Size()
	}
	var names []string
	for _, object := range fixtures(probes.On{Run: run, Cell: cell}, size) {
		names = append(names, object.ID)
	}
	return names
}
