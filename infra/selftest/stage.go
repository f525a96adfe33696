package selftest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"loadline/infra/lab"
	"loadline/infra/lab/balancer"
	"loadline/infra/lab/fault"
	"loadline/infra/lab/origin"
	"loadline/infra/lab/pki"
	"loadline/infra/lab/relay"
)

// The path to either arm of a case about time: as far and as wide as a near
// site, so that the comparison is of the balancer and not of two processes on
// one machine.
const (
	oneWay = 5 * time.Millisecond
	rate   = 8e6
)

// stage is the services of one run: an origin, a backend that serves the same
// store, a balancer in front of that, and a relay before each arm
// of a case about time.
type stage struct {
	group lab.Group
	front *balancer.Balancer
	env   map[string]string
}

func setUp(ctx context.Context, c Case) (*stage, error) {
	s := &stage{env: map[string]string{}}
	if err := s.start(ctx, c); err != nil {
		return nil, errors.Join(fmt.Errorf("the stage of %s cannot be set up: %w", c.Name, err), s.stop())
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, c Case) error {
	faults := map[Place][]fault.Fault{}
	if c.Fault != "" {
		f, err := fault.Parse(c.Fault)
		if err != nil {
			return err
		}
		faults[c.At] = []fault.Fault{f}
	}
	ca, file, err := s.group.Authority()
	if err != nil {
		return err
	}
	s.env["CA"] = file
	store, err := origin.New(origin.Options{ID: "store", CA: ca})
	if err := s.group.Up(ctx, store, err); err != nil {
		return err
	}
	backend, err := origin.New(origin.Options{ID: "backend", CA: ca, Shares: store, Faults: faults[Backend]})
	if err := s.group.Up(ctx, backend, err); err != nil {
		return err
	}
	s.front, err = balancer.New(balancer.Options{CA: ca, Backends: []string{backend.URL()}, Faults: faults[Balancer]})
	if err := s.group.Up(ctx, s.front, err); err != nil {
		return err
	}
	for name, to := range map[string]string{"AROUND": store.Addr(), "THROUGH": s.front.Addr()} {
		s.env[name] = "https://" + to
		if !c.Timed {
			continue
		}
		line, err := relay.New(relay.Options{To: to, Delay: oneWay, Rate: rate})
		if err := s.group.Up(ctx, line, err); err != nil {
			return err
		}
		s.env[name] = "https://" + line.Addr()
	}
	s.env["STORE"] = store.URL()
	return s.publish(ctx, ca)
}

func (s *stage) stop() error { return s.group.Stop() }

// releaseSize is the size of the published object, in bytes.
const releaseSize = 64 << 10

// publish puts an object that was there before the run, twice, so that an
// older body of it exists; RELEASE names it, and RELEASE_SHA256 is the digest
// of the last one.
func (s *stage) publish(ctx context.Context, ca *pki.CA) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}, DisableKeepAlives: true}}
	s.env["RELEASE"], s.env["RELEASE_SIZE"] = "/files/release", strconv.Itoa(releaseSize)
	body := make([]byte, releaseSize)
	for generation := range byte(2) {
		rand.NewChaCha8([32]byte{generation}).Read(body)
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, s.env["STORE"]+s.env["RELEASE"], bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := client.Do(r)
		if err != nil {
			return fmt.Errorf("publish the release: %w", err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			return fmt.Errorf("publish the release: the origin answered %s", resp.Status)
		}
	}
	s.env["RELEASE_SHA256"] = fmt.Sprintf("%x", sha256.Sum256(body))
	return nil
}
