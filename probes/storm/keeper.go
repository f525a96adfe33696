package storm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"

	"loadline/probes"
	"loadline/probes/internal/credential"
	"loadline/scenarios/unit"
)

// removed is what a removal may be answered with: it is gone, or was not there.
var removed = Expect{Status: []Status{{Class: 2}, {Code: http.StatusNotFound}, {Code: http.StatusGone}}}

// undo is the request that removes what another created.
func (s *session) undo(d draft) *request {
	if s.o.Delete.Path != "" {
		d.path = s.below(s.o.Delete.Path)
	}
	d.method, d.fields, d.body, d.expect = s.o.Delete.Method, unconditional(d.fields), nil, &removed
	r := compile(d)
	key := string(r.head.appendTo(nil, placeholder, &opID{}))
	if known := s.undos[key]; known != nil {
		return known // targets that differ in nothing but their bodies
	}
	if s.undos == nil {
		s.undos = map[string]*request{}
	}
	s.undos[key] = &r
	return &r
}

// unconditional are the fields without those that describe a body, or make the
// answer depend on what is there.
func unconditional(fields []credential.Field) []credential.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f credential.Field) bool {
		name := strings.ToLower(f.Name)
		return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "if-")
	})
}

// Remove implements probes.Keeper. Which request an op made follows from its
// number or seed; where a killed run left no seed, all that create are undone,
// at the names of that op alone.
func (s *session) Remove(ctx context.Context, k probes.Kept) error {
	if s.o.Delete.Off {
		return fmt.Errorf("%s stays: the scenario removes nothing (delete: off)", k.Name)
	}
	if s.o.Order == Random && k.Seed == 0 {
		absent := 0
		for _, r := range s.undos {
			switch err := s.remove(ctx, r, k); {
			case errors.Is(err, probes.ErrAbsent):
				absent++
			case err != nil:
				return err
			}
		}
		if absent > 0 && absent == len(s.undos) {
			return fmt.Errorf("%s through %s: %w", k.Name, s.on.Arm.ID, probes.ErrAbsent)
		}
		return nil
	}
	r := s.requests[s.turns.pick(k.Seq, k.Seed)].undo
	if r == nil {
		return nil // the op's request creates nothing
	}
	return s.remove(ctx, r, k)
}

func (s *session) remove(ctx context.Context, r *request, k probes.Kept) error {
	o := s.aside(ctx, r, k, "remove")
	err := o.Err
	switch status := o.Peer.Status; {
	case status == http.StatusNotFound, status == http.StatusGone:
		err = fmt.Errorf("answered %d: %w", status, probes.ErrAbsent)
	case o.Outcome == probes.OK:
		return nil
	case err == nil:
		err = errors.New(string(o.Outcome))
	}
	if status := o.Peer.Status; status == 0 && silent(o.Outcome) {
		err = fmt.Errorf("%w: %w", probes.ErrSilent, err)
	}
	return fmt.Errorf("%s of %s through %s: %w", r.method, k.Name, s.on.Arm.ID, err)
}

// silent reports whether an outcome is that of a path on which nothing answers.
func silent(o probes.Outcome) bool {
	switch o {
	case probes.DNS, probes.Refused, probes.TLS, probes.Timeout, probes.Stalled:
		return true
	}
	return false
}

// Audit implements probes.Keeper: what the op's request created is asked for
// and compared with the body that was sent. The engine asks for none, because
// what a POST creates is rarely what it sent: Spec is no probes.Audited.
func (s *session) Audit(ctx context.Context, k probes.Kept) probes.Audit {
	made := &s.requests[s.turns.pick(k.Seq, k.Seed)]
	sum := sha256.Sum256(made.body)
	size := unit.Bytes(len(made.body))
	look := request{
		method: http.MethodGet, target: made.target, host: made.host, id: made.id, digest: sum[:],
		expect: &Expect{Status: []Status{{Class: 2}}, Size: &size, SHA256: hex.EncodeToString(sum[:])},
	}
	for _, f := range made.fields {
		if kept := unconditional([]credential.Field{{Name: f.name}}); len(kept) > 0 && !strings.EqualFold(f.name, "Accept-Encoding") {
			look.fields = append(look.fields, f)
		}
	}
	look.frame()
	o := s.aside(ctx, &look, k, "read")
	a := probes.Audit{Finding: probes.Unreadable, Read: o.Received, Evidence: "GET: read whole"}
	if o.Err != nil {
		a.Evidence = fmt.Sprintf("GET: %v (request id %s)", o.Err, o.Peer.RequestID)
	}
	switch status := o.Peer.Status; o.Outcome {
	case probes.OK:
		a.Finding = probes.Intact
	case probes.Short, probes.Long, probes.Corrupt:
		a.Finding = probes.Wrong
	case probes.Status:
		if status == http.StatusNotFound || status == http.StatusGone {
			a.Finding = probes.Absent
		}
	default:
		a.Silent = o.Received == 0 && status == 0
	}
	return a
}

// Receipts implements probes.Keeper: a storm names no place to ask.
func (s *session) Receipts(context.Context, probes.Kept) (n int, ok bool, err error) {
	return 0, false, nil
}

// aside does a request that is not measured, outside the places in flight. Its
// id is its own.
func (s *session) aside(ctx context.Context, r *request, k probes.Kept, what string) probes.Observation {
	h := fnv.New64a()
	_, _ = h.Write([]byte(what + " " + k.Name)) // a hash never fails to write
	return s.one(ctx, -1, r, probes.Op{Name: k.Name, Seed: h.Sum64(), Epoch: time.Now(), Slot: -1, Meter: new(probes.Meter)})
}
