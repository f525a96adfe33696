package transfer_test

import (
	"context"
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
