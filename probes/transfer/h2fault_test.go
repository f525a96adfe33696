package transfer_test

import (
	"context"
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

// TestUploadFaultsH2 are faults of the sending half of HTTP/2 streams.
func TestUploadFaultsH2(t *testing.T) {
	const upload = "kind: http.transfer\ndirection: upload\nsize: 16MiB\npath: /files/{name}\nverify: none\n"
	read := func(r *http.Request, n int64) { _, _ = io.CopyN(io.Discard, r.Body, n) }
	faults := []struct {
		name    string
		outcome probes.Outcome
		words   []string
		handle  func(w http.ResponseWriter, r *http.Request)
	}{
		{"healthy", probes.OK, nil, func(w http.ResponseWriter, r *http.Request) { read(r, 16<<20) }},
		{"413 without reading", probes.Status, []string{"answered 413", "of 16777216 bytes"}, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}},
		{"413 in the body, reads on", probes.Status, []string{"answered 413"}, func(w http.ResponseWriter, r *http.Request) {
			read(r, 1<<20)
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_ = http.NewResponseController(w).Flush()
			read(r, 15<<20)
		}},
		{"stream reset in the body", probes.Reset, []string{"reset the HTTP/2 stream"}, func(w http.ResponseWriter, r *http.Request) {
			read(r, 1<<20)
			panic(http.ErrAbortHandler)
		}},
		{"success before the body is read, and never read", probes.Reset, []string{"answered 200 before the body was whole"}, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
		}},
		{"stops reading", probes.Stalled, []string{"no byte moved"}, func(w http.ResponseWriter, r *http.Request) {
			read(r, 1<<20)
			<-r.Context().Done()
		}},
		{"swallows the body, never answers", probes.Timeout, []string{"no answer"}, func(w http.ResponseWriter, r *http.Request) {
			read(r, 16<<20)
			<-r.Context().Done()
		}},
		{"401", probes.Status, []string{"answered 401", "who are you"}, func(w http.ResponseWriter, r *http.Request) {
			read(r, 16<<20)
			http.Error(w, "who are you", http.StatusUnauthorized)
		}},
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t, flavour{h2c: true})
			target := o.target(t)
			target.HTTP = scenarios.H2C
			b, err := probetest.TryOpen(t, transfer.Probe{}, upload+patience(f.outcome), target)
			if err != nil {
				t.Fatal(err)
			}
			o.bending(func(w http.ResponseWriter, r *http.Request) bool { f.handle(w, r); return true })
			op := b.Op(0)
			got := b.Do(context.Background(), op)
			probetest.Conforms(t, op, got)
			want(t, got, f.outcome, f.words...)
			if got.Outcome != probes.OK && got.Verified != 0 {
				t.Errorf("%v acknowledged by a failed upload", got.Verified)
			}
			o.bending(nil)
			twin := b.Do(context.Background(), b.Op(0))
			want(t, twin, probes.OK)
			if twin.Sent != 16*unit.MiB || twin.Verified != 16*unit.MiB {
				t.Errorf("healthy twin: %v sent, %v acknowledged", twin.Sent, twin.Verified)
			}
			if n := o.requests("PUT"); n != 2 {
				t.Errorf("%d requests on the wire for 2 ops", n)
			}
		})
	}
}

// TestReceiverLimited: what the kernel says of a slow reader's window reaches
// the observation, in clear and through TLS. Over HTTP/2 the stream's window
// holds the sender back instead, and the socket's does not.
func TestReceiverLimited(t *testing.T) {
	for _, f := range []flavour{{}, {tls: true}} {
		o := newOrigin(t, f)
		o.bending(func(w http.ResponseWriter, r *http.Request) bool {
			for {
				if _, err := io.CopyN(io.Discard, r.Body, 256<<10); err != nil {
					return true
				}
				time.Sleep(15 * time.Millisecond)
			}
		})
		b, err := probetest.TryOpen(t, transfer.Probe{}, "kind: http.transfer\ndirection: upload\nsize: 24MiB\npath: /{name}\nverify: none\n", o.target(t))
		if err != nil {
			t.Fatal(err)
		}
		s := ok(t, b).Socket
		if s.Busy == 0 || s.RwndLimit < s.Busy/2 {
			t.Errorf("tls %v: %v of %v busy time limited by a reader that pauses, want most of it", f.tls, s.RwndLimit, s.Busy)
		}
	}
}
