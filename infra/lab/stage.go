package lab

import (
	"context"

	"loadline/infra/lab/fault"
	"loadline/infra/lab/origin"
	"loadline/infra/lab/pki"
	"loadline/infra/lab/relay"
)

// Stage is an incident that is up. Both arms have the same URL and differ in
// the address to connect to.
type Stage struct {
	URL     string // base of every path
	Around  string // host:port of the way around the balancer
	Through string // host:port of the way through it
	CA      string // file with the authority to trust; empty in cleartext

	// Origins are the servers behind, the first of which is the way around
	// leads to; their faults may be changed.
	Origins []*origin.Origin
	// Witness is the host:port at which the first origin tells its receipts in
	// cleartext.
	Witness string

	incident Incident
	group    Group
}

// Name is the incident's ID.
func (s *Stage) Name() string { return s.incident.ID }

// Env are the variables in the incident's scenarios.
func (s *Stage) Env() map[string]string {
	return map[string]string{
		"LAB_URL": s.URL, "LAB_AROUND": s.Around, "LAB_THROUGH": s.Through, "LAB_CA": s.CA, "LAB_ORIGIN": s.Witness,
	}
}

// Stop ends everything, in the reverse order of its start.
func (s *Stage) Stop() error { return s.group.Stop() }

// bench builds a stage: each call starts one more service, which the stage
// then owns.
type bench struct {
	ctx   context.Context
	stage *Stage
	ca    *pki.CA
}

func (b *bench) start(s Service) error { return b.stage.group.Up(b.ctx, s, nil) }

// tls makes the stage speak TLS.
func (b *bench) tls() error {
	ca, file, err := b.stage.group.Authority()
	b.ca, b.stage.CA, b.stage.URL = ca, file, "https://"+pki.DefaultNames[0]
	return err
}

// origin adds an origin with faults, one line each.
func (b *bench) origin(o origin.Options, faults ...string) (*origin.Origin, error) {
	for _, line := range faults {
		f, err := fault.Parse(line)
		if err != nil {
			return nil, err
		}
		o.Faults = append(o.Faults, f)
	}
	s, err := origin.New(o)
	if err != nil {
		return nil, err
	}
	if err := b.start(s); err != nil {
		return nil, err
	}
	b.stage.Origins = append(b.stage.Origins, s)
	if b.stage.Witness == "" && o.CA == nil {
		b.stage.Witness = s.Addr()
	}
	return s, nil
}

// relay adds a relay and gives its address.
func (b *bench) relay(o relay.Options) (string, error) {
	r, err := relay.New(o)
	if err != nil {
		return "", err
	}
	if err := b.start(r); err != nil {
		return "", err
	}
	return r.Addr(), nil
}

// haproxy adds an HAProxy with one frontend and gives its address.
func (b *bench) haproxy(p Proxy) (string, error) {
	h, err := NewHAProxy(p)
	if err != nil {
		return "", err
	}
	if err := b.start(h); err != nil {
		return "", err
	}
	return h.Addr(0), nil
}

// nginx adds an nginx with one frontend and gives its address.
func (b *bench) nginx(p Proxy) (string, error) {
	n, err := NewNginx(p)
	if err != nil {
		return "", err
	}
	if err := b.start(n); err != nil {
		return "", err
	}
	return n.Addr(0), nil
}
