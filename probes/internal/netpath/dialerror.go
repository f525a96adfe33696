package netpath

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Stage is how far opening a connection got.
type Stage string

// The stages.
const (
	StageAddress Stage = "address" // the target is not host:port
	StageResolve Stage = "resolve" // the name has no address, or the lookup failed
	StageOption  Stage = "option"  // the kernel refused a socket option
	StageConnect Stage = "connect" // refused, unreachable, no answer
)

// DialError is why a connection could not be opened. errors.Is and errors.As
// reach the cause: syscall.ECONNREFUSED, *net.DNSError, context.Canceled.
type DialError struct {
	Stage  Stage
	Target string         // host:port as configured
	Peer   netip.AddrPort // the address tried, from StageConnect on
	Limit  time.Duration  // the time allowed for the stage
	Err    error
}

// Unwrap is the cause.
func (e *DialError) Unwrap() error { return e.Err }

// Timeout reports whether the stage ran out of time.
func (e *DialError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout() || errors.Is(e.Err, os.ErrDeadlineExceeded)
}

// Error names the place, the cause and what to look at.
func (e *DialError) Error() string {
	place := string(e.Stage) + " " + e.Target
	if e.Peer.IsValid() && e.Peer.String() != e.Target {
		place += " (" + e.Peer.String() + ")"
	}
	cause, remedy := e.explain()
	if remedy == "" {
		return place + ": " + cause
	}
	return place + ": " + cause + ": " + remedy
}

func (e *DialError) explain() (cause, remedy string) {
	var dns *net.DNSError
	var option *optionError
	switch {
	case e.Stage == StageAddress:
		return e.Err.Error(), ""
	case errors.As(e.Err, &option):
		return option.Error(), option.remedy
	case errors.Is(e.Err, context.Canceled):
		return "given up, because the run was stopped", ""
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return "the name has no address", "check the spelling, or give the address with connect"
	case e.Timeout():
		if e.Stage == StageResolve {
			return fmt.Sprintf("no answer from the name server within %v", e.Limit), "check its reachability, or give the address with connect"
		}
		return fmt.Sprintf("no answer within %v", e.Limit), "check that the address is right and that no firewall drops packets"
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "connection refused", "nothing listens there; check port and service"
	case errors.Is(e.Err, syscall.ENETUNREACH), errors.Is(e.Err, syscall.EHOSTUNREACH):
		return "no route to the address", "check the network and, for IPv6, whether this machine has it"
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return "no local port is free", "too many connections were opened in short time; reuse them or widen ip_local_port_range"
	case errors.Is(e.Err, syscall.EMFILE), errors.Is(e.Err, syscall.ENFILE):
		return "no file descriptor is free", "raise the limit (ulimit -n)"
	}
	return causeOf(e.Err).Error(), ""
}

// causeOf drops net's own description of what was dialed, which is said already.
func causeOf(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

func stageOf(err error) Stage {
	var option *optionError
	if errors.As(err, &option) {
		return StageOption
	}
	return StageConnect
}

// optionError is a socket option that the kernel refused.
type optionError struct {
	option, remedy string
	err            error
}

func (e *optionError) Error() string { return e.option + ": " + e.err.Error() }
func (e *optionError) Unwrap() error { return e.err }
