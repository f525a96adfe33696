package scenarios

import (
	"fmt"

	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// criterionFile is a criterion as it is written: the limit is read by the unit
// of the statistic.
type criterionFile struct {
	Metric  metric.ID    `key:"metric" required:"true" doc:"id of the metric"`
	Stat    metric.Stat  `key:"stat" required:"true" doc:"statistic of the metric"`
	Margin  *unit.Margin `key:"margin" doc:"how much worse than the reference is allowed: 5%, 1.05x or 2x"`
	Max     limitFile    `key:"max" doc:"the most that is allowed, in the metric's unit: 0%, 0, 250ms"`
	Against string       `key:"against" enum:"reference,baseline" doc:"what a margin is relative to: reference (default) or baseline"`
	Arm     string       `key:"arm" doc:"the one arm that is meant, in place of every candidate"`
	Cell    string       `key:"cell" doc:"the one cell that is meant, in place of every cell"`
}

// limitFile is a limit before its unit is known.
type limitFile struct{ at Node }

// DecodeNode keeps the place; Criterion.DecodeNode reads the value.
func (l *limitFile) DecodeNode(n Node) Problems {
	if _, ok := n.Scalar(); !ok {
		return Problems{n.Problem("is not a single value", "write a limit such as 0%, 0 or 250ms")}
	}
	l.at = n
	return nil
}

// JSONSchema describes the written form in draft-07.
func (limitFile) JSONSchema() map[string]any {
	return map[string]any{"type": []string{"number", "string"}, "minimum": 0}
}

// JSONSchemaOf is the struct whose tags describe a criterion.
func (Criterion) JSONSchemaOf() any { return criterionFile{} }

// DecodeNode reads a criterion and checks what concerns it alone.
func (c *Criterion) DecodeNode(n Node) Problems {
	var f criterionFile
	problems := n.Decode(&f)
	*c = Criterion{Metric: f.Metric, Stat: f.Stat, Margin: f.Margin, Against: f.Against, Arm: f.Arm, Cell: f.Cell, Pos: n.Pos()}
	m, known := metric.Lookup(f.Metric)
	if known && f.Stat != "" && !m.Allows(f.Stat) {
		problems = append(problems, n.At("stat").Problem(
			fmt.Sprintf("%s has no statistic %s", m.ID, f.Stat), fmt.Sprintf("one of %s", join(m.Stats))))
		known = false
	}
	margin, limit := n.Child("margin"), f.Max.at
	switch {
	case !limit.Absent() && !margin.Absent():
		return append(problems, limit.Problem("has both a margin and a max", "a margin compares with another arm, a max is absolute: write two criteria"))
	case !n.Child("max").Absent() && limit.Absent():
		return problems // the limit has a problem of its own
	case margin.Absent() && limit.Absent():
		return append(problems, n.Problem("has neither a margin nor a max", "write margin: 5% to compare, or max: 0 for a limit"))
	case !limit.Absent() && known && f.Stat != "":
		return append(problems, c.limit(n, m, limit)...)
	case !margin.Absent() && known && f.Stat != "" && !m.Comparable(f.Stat):
		return append(problems, margin.Problem(
			fmt.Sprintf("%s %s cannot be compared by a ratio", m.ID, f.Stat), incomparable(m)))
	}
	if !margin.Absent() && c.Against == "" {
		c.Against = "reference"
	}
	return problems
}

// limit reads an absolute limit.
func (c *Criterion) limit(n Node, m metric.Metric, at Node) Problems {
	if m.Better == metric.Higher {
		return Problems{at.Problem(fmt.Sprintf("%s is better when it is higher, so a max would refuse good runs", m.ID), "write margin: 5% to compare it")}
	}
	if c.Against != "" {
		return Problems{n.At("against").Problem("a max is absolute and is against nothing", "remove against, or write a margin")}
	}
	text, _ := at.Scalar()
	limit, err := m.Parse(c.Stat, text)
	if parts, ok := err.(interface{ Parts() (string, string) }); ok {
		return Problems{at.Problem(parts.Parts())}
	} else if err != nil {
		return Problems{at.Problem(err.Error(), "")}
	}
	c.Max = &limit
	return nil
}

// incomparable says what to write in place of a margin.
func incomparable(m metric.Metric) string {
	if m.Rule == metric.OverOps {
		return "one op decides a maximum: write a quantile such as p99, or max: for a limit"
	}
	return "write max: 0 for a limit"
}

// criteria checks the criteria against the rest of the scenario.
func (c *checker) criteria() {
	roles := map[string]Role{}
	hasReference := false
	for _, arm := range c.s.Arms {
		roles[arm.ID] = arm.Role
		hasReference = hasReference || arm.Role == Reference
	}
	seen := map[string]bool{}
	for i, n := range c.root.Child("criteria").Items() {
		if i >= len(c.s.Criteria) {
			break
		}
		crit := c.s.Criteria[i]
		c.criterionArm(n, crit, roles)
		if crit.Relative() && crit.Against == "reference" && !hasReference && len(roles) > 0 {
			c.refuse(n.At("margin"), "there is no arm with role reference to compare with", "give one arm role: reference, or write max: for a limit")
		}
		if ids := c.s.Cells.IDs(); crit.Cell != "" && !contains(ids, crit.Cell) {
			c.refuse(n.At("cell"), fmt.Sprintf("there is no cell %q", crit.Cell), meant(crit.Cell, ids))
		}
		if c.emitted != nil && crit.Metric != "" && !contains(c.emitted, crit.Metric) {
			c.refuse(n.At("metric"), fmt.Sprintf("work of kind %s does not measure %s", c.s.Work.Kind, crit.Metric), "it measures "+join(c.emitted))
		}
		key := fmt.Sprint(crit.Metric, " ", crit.Stat, " ", crit.Relative(), " ", crit.Against, " ", crit.Arm, " ", crit.Cell)
		if seen[key] && crit.Metric != "" {
			c.refuse(n, "is a second criterion on the same figure", "remove one of the two")
		}
		seen[key] = true
	}
}

// criterionArm checks the arm that a criterion names.
func (c *checker) criterionArm(n Node, crit Criterion, roles map[string]Role) {
	if crit.Arm == "" || len(roles) == 0 {
		return
	}
	role, known := roles[crit.Arm]
	switch {
	case !known:
		c.refuse(n.At("arm"), fmt.Sprintf("there is no arm %q", crit.Arm), meant(crit.Arm, c.armIDs()))
	case role == Reference && crit.Relative() && crit.Against == "reference":
		c.refuse(n.At("arm"), "the reference cannot be compared with itself", "name a candidate or a control, or leave arm out")
	}
}

// join writes typed words for a hint.
func join[T ~string](list []T) string {
	out := ""
	for i, w := range list {
		if i > 0 {
			out += ", "
		}
		out += string(w)
	}
	return out
}
