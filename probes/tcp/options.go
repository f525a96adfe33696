package tcp

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"loadline/probes"
	"loadline/probes/tcp/peer"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Kind is the dotted kind of this probe.
const Kind = "net.tcp"

// Mode is what an op does.
type Mode string

// The modes.
const (
	Connect  Mode = "connect"
	TLS      Mode = "tls"
	Echo     Mode = "echo"
	Upload   Mode = "upload"
	Download Mode = "download"
)

// Words are all modes.
func (Mode) Words() []string {
	return []string{string(Connect), string(TLS), string(Echo), string(Upload), string(Download)}
}

// peered reports whether the mode needs a peer that answers.
func (m Mode) peered() bool { return m != Connect && m != TLS }

// verb is what the peer is asked for.
func (m Mode) verb() peer.Verb {
	return map[Mode]peer.Verb{Echo: peer.Echo, Upload: peer.Upload, Download: peer.Download}[m]
}

// Connections is how ops share connections.
type Connections string

// The ways to use connections.
const (
	Reuse Connections = "reuse" // one per place in flight, kept
	Fresh Connections = "fresh" // one per op
)

// Words are all ways to use connections.
func (Connections) Words() []string { return []string{string(Reuse), string(Fresh)} }

// Options is the work mapping of net.tcp.
type Options struct {
	Kind        string        `key:"kind" required:"true" enum:"net.tcp" doc:"the kind of work: net.tcp" json:"kind"`
	Mode        Mode          `key:"mode" default:"connect" doc:"connect or tls (to any port), or echo, upload or download (with a loadline peer)" json:"mode"`
	Size        unit.Bytes    `key:"size" min:"1" max:"64TiB" doc:"bytes of one op: 64 for an echo (at most 16KiB), to be given for upload and download; cells may override it" json:"size,omitempty"`
	Connections Connections   `key:"connections" default:"reuse" doc:"reuse (one per place in flight) or fresh (one per op)" json:"connections"`
	AnswerAfter time.Duration `key:"answer_after" default:"30s" min:"10ms" max:"24h" doc:"an op whose answer is not begun this long after it was sent has timed out" json:"answer_after"`
	StallAfter  time.Duration `key:"stall_after" default:"10s" min:"10ms" max:"1h" doc:"an op that moves no byte for this long is stalled; also the time to connect and to shake hands, each" json:"stall_after"`
}

const standardEcho unit.Bytes = 64

// Probe is net.tcp.
type Probe struct{}

var _ probes.Probe = Probe{}

var (
	opened  = []metric.ID{metric.Connect, metric.Service, metric.Response, metric.Rate, metric.Errors}
	secured = append(slices.Clone(opened), metric.TLS)
	echoed  = append(slices.Clone(secured), metric.TTFB, metric.TTLB, metric.IntegrityCorrupt, metric.IntegrityShort)
	moved   = append(slices.Clone(echoed), metric.Goodput, metric.StallTime)
)

// Info implements probes.Probe.
func (Probe) Info() probes.Info {
	return probes.Info{
		Kind: Kind, Line: "connect, TLS handshake, echo latency and raw bandwidth on one TCP connection",
		Options: Options{}, Metrics: slices.Clone(moved),
	}
}

// Check implements probes.Probe.
func (Probe) Check(raw scenarios.Node) (plan.Spec, error) {
	s := &Spec{}
	problems := raw.Decode(&s.o)
	refuse := func(key, what, hint string) { problems = append(problems, raw.At(key).Problem(what, hint)) }
	o, sized := &s.o, !raw.Child("size").Absent()
	switch {
	case o.Mode == "":
	case !o.Mode.peered() && sized:
		refuse("size", fmt.Sprintf("means nothing for %s, which moves no bytes", o.Mode), "remove it, or use echo, upload or download")
	case (o.Mode == Upload || o.Mode == Download) && !sized:
		refuse("size", "is missing", "bytes of one op, such as 256MiB, or cells: {sizes: [1MiB, 256MiB]}")
	case o.Mode == Echo && o.Size > peer.MaxEcho:
		refuse("size", fmt.Sprintf("%v is too large to echo", o.Size), "16KiB at most; upload and download measure bandwidth")
	}
	if !o.Mode.peered() && o.Mode != "" && !raw.Child("connections").Absent() && o.Connections == Reuse {
		refuse("connections", fmt.Sprintf("%s opens a connection for every op", o.Mode), "remove it")
	}
	if o.Mode == Echo && !sized {
		o.Size = standardEcho
	}
	if !o.Mode.peered() {
		o.Connections = Fresh
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Spec is checked work; it satisfies plan.Spec.
type Spec struct{ o Options }

var _ plan.Spec = (*Spec)(nil)

// Kind implements plan.Spec.
func (*Spec) Kind() string { return Kind }

// Options are the options with their defaults.
func (s *Spec) Options() Options { return s.o }

// Size implements plan.Spec.
func (s *Spec) Size() unit.Bytes { return s.o.Size }

// Effects implements plan.Spec: nothing stays on the target.
func (s *Spec) Effects(size unit.Bytes) plan.Effects {
	switch s.o.Mode {
	case Echo:
		return plan.Effects{Sends: size, Receives: size}
	case Upload:
		return plan.Effects{Sends: size}
	case Download:
		return plan.Effects{Receives: size}
	}
	return plan.Effects{}
}

// Metrics implements plan.Spec.
func (s *Spec) Metrics() []metric.ID {
	switch s.o.Mode {
	case Connect:
		return slices.Clone(opened)
	case TLS:
		return slices.Clone(secured)
	case Echo:
		return slices.Clone(echoed)
	}
	return slices.Clone(moved)
}

// Identity implements plan.Spec.
func (s *Spec) Identity() []byte {
	text, err := json.Marshal(s.o)
	if err != nil {
		panic("tcp: identity: " + err.Error()) // options are plain values
	}
	return text
}
