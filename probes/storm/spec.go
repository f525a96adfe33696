package storm

import (
	"encoding/json"
	"slices"

	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Spec is checked work; it satisfies plan.Spec.
type Spec struct{ o Options }

var _ plan.Spec = (*Spec)(nil)

// Kind implements plan.Spec.
func (*Spec) Kind() string { return Kind }

// Options are the options with their defaults.
func (s *Spec) Options() Options { return s.o }

// Size implements plan.Spec: the mean size of a request's body. That of a body
// or of targets in a file is not known before the session is opened.
func (s *Spec) Size() unit.Bytes {
	return s.o.mean(func(t *Target) int64 { return int64(len(t.Body)) })
}

// Effects implements plan.Spec. What a request with a body leaves on the
// target is the target's affair: a storm neither reads it back nor removes it.
func (s *Spec) Effects(size unit.Bytes) plan.Effects {
	return plan.Effects{Sends: size, Receives: s.o.mean(func(t *Target) int64 {
		e := s.o.expects(t)
		if e.Size == nil || t.Method == "HEAD" {
			return 0
		}
		return int64(*e.Size)
	})}
}

// Metrics implements plan.Spec.
func (*Spec) Metrics() []metric.ID { return slices.Clone(measured) }

// Identity implements plan.Spec. Secrets are in it as references only.
func (s *Spec) Identity() []byte {
	text, err := json.Marshal(s.o)
	if err != nil {
		panic("storm: identity: " + err.Error()) // options are plain values
	}
	return text
}

// expects is what a good answer to a request is.
func (o *Options) expects(t *Target) *Expect {
	if t.Expect != nil {
		return t.Expect
	}
	return &o.Expect
}

// mean is the mean of a size over the listed targets by weight, rounded up.
func (o *Options) mean(of func(*Target) int64) unit.Bytes {
	sum, weight := int64(0), int64(0)
	for i := range o.Targets.List {
		t := &o.Targets.List[i]
		sum += of(t) * int64(t.Weight)
		weight += int64(t.Weight)
	}
	if weight == 0 {
		return 0
	}
	return unit.Bytes((sum + weight - 1) / weight)
}
