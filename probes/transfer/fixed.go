package transfer

import (
	"loadline/probes"
	"loadline/scenarios/plan"
)

var _ probes.Fixed = (*Spec)(nil)

// Fixtures implements probes.Fixed: downloads of own objects make some.
func (s *Spec) Fixtures(run string, cell plan.Cell) []string {
	if s.o.Direction != Download || s.o.Fixture != Own {
		return nil
	}
	if cell.Size == 0 {
		cell.Size = s.Size()
	}
	var names []string
	for _, object := range fixtures(probes.On{Run: run, Cell: cell}, cell.Size) {
		names = append(names, object.ID)
	}
	return names
}
