package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"loadline/infra/lab"
	"loadline/reports"
)

// upState is what lab up leaves for lab down.
type upState struct {
	PID      int               `json:"pid"`
	Incident string            `json:"incident"`
	Env      map[string]string `json:"env"`
}

// stateFile is where the running lab is written down, one per user.
func stateFile() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", usage(fmt.Errorf("lab: %w (hint: set HOME or XDG_CACHE_HOME)", err))
	}
	return filepath.Join(dir, "loadline", "lab.json"), nil
}

func labUp(a app) *cobra.Command {
	var healthy bool
	c := &cobra.Command{
		Use: "up INCIDENT", Short: "start an incident in the background and print the variables of its scenarios",
		Example: "  eval \"$(loadline lab up D1)\"\n  loadline lab up D6 --healthy",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := lab.FindIncident(args[0]); err != nil {
				return usage(err)
			}
			return bringUp(c.Context(), a, args[0], healthy)
		},
	}
	c.Flags().BoolVar(&healthy, "healthy", false, "start the healthy twin instead")
	return c
}

// bringUp starts this program again as lab serve and waits for its state.
func bringUp(ctx context.Context, a app, id string, healthy bool) error {
	file, err := stateFile()
	if err != nil {
		return err
	}
	if s, err := readState(file); err == nil && serving(s.PID) {
		return usage(fmt.Errorf("lab: %s is up already (hint: loadline lab down)", s.Incident))
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), ignoreMissing(os.Remove(file))); err != nil {
		return notKept(err)
	}
	var said strings.Builder
	child := exec.Command(self, "lab", "serve", id, fmt.Sprintf("--healthy=%t", healthy))
	child.Stderr = &said
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		return unreachable(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if s, err := readState(file); err == nil {
			printEnv(a, s)
			return nil
		}
		select {
		case <-ended:
			return unreachable(errors.New(strings.TrimPrefix(strings.TrimSpace(said.String()), "loadline: ")))
		case <-ctx.Done():
			_ = child.Process.Signal(syscall.SIGTERM)
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	_ = child.Process.Signal(syscall.SIGTERM)
	return unreachable(fmt.Errorf("lab: %s did not come up within 30 s", id))
}

func printEnv(a app, s upState) {
	names := make([]string, 0, len(s.Env))
	for name := range s.Env {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(a.stdout, "export %s\n", reports.ShellAssignment(name, s.Env[name]))
	}
	a.hint("%s is up (process %d); loadline lab down ends it", s.Incident, s.PID)
}

// labServe is the background half of lab up.
func labServe(app) *cobra.Command {
	var healthy bool
	c := &cobra.Command{
		Use: "serve INCIDENT", Short: "start an incident and stay until interrupted", Args: cobra.ExactArgs(1), Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			i, err := lab.FindIncident(args[0])
			if err != nil {
				return usage(err)
			}
			stage, err := i.Up(c.Context(), !healthy)
			if err != nil {
				return unreachable(err)
			}
			defer stage.Stop()
			file, err := stateFile()
			if err != nil {
				return err
			}
			if err := writeState(file, upState{os.Getpid(), i.ID, stage.Env()}); err != nil {
				return notKept(err)
			}
			defer os.Remove(file)
			<-c.Context().Done()
			return nil
		},
	}
	c.Flags().BoolVar(&healthy, "healthy", false, "the healthy twin")
	return c
}

func labDown(a app) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "end what lab up started", Args: cobra.NoArgs,
		Example: "  loadline lab down",
		RunE: func(c *cobra.Command, _ []string) error {
			file, err := stateFile()
			if err != nil {
				return err
			}
			s, err := readState(file)
			if errors.Is(err, fs.ErrNotExist) || err == nil && !serving(s.PID) {
				a.hint("no lab is up")
				return ignoreMissing(os.Remove(file))
			}
			if err != nil {
				return usage(err)
			}
			if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil {
				return unreachable(fmt.Errorf("lab: process %d: %w", s.PID, err))
			}
			for range 200 {
				if !serving(s.PID) {
					fmt.Fprintf(a.stdout, "%s is down\n", s.Incident)
					return nil
				}
				time.Sleep(50 * time.Millisecond)
			}
			return unreachable(fmt.Errorf("lab: process %d does not end", s.PID))
		},
	}
}

// serving reports whether the process is a lab of this program, and not
// another one that was given the same number since.
func serving(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(line), "\x00lab\x00serve\x00")
}

func readState(file string) (upState, error) {
	var s upState
	b, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}

// writeState puts the file in place whole, since lab up reads it as it comes.
func writeState(file string, s upState) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	part := file + ".part"
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return err
	}
	return os.Rename(part, file)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
