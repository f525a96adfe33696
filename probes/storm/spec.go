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

// Effects implements plan.Spec. A cell's size says nothing about a body, which
// is as it is written. Requests of which some create count as if all did, so
// that a plan promises no fewer; what those in a file create is not known
// before the session is opened, and stays.
func (s *Spec) Effects(unit.Bytes) plan.Effects {
	e := plan.Effects{Sends: s.Size()}
	e.Receives = s.o.mean(func(t *Target) int64 {
		want := s.o.expects(t)
		if want.Size == nil || t.Method == "HEAD" {
			return 0
		}
		return int64(*want.Size)
	})
	e.Stores = s.o.mean(func(t *Target) int64 {
		if !s.o.creates(t.Method, t.where()) {
			return 0
		}
		e.Creates = true
		return int64(len(t.Body))
	})
	e.Deletes = e.Creates && !s.o.Delete.Off
	return e
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
