// Package fault names the ways in which a lab service misbehaves, decides
// which requests are struck, and bends the bytes of those that are.
//
// It is not a random failure generator: every fault is asked for by name, and
// the same list, seed and order of requests strike the same requests. It knows
// no HTTP; the origin and the balancer of the lab turn a struck request into
// what the wire shows. Sizes are bytes, rates bytes per second, delays
// time.Duration. A fault is written as one line of text, for example
//
//	corrupt on=download every=3 at=1048576
//	cut on=download name=big every=3 at=3MiB
//	refuse on=upload above=10MiB status=413
package fault

import (
	"fmt"
	"strings"
	"time"
)

// Kind names what goes wrong.
type Kind string

// The kinds of fault. Each says what a client sees, and which of the keys
// (At, Size, Delay, Rate, Status, Store) it reads.
const (
	Slow      Kind = "slow"      // the answer waits Delay
	Rate      Kind = "rate"      // the body moves at Rate bytes/s, from byte At on
	Commit    Kind = "commit"    // the answer to an upload waits Delay for each MiB of its body
	Cut       Kind = "cut"       // the connection ends after At body bytes
	Reset     Kind = "reset"     // the connection is reset (RST) after At body bytes
	Stall     Kind = "stall"     // nothing moves after At body bytes, the connection stays open
	Silent    Kind = "silent"    // the request is read whole and never answered
	Early     Kind = "early"     // an upload is acknowledged after At bytes, the rest is read and dropped
	Lose      Kind = "lose"      // an upload is acknowledged and not stored
	Duplicate Kind = "duplicate" // an upload is stored twice
	Corrupt   Kind = "corrupt"   // byte At of the body is flipped (the last byte, when the body is announced to be shorter)
	ZeroTail  Kind = "zero-tail" // the last Size bytes of the body are zero
	Truncate  Kind = "truncate"  // the last Size bytes of the body are missing, cleanly
	Swap      Kind = "swap"      // the body changes places with that of another object of the same size
	Stale     Kind = "stale"     // a download is served from the generation before the last
	Refuse    Kind = "refuse"    // the answer is Status; the body is stored all the same when Store is set
	Redirect  Kind = "redirect"  // the answer is a redirect to the same place
	NoLength  Kind = "no-length" // a download carries no Content-Length (chunked; close-delimited over HTTP/1.0)
)

// Direction is the way a body travels, seen from the client.
type Direction string

// The directions. A fault whose On is empty strikes both.
const (
	Upload   Direction = "upload"
	Download Direction = "download"
)

// Fault is one named disturbance and the requests it strikes. Of the requests
// that match On, Name and Above, the first Skip are spared; of the rest every
// Every-th is struck (0 and 1 mean each), or each with probability P when P is
// set, and never more than Times of them (0: no limit).
type Fault struct {
	Kind  Kind
	On    Direction // empty: both
	Name  string    // only objects whose name contains this
	Above int64     // only bodies known to be larger than this many bytes
	Skip  int
	Every int
	P     float64
	Seed  uint64 // for P
	Times int

	At     int64         // byte offset in the body
	Size   int64         // bytes at the end of the body
	Delay  time.Duration // per request; for commit, per MiB
	Rate   int64         // bytes per second
	Status int           // HTTP status
	Store  bool          // for refuse: store nevertheless
}

// rule says what a kind needs, so that a fault that could do nothing is an
// error and not a silent one.
type rule struct {
	directions string // the directions it can strike
	needs      string // the key it cannot do without
}

var rules = map[Kind]rule{
	Slow:      {"upload download", "delay"},
	Rate:      {"upload download", "rate"},
	Commit:    {"upload", "delay"},
	Cut:       {"upload download", ""},
	Reset:     {"upload download", ""},
	Stall:     {"upload download", ""},
	Silent:    {"upload download", ""},
	Early:     {"upload", ""},
	Lose:      {"upload", ""},
	Duplicate: {"upload", ""},
	Corrupt:   {"upload download", ""},
	ZeroTail:  {"upload download", "size"},
	Truncate:  {"upload download", "size"},
	Swap:      {"upload download", ""},
	Stale:     {"download", ""},
	Refuse:    {"upload download", "status"},
	Redirect:  {"upload download", ""},
	NoLength:  {"download", ""},
}

// Kinds lists every kind of fault in a fixed order.
func Kinds() []Kind {
	return []Kind{
		Slow, Rate, Commit, Cut, Reset, Stall, Silent, Early, Lose, Duplicate,
		Corrupt, ZeroTail, Truncate, Swap, Stale, Refuse, Redirect, NoLength,
	}
}

// maxTail bounds Size: the bytes held back while the end of a body of unknown
// length is looked for.
const maxTail = 1 << 20

// Check says why f can strike nothing, or nil.
func (f Fault) Check() error {
	r, ok := rules[f.Kind]
	if !ok {
		return fmt.Errorf("fault %q: no such kind (known: %s)", f.Kind, kindList())
	}
	if f.On != "" && !strings.Contains(r.directions, string(f.On)) {
		return fmt.Errorf("fault %s: cannot strike on=%s (only %s)", f.Kind, f.On, r.directions)
	}
	set := map[string]bool{"": true, "delay": f.Delay > 0, "rate": f.Rate > 0, "size": f.Size > 0, "status": f.Status > 0}
	if !set[r.needs] {
		return fmt.Errorf("fault %s: needs a positive %s=", f.Kind, r.needs)
	}
	return f.checkBounds()
}

func (f Fault) checkBounds() error {
	for _, v := range []struct {
		key string
		n   int64
	}{{"above", f.Above}, {"skip", int64(f.Skip)}, {"every", int64(f.Every)}, {"times", int64(f.Times)}, {"at", f.At}, {"size", f.Size}, {"rate", f.Rate}, {"delay", int64(f.Delay)}} {
		if v.n < 0 {
			return fmt.Errorf("fault %s: %s=%d is negative", f.Kind, v.key, v.n)
		}
	}
	switch {
	case f.Size > maxTail:
		return fmt.Errorf("fault %s: size=%d is more than %d bytes", f.Kind, f.Size, maxTail)
	case f.P < 0 || f.P > 1:
		return fmt.Errorf("fault %s: p=%g is not between 0 and 1", f.Kind, f.P)
	case f.P > 0 && f.Every > 0:
		return fmt.Errorf("fault %s: every= and p= exclude each other", f.Kind)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fault %s: status=%d is not a final HTTP status", f.Kind, f.Status)
	}
	return nil
}

// matches says whether the request is one that f counts.
func (f Fault) matches(r Request) bool {
	if f.On == "" && !strings.Contains(rules[f.Kind].directions, string(r.On)) {
		return false
	}
	return (f.On == "" || f.On == r.On) &&
		strings.Contains(r.Name, f.Name) &&
		(f.Above == 0 || r.Size > f.Above)
}

func kindList() string {
	names := make([]string, 0, len(rules))
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, " ")
}
