package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"loadline/probes"
	"loadline/probes/internal/payload"
	"loadline/scenarios/unit"
)

// unmeasured is an op that no trial knows of.
func unmeasured(name string, seed uint64, size unit.Bytes) probes.Op {
	return probes.Op{Name: name, Seed: seed, Size: size, Epoch: time.Now(), Meter: new(probes.Meter)}
}

// aside runs a job outside the slots.
func (s *session) aside(ctx context.Context, j job) probes.Observation {
	lane := s.lanes.side()
	defer s.lanes.give(lane)
	return s.run(ctx, lane, j)
}

// Audit implements probes.Keeper: the whole object is read through this
// session's path and compared byte by byte.
func (s *session) Audit(ctx context.Context, k probes.Kept) probes.Audit {
	obj := payload.Object{Seed: k.Seed, ID: k.Name, Size: int64(k.Size)}
	o := s.read(ctx, obj, Range{}, lookPatience*s.limits.stall)
	a := probes.Audit{Read: o.Received}
	text := "read whole"
	if o.Err != nil {
		text = o.Err.Error()
	}
	a.Evidence = fmt.Sprintf("GET: %s (request id %s)", text, o.Peer.RequestID)
	switch o.Outcome {
	case probes.OK:
		a.Finding = probes.Intact
	case probes.Short, probes.Long, probes.Corrupt, probes.Swapped, probes.Stale:
		a.Finding = probes.Wrong
	case probes.Status:
		a.Finding = probes.Unreadable
		if o.Peer.Status == http.StatusNotFound || o.Peer.Status == http.StatusGone {
			a.Finding = probes.Absent
		}
	default:
		a.Finding, a.Silent = probes.Unreadable, silent(o.Outcome)
	}
	return a
}

// lookPatience is how long what is not measured waits for the answer to begin,
// in units of stall_after: a store may take long to commit, but not to find or
// forget what it has, and a path that swallows requests must not hold up all
// read-backs and removals.
const lookPatience = 2

// read downloads an object, or a range of it, and verifies it. It waits so long
// for the answer to begin; 0 is as long as ops do.
func (s *session) read(ctx context.Context, obj payload.Object, r Range, answer time.Duration) probes.Observation {
	op := unmeasured(obj.ID, obj.Seed, unit.Bytes(obj.Size))
	id := s.ids(obj.ID+" read", obj.Seed)
	pt := s.part(obj, r, obj.Seed)
	pt.own, pt.verify = true, VerifyDigest
	request := s.request("GET", s.o.readPath(), obj.ID, unit.Bytes(obj.Size), id)
	request.without("Content-Type")
	if pt.ranged {
		request.without("Accept-Encoding") // a range of an encoding is no range of the object
		request.add("Range", r.header(pt.off, pt.n))
	}
	return s.aside(ctx, job{op: op, id: id, object: obj, request: request, part: &pt, redirects: s.o.Redirects, answer: answer})
}

// Remove implements probes.Keeper.
func (s *session) Remove(ctx context.Context, k probes.Kept) error {
	if s.o.Direction == Upload && !s.o.removable() {
		return fmt.Errorf("%s stays: the scenario removes nothing (delete: off), or names no way to", k.Name)
	}
	path := s.o.Delete.Path
	if path == "" {
		path = s.o.readPath()
	}
	id := s.ids(k.Name+" remove", k.Seed)
	r := s.request(s.o.Delete.Method, path, k.Name, k.Size, id)
	r.without("Content-Type")
	o := s.aside(ctx, job{
		op: unmeasured(k.Name, k.Seed, 0), id: id, request: r, redirects: s.o.Redirects, answer: lookPatience * s.limits.stall,
	})
	err := o.Err
	switch status := o.Peer.Status; {
	case o.Outcome == probes.OK:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		err = fmt.Errorf("answered %d: %w", status, probes.ErrAbsent)
	case err == nil:
		err = errors.New(string(o.Outcome))
	}
	if silent(o.Outcome) {
		err = fmt.Errorf("%w: %w", probes.ErrSilent, err)
	}
	return fmt.Errorf("%s of %s through %s: %w", s.o.Delete.Method, k.Name, s.on.Arm.ID, err)
}

// silent reports whether an outcome is that of a path on which nothing answers.
func silent(o probes.Outcome) bool {
	switch o {
	case probes.DNS, probes.Refused, probes.TLS, probes.Timeout, probes.Stalled:
		return true
	}
	return false
}

// maxReceipt bounds the answer of the place that counts.
const maxReceipt = 1 << 20

// Receipts implements probes.Keeper. The origin is asked at its own address,
// not through the arm's path; the arm's credentials go along only where the
// host is the arm's.
func (s *session) Receipts(ctx context.Context, k probes.Kept) (n int, ok bool, err error) {
	where := s.o.Receipts
	if where == nil {
		return 0, false, nil
	}
	place := expand(where.URL, k.Name, k.Size)
	fail := func(err error) (int, bool, error) {
		return 0, true, s.secrets.Clean(fmt.Errorf("receipts of %s: %w", k.Name, err))
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.answer)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return fail(errors.New("work.receipts.url is no URL"))
	}
	if user := r.URL.User; user != nil {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	if r.URL.User == nil && originOf(r.URL) == s.links.home {
		for _, f := range s.fields {
			if f.secret || strings.EqualFold(f.name, "Authorization") {
				r.Header.Set(f.name, f.value)
			}
		}
	}
	resp, err := s.counter().RoundTrip(r)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	document, err := io.ReadAll(io.LimitReader(resp.Body, maxReceipt))
	if err != nil {
		return fail(err)
	}
	if resp.StatusCode/100 != 2 {
		return fail(fmt.Errorf("answered %s", resp.Status))
	}
	if n, err = countAt(document, where.Count); err != nil {
		return fail(err)
	}
	return n, true, nil
}

// counter is the client that receipts are asked with, made when first needed.
func (s *session) counter() *http.Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receipts == nil {
		s.receipts = &http.Transport{
			DialContext: s.links.free.DialContext, TLSClientConfig: s.links.config.Clone(),
			TLSHandshakeTimeout: s.links.limit, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second,
		}
		s.receipts.TLSClientConfig.NextProtos = nil
	}
	return s.receipts
}
