package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"loadline/probes"
	"loadline/probes/internal/payload"
	"loadline/probes/internal/reach"
	"loadline/scenarios/unit"
)

// glance is how much of a fixture is read to see whether it is there.
const glance = 64 << 10

// Prepare implements probes.Session. Downloads of own fixtures upload them
// unless they can be seen through this arm already, because another arm of the
// run has stored them.
func (s *session) Prepare(ctx context.Context) error {
	for _, obj := range s.fixtures {
		if err := s.provide(ctx, obj); err != nil {
			return s.secrets.Clean(fmt.Errorf("arm %s: %w", s.on.Arm.ID, err))
		}
	}
	return nil
}

// provide makes sure that a fixture is there.
func (s *session) provide(ctx context.Context, obj payload.Object) error {
	seen := s.glance(ctx, obj)
	switch {
	case seen.Outcome == probes.OK:
		return nil
	case seen.Outcome == probes.Cut:
		return context.Cause(ctx)
	case seen.Peer.Status != http.StatusNotFound && seen.Peer.Status != http.StatusGone:
		return fmt.Errorf("fixture %s cannot be looked for: %w", obj.ID, seen.Err)
	}
	op := unmeasured(obj.ID, obj.Seed, unit.Bytes(obj.Size))
	id := s.ids(obj.ID+" store", obj.Seed)
	r := s.upload(http.MethodPut, obj, id)
	r.without("Accept-Encoding")
	o := s.aside(ctx, job{op: op, id: id, object: obj, request: r, redirects: s.o.Redirects, answer: lookPatience * s.limits.stall})
	if o.Outcome == probes.OK {
		s.mu.Lock()
		s.stored = append(s.stored, obj)
		s.mu.Unlock()
		return nil
	}
	if o.Outcome == probes.Cut {
		return context.Cause(ctx)
	}
	return fmt.Errorf("fixture %s cannot be stored: PUT: %w (hint: fixture: existing reads what is there)", obj.ID, o.Err)
}

// glance reads the first bytes of a fixture, or all of a server's answer that
// ignores ranges up to them.
func (s *session) glance(ctx context.Context, obj payload.Object) probes.Observation {
	if obj.Size <= glance {
		return s.read(ctx, obj, Range{}, lookPatience*s.limits.stall)
	}
	o := s.read(ctx, obj, Range{Mode: "span", To: glance - 1}, lookPatience*s.limits.stall)
	if o.Outcome == probes.Protocol && errors.Is(o.Err, errIgnored) && o.Peer.Status == http.StatusOK {
		o.Outcome, o.Err = probes.OK, nil // it is there, whole as far as can be told
	}
	return o
}

// Close implements probes.Session: fixtures that this session stored are
// removed, and all connections end.
func (s *session) Close(ctx context.Context) error {
	defer s.links.watch.Close() // when all connections are, so that it sees their end
	s.mu.Lock()
	stored := s.stored
	s.stored = nil
	s.mu.Unlock()
	var failures []error
	for _, obj := range stored {
		if err := s.Remove(ctx, probes.Kept{Name: obj.ID, Seed: obj.Seed, Size: unit.Bytes(obj.Size)}); err != nil && !errors.Is(err, probes.ErrAbsent) {
			failures = append(failures, err)
		}
	}
	s.lanes.close()
	s.closeShared(ctx)
	for _, remark := range reach.Unvisited(s.links.pinned) {
		s.warn(remark)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receipts != nil {
		s.receipts.CloseIdleConnections()
	}
	return errors.Join(failures...)
}

// closeShared ends the shared connection, unless an op is just opening it and
// will not be done in time: its context ends it then.
func (s *session) closeShared(ctx context.Context) {
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return
	}
	if s.shared != nil {
		s.shared.close()
		s.shared = nil
	}
}
