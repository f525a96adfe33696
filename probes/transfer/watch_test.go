package transfer_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// TestSamplesCoverTheConnection: in clear, through TLS and over HTTP/2, the
// intervals of the op's own connection follow each other, sum to what it
// carried, and end with the session.
func TestSamplesCoverTheConnection(t *testing.T) {
	const size = 6 * unit.MiB
	for name, f := range map[string]flavour{"1.1": {}, "tls": {tls: true}, "tls h2": {tls: true, h2: true}, "h2c": {h2c: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t, f)
			o.bending(func(w http.ResponseWriter, r *http.Request) bool {
				for { // about 0.7 s
					if _, err := io.CopyN(io.Discard, r.Body, 256<<10); err != nil {
						return true
					}
					time.Sleep(30 * time.Millisecond)
				}
			})
			target := o.target(t)
			if f.h2c {
				target.HTTP = scenarios.H2C
			}
			var seen probetest.Samples
			b, err := probetest.TryOpen(t, transfer.Probe{}, "kind: http.transfer\ndirection: upload\nsize: 6MiB\npath: /{name}\nverify: none\ncongestion: {around: cubic}\n", target, seen.From)
			if err != nil {
				t.Fatal(err)
			}
			op := ok(t, b)
			if err := b.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			var acked unit.Bytes
			var until time.Time
			all := seen.All()
			for i, s := range all {
				if s.Conn != op.Socket.Conn || s.Congestion != "cubic" || s.RTT <= 0 || s.Cwnd <= 0 {
					t.Errorf("sample %d is not of the op's connection: %+v", i, s)
				}
				if gap := s.At.Add(-s.Span).Sub(until); i > 0 && gap != 0 {
					t.Errorf("sample %d begins %v after the end of the one before", i, gap)
				}
				if s.Last != (i == len(all)-1) {
					t.Errorf("sample %d of %d: last is %v", i, len(all), s.Last)
				}
				acked, until = acked+s.Acked, s.At
			}
			if len(all) < 2 || acked < size || acked > size+size/20 {
				t.Errorf("%d samples with %v acknowledged, want at least 2 and a little over %v", len(all), acked, size)
			}
		})
	}
}

// TestManyConnectionsAreCounted: those beyond the limit are left out and told.
func TestManyConnectionsAreCounted(t *testing.T) {
	const conns = 300
	o := newOrigin(t, flavour{})
	o.bending(func(http.ResponseWriter, *http.Request) bool { return true })
	var seen probetest.Samples
	b, err := probetest.TryOpen(t, transfer.Probe{}, "kind: http.transfer\ndirection: upload\nsize: 1KiB\npath: /{name}\nverify: none\n", o.target(t), seen.From,
		func(on *probes.On) { on.Slots = conns })
	if err != nil {
		t.Fatal(err)
	}
	for slot := range conns {
		if got := b.Do(t.Context(), b.Op(slot)); got.Outcome != probes.OK {
			t.Fatal(got.Err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	followed, unfollowed := map[uint64]bool{}, seen.Sum().Unfollowed
	for _, s := range seen.All() {
		followed[s.Conn] = true
	}
	if len(followed) > 256 || uint64(len(followed))+unfollowed != conns {
		t.Errorf("%d connections followed and %d left out, want %d in all and at most 256 followed", len(followed), unfollowed, conns)
	}
}
