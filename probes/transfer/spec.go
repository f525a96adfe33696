package transfer

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"loadline/probes"
	"loadline/probes/internal/removal"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Spec is checked work; it satisfies plan.Spec.
type Spec struct {
	o Options
	// unseen says why bodies are not looked into, though the scenario does not
	// ask for that; empty if they are, or it does.
	unseen string
}

var (
	_ plan.Spec      = (*Spec)(nil)
	_ probes.Audited = (*Spec)(nil)
	_ probes.Fixed   = (*Spec)(nil)
	_ plan.Doubtful  = (*Spec)(nil)
)

// Kind implements plan.Spec.
func (*Spec) Kind() string { return Kind }

// Options are the options with their defaults.
func (s *Spec) Options() Options { return s.o }

// Size implements plan.Spec; an existing object has the size it is expected to
// have.
func (s *Spec) Size() unit.Bytes {
	if s.o.Fixture == Existing && s.o.Expect != nil {
		return s.o.Expect.Size
	}
	return s.o.Size
}

// Doubts implements plan.Doubtful.
func (s *Spec) Doubts() []string {
	if s.unseen == "" {
		return nil
	}
	return []string{"only the length of bodies is compared: work.expect names no sha256, and " + s.unseen}
}

// Effects implements plan.Spec.
func (s *Spec) Effects(size unit.Bytes) plan.Effects {
	if s.o.Direction == Download {
		_, n, ok := s.o.Range.of(size, 0)
		if !ok {
			n = 0
		}
		return plan.Effects{Receives: unit.Bytes(n)}
	}
	e := plan.Effects{Sends: size, Stores: size, Creates: true, Deletes: s.o.removable()}
	if s.o.Verify == VerifyReadback {
		e.Reads = size
	}
	return e
}

// Readback implements probes.Audited.
func (s *Spec) Readback() probes.Readback {
	if s.o.Verify != VerifyReadback {
		return probes.Readback{}
	}
	r := s.o.Readback
	return probes.Readback{Arm: r.Arm, Parallel: r.Parallel, Budget: r.Budget}
}

// removable reports whether what an op uploaded can be named for removal.
func (o *Options) removable() bool {
	return !o.Delete.Off && (o.Delete.Path != "" || o.addressable())
}

// Metrics implements plan.Spec.
func (s *Spec) Metrics() []metric.ID {
	ids := slices.Clone(measured)
	if s.o.Verify == VerifyReadback {
		ids = append(ids, metric.IntegrityLost)
	}
	if s.o.Receipts != nil {
		ids = append(ids, metric.IntegrityDuplicate)
	}
	return ids
}

// Identity implements plan.Spec: the options under their keys, sorted, without
// those that are empty and those that do not change the measured work.
func (s *Spec) Identity() []byte {
	o := s.o
	o.Readback, o.Receipts, o.Delete = Readback{}, nil, removal.Delete{}
	text, err := json.Marshal(canonical(reflect.ValueOf(o)))
	if err != nil {
		panic("transfer: identity: " + err.Error()) // options are plain values
	}
	return text
}

// canonical is a struct of options as a map from key to value.
func canonical(v reflect.Value) map[string]any {
	m := map[string]any{}
	for i := range v.NumField() {
		f, key := v.Field(i), v.Type().Field(i).Tag.Get("key")
		if f.IsZero() || key == "" {
			continue
		}
		for f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		_, text := f.Interface().(interface{ MarshalText() ([]byte, error) })
		_, own := f.Interface().(json.Marshaler)
		switch d, timed := f.Interface().(time.Duration); {
		case timed:
			m[key] = d.String()
		case f.Kind() == reflect.Struct && !text && !own:
			m[key] = canonical(f)
		default:
			m[key] = f.Interface()
		}
	}
	return m
}
