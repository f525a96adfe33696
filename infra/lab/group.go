package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"loadline/infra/lab/pki"
)

// Group is services that stand and fall together, with the files they share.
// The zero value is an empty group.
type Group struct {
	services []Service
	dir      string
}

// Up starts a service that was made without error and takes it into the
// group: Up(ctx, s, err) after s, err := New(...).
func (g *Group) Up(ctx context.Context, s Service, made error) error {
	if made != nil {
		return made
	}
	if err := s.Start(ctx); err != nil {
		// A service that failed has told where its configuration lies, and
		// removes it with the context.
		return err
	}
	g.services = append(g.services, s)
	return nil
}

// Authority makes a certificate authority and puts its certificate into a file
// that clients read.
func (g *Group) Authority() (ca *pki.CA, file string, err error) {
	if ca, err = pki.NewCA(); err != nil {
		return nil, "", err
	}
	if g.dir == "" {
		if g.dir, err = os.MkdirTemp("", "loadline-lab-*"); err != nil {
			return nil, "", err
		}
	}
	file = filepath.Join(g.dir, "ca.pem")
	return ca, file, os.WriteFile(file, ca.PEM(), 0o600)
}

// Stop ends the services in the reverse order of their start and removes the
// files. It may be called more than once.
func (g *Group) Stop() error {
	var errs []error
	for i := len(g.services) - 1; i >= 0; i-- {
		errs = append(errs, g.services[i].Stop())
	}
	g.services = nil
	if g.dir != "" {
		errs = append(errs, os.RemoveAll(g.dir))
		g.dir = ""
	}
	return errors.Join(errs...)
}
