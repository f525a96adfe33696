// Package demo is the stage of the first minute: an origin, and in front of it
// the lab's own balancer, healthy or "upgraded". Both arms are as far away as
// a real site (20 ms, 60 MB/s per connection), by way of relays, so that the
// comparison is of the balancer and not of two processes on one machine.
//
// The upgraded balancer has two faults of real incidents: its HTTP/2 window
// holds an upload to 64 kB per round trip, and it acknowledges one upload that
// it never passes on.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"loadline/infra/lab"
	"loadline/infra/lab/balancer"
	"loadline/infra/lab/fault"
	"loadline/infra/lab/origin"
	"loadline/infra/lab/relay"
)

// Scenario is the demo's scenario; it reads AROUND, THROUGH and CA.
//
//go:embed demo.yaml
var Scenario []byte

// The path to either arm, and the window of the upgraded balancer.
const (
	oneWay = 10 * time.Millisecond
	rate   = 60e6
	window = 64 << 10
)

// Stage is the running demo.
type Stage struct {
	group lab.Group
	// Env are the variables that Scenario reads.
	Env map[string]string
}

// Start brings up one act; Stop takes it down and removes its files.
func Start(ctx context.Context, upgraded bool) (*Stage, error) {
	s := &Stage{Env: map[string]string{}}
	if err := s.start(ctx, upgraded); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stage) start(ctx context.Context, upgraded bool) error {
	ca, file, err := s.group.Authority()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s.Env["CA"] = file
	files, err := origin.New(origin.Options{ID: "files", CA: ca})
	if err := s.group.Up(ctx, files, err); err != nil {
		return err
	}
	options := balancer.Options{ID: "balancer", CA: ca, Backends: []string{files.URL()}}
	if upgraded {
		options.StreamWindow = window
		options.Faults = []fault.Fault{{Kind: fault.Lose, On: fault.Upload, Skip: 6, Times: 1}}
	}
	front, err := balancer.New(options)
	if err := s.group.Up(ctx, front, err); err != nil {
		return err
	}
	for name, to := range map[string]string{"AROUND": files.Addr(), "THROUGH": front.Addr()} {
		line, err := relay.New(relay.Options{To: to, Delay: oneWay, Rate: rate})
		if err := s.group.Up(ctx, line, err); err != nil {
			return err
		}
		s.Env[name] = "https://" + line.Addr()
	}
	return nil
}

// Stop takes down what Start brought up and removes its files.
func (s *Stage) Stop() error { return s.group.Stop() }
