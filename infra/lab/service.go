// Package lab starts the real thing on this machine: origins, relays and the
// embedded balancer in this process, HAProxy and nginx as child processes with
// generated configuration, all on loopback ports that nobody chose beforehand.
//
// It is for demonstrations, self tests and the known incidents; it is not a way
// to run a service. Nothing needs root, nothing outlives Stop or the death of
// this process, and everything written lies in temporary directories that the
// lab itself made and removes.
package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Service is one running part of a lab. Start returns when the service answers;
// it ends at Stop, or when the context that Start was given ends. Stop may be
// called at any time and more than once.
type Service interface {
	Name() string
	Start(ctx context.Context) error
	Stop() error
}

// packages names what to install for each program the lab can start.
var packages = map[string]string{"haproxy": "haproxy", "nginx": "nginx"}

// sbin are the directories where Debian puts servers, which are not in every
// user's PATH.
var sbin = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// ErrNotInstalled is in the error of Find for a program that is not there.
var ErrNotInstalled = errors.New("not installed")

// Find gives the path of a server program.
func Find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range sbin {
		path := filepath.Join(dir, program)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	remedy := "see its own documentation"
	if p, ok := packages[program]; ok {
		remedy = "apt-get install " + p
	}
	return "", fmt.Errorf("%s: %w: %s (looked in PATH and %s)", program, ErrNotInstalled, remedy, strings.Join(sbin, ", "))
}
