package scenarios_test

import (
	"encoding/json"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// The tests of the language have a kind of work of their own, so that they do
// not depend on any probe.
const testKind = "test.transfer"

type testOptions struct {
	Kind      string                    `key:"kind" required:"true" doc:"the kind of work"`
	Direction string                    `key:"direction" required:"true" enum:"upload,download" doc:"upload or download"`
	Size      unit.Bytes                `key:"size" default:"1MiB" min:"1" max:"8TiB" doc:"size of the object"`
	Path      string                    `key:"path" default:"/{name}" doc:"path"`
	Headers   map[string]scenarios.Text `key:"headers" doc:"request headers"`
	Delete    bool                      `key:"delete" default:"true" doc:"delete what was uploaded"`
	Readback  struct {
		Arm string `key:"arm" default:"other" doc:"the arm to read through"`
	} `key:"readback" doc:"how uploads are read back"`
	Congestion map[string]string `key:"congestion" doc:"TCP congestion control by arm"`
	Wait       time.Duration     `key:"stall_after" default:"10s" doc:"time without a byte"`
}

type testSpec struct{ o testOptions }

func (s testSpec) Kind() string     { return testKind }
func (s testSpec) Size() unit.Bytes { return s.o.Size }
func (s testSpec) Identity() []byte {
	text, _ := json.Marshal(map[string]any{"direction": s.o.Direction, "size": s.o.Size})
	return text
}

func (s testSpec) Effects(size unit.Bytes) plan.Effects {
	if s.o.Direction == "download" {
		return plan.Effects{Receives: size}
	}
	return plan.Effects{Sends: size, Stores: size, Creates: true, Deletes: s.o.Delete, Reads: size}
}

func (s testSpec) Metrics() []metric.ID {
	return []metric.ID{metric.Goodput, metric.TTFB, metric.TTLB, metric.Errors, metric.IntegrityLost}
}

type testKinds struct{}

func (testKinds) Kinds() []string { return []string{testKind, "test.storm"} }

func (testKinds) Check(_ string, raw scenarios.Node) (plan.Spec, error) {
	var s testSpec
	if problems := raw.Decode(&s.o); len(problems) > 0 {
		return nil, problems
	}
	return s, nil
}
