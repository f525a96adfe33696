package storm_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/storm"
	"loadline/scenarios"
)

// parent is the form of a traceparent whose ids are valid.
var parent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-01$`)

// refuser answers 503 to all, and notes the ids that it was sent. It names an
// id of its own where asked to.
func refuser(t *testing.T, theirs string, change func(*httptest.Server)) (scenarios.Target, func() (ids, parents []string)) {
	var mu sync.Mutex
	var ids, parents []string
	target := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids, parents = append(ids, strings.Join(r.Header.Values("X-Request-Id"), "|")), append(parents, strings.Join(r.Header.Values("Traceparent"), "|"))
		switch theirs {
		case "":
		case "echo":
			w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
		default:
			w.Header().Set("X-Request-Id", theirs)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}, change)
	return target, func() ([]string, []string) {
		mu.Lock()
		defer mu.Unlock()
		return ids, parents
	}
}

// TestEveryRequestCarriesItsTrace: one id, as request id and in traceparent,
// that no other op has and that a failed op's evidence names.
func TestEveryRequestCarriesItsTrace(t *testing.T) {
	for name, change := range map[string]func(*httptest.Server){"HTTP/1.1": func(*httptest.Server) {}, "HTTP/2": withHTTP2} {
		t.Run(name, func(t *testing.T) {
			target, sent := refuser(t, "", change)
			known := map[string]bool{}
			for _, arm := range []string{"around", "through"} {
				b := probetest.Open(t, storm.Probe{}, getWork, target, func(on *probes.On) { on.Arm.ID = arm })
				for n := range 20 {
					op := b.Op(0)
					if n == 0 {
						op.Seed = 0 // even then an id is not all zeros
					}
					o := b.Do(context.Background(), op)
					ids, parents := sent()
					id, traced := ids[len(ids)-1], parent.FindStringSubmatch(parents[len(parents)-1])
					if o.Outcome != probes.Status || o.Peer.RequestID != id {
						t.Fatalf("outcome %s, evidence %q, sent %q", o.Outcome, o.Peer.RequestID, id)
					}
					if traced == nil || traced[1] != id || strings.Trim(traced[2], "0") == "" {
						t.Fatalf("traceparent %q of request %q", parents[len(parents)-1], id)
					}
					if known[id] {
						t.Fatalf("two ops share the id %s", id)
					}
					known[id] = true
				}
			}
		})
	}
}

// TestAnAnswersOwnIDIsKept where it differs from ours, whoever parses the
// answer; an answer that repeats ours adds nothing.
func TestAnAnswersOwnIDIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		theirs string
		change func(*httptest.Server)
		want   string
	}{
		"HTTP/1.1": {"edge-7", func(*httptest.Server) {}, " (theirs: edge-7)"},
		"HTTP/2":   {"edge-7", withHTTP2, " (theirs: edge-7)"},
		"repeated": {"echo", func(*httptest.Server) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			target, sent := refuser(t, c.theirs, c.change)
			o := do(t, getWork, target)
			if ids, _ := sent(); o.Peer.RequestID != ids[0]+c.want {
				t.Errorf("evidence %q, want %q", o.Peer.RequestID, ids[0]+c.want)
			}
		})
	}
	odd := do(t, getWork, says("HTTP/1.1 500 No\r\nX-Amz-Request-Id: 4711\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")(t))
	if !strings.HasSuffix(odd.Peer.RequestID, " (theirs: 4711)") {
		t.Errorf("evidence %q of a chunked answer", odd.Peer.RequestID)
	}
}

// TestTheScenariosIDsGoFirst: what a scenario sets itself is sent once and as
// it says, and is what the evidence names.
func TestTheScenariosIDsGoFirst(t *testing.T) {
	const given = "00-11111111111111111111111111111111-2222222222222222-00"
	target, sent := refuser(t, "", func(*httptest.Server) {})
	b := probetest.Open(t, storm.Probe{}, getWork+"headers: {X-Request-ID: 'mine-{name}', Traceparent: "+given+"}\n", target)
	op := b.Op(0)
	o := b.Do(context.Background(), op)
	ids, parents := sent()
	if ids[0] != "mine-"+op.Name || parents[0] != given || o.Peer.RequestID != ids[0] {
		t.Errorf("sent %q and %q, evidence %q", ids[0], parents[0], o.Peer.RequestID)
	}
}
