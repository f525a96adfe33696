package transfer_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// TestAReadBackKnowsSilenceFromARefusal: only where nothing answers at all is
// there no point in asking for the next object, and it is found out soon,
// however long the answer to an upload may take.
func TestAReadBackKnowsSilenceFromARefusal(t *testing.T) {
	status := func(code int) scenarios.Target {
		o := newOrigin(t, flavour{})
		o.bending(func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(code); return true })
		return o.target(t)
	}
	for _, c := range []struct {
		name    string
		target  scenarios.Target
		finding probes.Finding
		silent  bool
	}{
		{"refused", scenarios.Target{URL: "http://" + probetest.Refused(t)}, probes.Unreadable, true},
		{"accepts, never answers", script(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }), probes.Unreadable, true},
		{"reset", script(t, func(c *net.TCPConn) { readHead(c); _ = c.SetLinger(0) }), probes.Unreadable, false},
		{"403", status(http.StatusForbidden), probes.Unreadable, false},
		{"503", status(http.StatusServiceUnavailable), probes.Unreadable, false},
		{"404", status(http.StatusNotFound), probes.Absent, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := probetest.TryOpen(t, transfer.Probe{}, uploadWork+"stall_after: 500ms\nanswer_after: 2m\n", c.target)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			a := b.Session.(probes.Keeper).Audit(context.Background(), probes.Kept{Name: "x", Seed: 1, Size: unit.KiB})
			if a.Finding != c.finding || a.Silent != c.silent || !strings.HasPrefix(a.Evidence, "GET: ") {
				t.Errorf("%+v, want %s, silent %v", a, c.finding, c.silent)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestARemovalSaysWhatItKnows: a path on which there is nothing is not one that
// refuses, nor one that is silent; and silence is found out soon.
func TestARemovalSaysWhatItKnows(t *testing.T) {
	status := func(code int) scenarios.Target {
		o := newOrigin(t, flavour{})
		o.bending(func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(code); return true })
		return o.target(t)
	}
	hole := func() scenarios.Target {
		return script(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) })
	}
	for _, c := range []struct {
		name           string
		target         scenarios.Target
		fine           bool
		absent, silent bool
	}{
		{"204", status(http.StatusNoContent), true, false, false},
		{"404", status(http.StatusNotFound), false, true, false},
		{"410", status(http.StatusGone), false, true, false},
		{"405", status(http.StatusMethodNotAllowed), false, false, false},
		{"503", status(http.StatusServiceUnavailable), false, false, false},
		{"no connection", scenarios.Target{URL: "http://" + probetest.Refused(t)}, false, false, true},
		{"accepts, never answers", hole(), false, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := probetest.TryOpen(t, transfer.Probe{}, uploadWork+"stall_after: 500ms\nanswer_after: 2m\n", c.target)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			err = b.Session.(probes.Keeper).Remove(context.Background(), probes.Kept{Name: "x", Seed: 1, Size: unit.KiB})
			if (err == nil) != c.fine || errors.Is(err, probes.ErrAbsent) != c.absent || errors.Is(err, probes.ErrSilent) != c.silent {
				t.Errorf("%v", err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("fixtures", func(t *testing.T) {
		t.Parallel()
		began := time.Now()
		err := prepare(t, "kind: http.transfer\ndirection: download\npath: /files/{name}\nsize: 1KiB\nstall_after: 500ms\nanswer_after: 2m\n", hole())
		if took := time.Since(began); err == nil || took > 20*time.Second {
			t.Errorf("preparing fixtures on a path that answers nothing: %v after %v", err, took)
		}
	})
	t.Run("stores nothing", func(t *testing.T) {
		t.Parallel()
		o := newOrigin(t, flavour{})
		forever := make(chan struct{})
		t.Cleanup(func() { close(forever) })
		o.bending(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut {
				<-forever // the body is swallowed, the answer never comes
				return true
			}
			return false
		})
		began := time.Now()
		err := prepare(t, "kind: http.transfer\ndirection: download\npath: /files/{name}\nsize: 1KiB\nstall_after: 500ms\nanswer_after: 2m\n", o.target(t))
		if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "cannot be stored") || took > 20*time.Second {
			t.Errorf("a fixture that is swallowed: %v after %v", err, took)
		}
	})
}

// prepare is what a session says of its fixtures.
func prepare(t *testing.T, work string, target scenarios.Target) error {
	t.Helper()
	b, err := probetest.TryOpen(t, transfer.Probe{}, work, target)
	if err != nil {
		t.Fatal(err)
	}
	return b.Session.Prepare(context.Background())
}
