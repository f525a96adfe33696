package transfer_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// TestAgainst moves 1 GiB to or from a server that runs elsewhere and prints
// rate and CPU, for comparison with other clients: LOADLINE_PEER is the URL of
// a server that takes PUT, LOADLINE_DIRECTION upload or download.
func TestAgainst(t *testing.T) {
	peer := os.Getenv("LOADLINE_PEER")
	if peer == "" {
		t.Skip("LOADLINE_PEER names no server to measure against")
	}
	target := scenarios.Target{URL: peer, HTTP: scenarios.Auto, TLS: scenarios.TLS{Insecure: true}}
	if p := os.Getenv("LOADLINE_HTTP"); p != "" {
		target.HTTP = scenarios.Protocol(p)
	}
	b := probetest.Open(t, transfer.Probe{}, "kind: http.transfer\ndirection: "+os.Getenv("LOADLINE_DIRECTION")+"\nsize: 1GiB\npath: /files/{name}\nconnections: fresh\n", target)
	before, began := cpu(), time.Now()
	o := b.Do(context.Background(), b.Op(0))
	took, used := time.Since(began), cpu()-before
	want(t, o, probes.OK)
	t.Logf("%s: %.2f GB/s, %.2f CPU-s/GiB", os.Getenv("LOADLINE_DIRECTION"), float64(unit.GiB)/1e9/took.Seconds(), used.Seconds())
	if k, ok := b.Session.(probes.Keeper); ok {
		_ = k.Remove(context.Background(), probes.Kept{Name: o.Name})
	}
}

// cpu is what this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
