package record

import (
	"slices"

	"loadline/scenarios"
	"loadline/scenarios/redact"
)

// Redact takes out of a text what may be a secret; see package redact.
func Redact(text string) string { return redact.Text(text) }

// Redacted is h without anything that may be a secret, with the names of the
// fields that this changed. The caller's scenario stays as it is.
func Redacted(h Header) Header {
	hide := h.Scenario.Secrets
	h.Command = hide.Text(h.Command)
	source, overrides := hide.Text(h.Source), hide.Texts(h.Overrides)
	if source != h.Source || !slices.Equal(overrides, h.Overrides) {
		h.Redacted = scenarios.Changed(h.Scenario.File, h.Source, h.Overrides, source, overrides)
	}
	h.Source, h.Overrides = source, overrides
	h.Spec = hide.JSON(h.Spec)
	h.Arms = redactedArms(h.Arms, hide)
	h.Scenario.Arms = redactedArms(h.Scenario.Arms, hide)
	h.Scenario.Purpose = hide.Text(h.Scenario.Purpose)
	if env := h.Scenario.Env; env != nil {
		h.Scenario.Env = make(map[string]string, len(env))
		for name, value := range env {
			h.Scenario.Env[name] = hide.Text(value)
		}
	}
	if e := h.Scenario.Event; e != nil {
		event := *e
		event.Run = hide.Command(e.Run)
		h.Scenario.Event = &event
	}
	return h
}

func redactedArms(arms []scenarios.Arm, hide redact.Values) []scenarios.Arm {
	out := make([]scenarios.Arm, len(arms))
	for i, a := range arms {
		t := &a.Target
		t.URL, t.Proxy, t.Auth.User = hide.Text(t.URL), hide.Text(t.Proxy), hide.Scrub(t.Auth.User)
		t.Connect, t.Backend = hide.Texts(t.Connect), hide.Scrub(t.Backend)
		t.TLS.CA, t.TLS.Cert, t.TLS.Key = hide.Scrub(t.TLS.CA), hide.Scrub(t.TLS.Cert), hide.Scrub(t.TLS.Key)
		t.TLS.ServerName = hide.Scrub(t.TLS.ServerName)
		out[i] = a
	}
	return out
}

func redactedFailures(all []Failure, hide redact.Values) []Failure {
	out := slices.Clone(all)
	for i, f := range out {
		out[i].Message, out[i].RequestID, out[i].Backend = hide.Text(f.Message), hide.Scrub(f.RequestID), hide.Scrub(f.Backend)
	}
	return out
}

// RedactedTrial is t without anything that may be a secret: what programs and
// servers say of themselves may repeat what they were given.
func RedactedTrial(t Trial, hide redact.Values) Trial {
	t.Aborted = hide.Text(t.Aborted)
	if t.Event != nil {
		event := *t.Event
		event.Err, event.Output = hide.Text(event.Err), hide.Text(event.Output)
		t.Event = &event
	}
	t.Failures = redactedFailures(t.Failures, hide)
	if t.WarmUp != nil {
		warmUp := *t.WarmUp
		warmUp.Failures = redactedFailures(warmUp.Failures, hide)
		t.WarmUp = &warmUp
	}
	if len(hide) == 0 {
		return t
	}
	peers := make([]Peer, len(t.Peers))
	for i, p := range t.Peers {
		p.Via, p.Server = hide.Scrub(p.Via), hide.Scrub(p.Server)
		peers[i] = p
	}
	if t.Peers != nil {
		t.Peers = peers
	}
	if t.Backends != nil {
		backends := make(map[string]*Backend, len(t.Backends))
		for name, b := range t.Backends {
			backends[hide.Scrub(name)] = b
		}
		t.Backends = backends
	}
	raw := make([]Raw, len(t.Raw))
	for i, r := range t.Raw {
		r.Backend = hide.Scrub(r.Backend)
		raw[i] = r
	}
	if t.Raw != nil {
		t.Raw = raw
	}
	return t
}

// RedactedIntegrity is the ack ledger without what may be a secret in its
// evidence.
func RedactedIntegrity(all []Integrity, hide redact.Values) []Integrity {
	if all == nil {
		return nil
	}
	out := make([]Integrity, len(all))
	for i, one := range all {
		one.Cases = append([]Case(nil), one.Cases...)
		for j := range one.Cases {
			one.Cases[j].Evidence = hide.Texts(one.Cases[j].Evidence)
		}
		out[i] = one
	}
	return out
}
