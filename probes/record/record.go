// Package record is what a run leaves behind: a self-describing, versioned,
// append-only file from which every verdict can be made again without load.
// A run that is killed leaves a part that opens and says that it is partial.
//
// It is not the judge: it keeps counts, histograms and series per trial, with
// what is known of ops that did not end, and never a percentile of its own.
// Times rest in nanoseconds, sizes in bytes, shares in 0 to 1.
package record

import (
	"encoding/json"
	"time"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Schema is the version written into every header.
const Schema = "loadline.record/v1"

// Run is one execution of a plan, whole or partial.
type Run struct {
	Header Header
	Trials []Trial
	// Integrity is the ack ledger, per arm and cell; nil if it was not made.
	Integrity []Integrity
	Warnings  []string
	// Names were handed out to ops before these started; Removed are those
	// whose objects were removed from the target afterwards.
	Names, Removed []Names
	// Unready are places without their fixtures; those of a run that was killed
	// are not known.
	Unready []Unready
	// End is nil if the run was killed.
	End *End
	// Damage says what of the file could not be read, empty if all could.
	Damage []string
	// Path is the file that the run was read from; empty if it was not.
	Path string
}

// Header is the first line of a record.
type Header struct {
	Schema  string    `json:"schema"`
	Run     string    `json:"run"`
	Started time.Time `json:"started"`
	Tool    Tool      `json:"tool"`
	// Command is the command line that made the run, redacted.
	Command  string             `json:"command,omitempty"`
	Scenario scenarios.Scenario `json:"scenario"`
	// Source and Overrides open the scenario again; they hold references to
	// secrets, never secrets.
	Source    string   `json:"source"`
	Overrides []string `json:"overrides,omitempty"`
	// Redacted names the fields of the scenario in which something was, so
	// that the scenario does not open as it was from here alone; "" is all.
	Redacted []string `json:"redacted,omitempty"`
	// Spec is the work's canonical identity as its probe wrote it.
	Spec        json.RawMessage  `json:"spec"`
	Fingerprint plan.Fingerprint `json:"fingerprint"`
	// Arms are the arms with URLs redacted; Cells and Looks are the plan's.
	Arms        []scenarios.Arm `json:"arms"`
	Cells       []plan.Cell     `json:"cells"`
	Looks       []int           `json:"looks"`
	Environment Environment     `json:"environment"`
}

// Tool is the binary that made the record.
type Tool struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
}

// Environment is the machine that offered the load.
type Environment struct {
	Host        string     `json:"host"`
	OS          string     `json:"os"`
	Kernel      string     `json:"kernel"`
	Arch        string     `json:"arch"`
	CPU         string     `json:"cpu"`
	Cores       int        `json:"cores"`
	Memory      unit.Bytes `json:"memory"`
	MemoryLimit unit.Bytes `json:"memory_limit,omitempty"`
	CPULimit    float64    `json:"cpu_limit,omitempty"` // cores; 0 is none
	OpenFiles   uint64     `json:"open_files"`
	Congestion  string     `json:"congestion"`
	Virtual     string     `json:"virtual,omitempty"`
	ClockSource string     `json:"clock_source,omitempty"`
}

// Trial is one arm measured once in one cell.
type Trial struct {
	Index int            `json:"index"`
	Block int            `json:"block"`
	Slot  int            `json:"slot"`
	Arm   string         `json:"arm"`
	Role  scenarios.Role `json:"role"`
	Cell  string         `json:"cell"`
	// At is the start of the measured part from the start of the run; Span
	// the time from there until the last op ended or was cut.
	At   time.Duration `json:"at"`
	Span time.Duration `json:"span"`
	// Offered is the number of starts that were due in the measured part.
	Offered uint64                    `json:"offered"`
	Ops     map[probes.Outcome]uint64 `json:"ops"`
	Bytes   Bytes                     `json:"bytes"`
	// Latency holds what each op took, by metric: service, response, ttfb,
	// ttlb, connect, tls, stall.time, and the phases under "phase.send" etc.
	Latency map[metric.ID]*Latency `json:"latency"`
	// WarmUp is how the ops before the measured part ended, nil if there were
	// none: their times do not count, their failures do.
	WarmUp *WarmUp `json:"warm_up,omitempty"`
	// Timeline is bytes moved, ops ended and ops failed per step.
	Timeline Timeline `json:"timeline"`
	// Backends are by the name the backend header gave.
	Backends map[string]*Backend `json:"backends,omitempty"`
	Peers    []Peer              `json:"peers,omitempty"`
	Network  Network             `json:"network"`
	// Conns are connections of the trial in intervals, evenly chosen where
	// there were too many; ConnsLeftOut is the number of the others.
	Conns        []ConnSeries `json:"conns,omitempty"`
	ConnsLeftOut uint64       `json:"conns_left_out,omitempty"`
	Failures     []Failure    `json:"failures,omitempty"`
	// Bodies are what ops that ended well were served, the most frequent first,
	// where nobody said what is right.
	Bodies []Body `json:"bodies,omitempty"`
	Health Health `json:"health"`
	// Raw are the observations themselves, when few or asked for. More than
	// RawLimit are kept beside the record, in the file that RawFile names; see
	// Run.Observations.
	Raw     []Raw  `json:"raw,omitempty"`
	RawFile string `json:"raw_file,omitempty"`
	// Event is how the scenario's event went, nil if there is none.
	Event *Event `json:"event,omitempty"`
	// Aborted says why the trial ended early, empty if it did not.
	Aborted string `json:"aborted,omitempty"`
}

// WarmUp is what is kept of a trial's ops before its measured part.
type WarmUp struct {
	Ops map[probes.Outcome]uint64 `json:"ops"`
	// ResetKept are ops that were reset on a connection used before: the first
	// after a pause may meet the moment in which the peer closes it.
	ResetKept uint64 `json:"reset_kept,omitempty"`
	// Service is how long they took, those that were cut included.
	Service  *Latency  `json:"service,omitempty"`
	Failures []Failure `json:"failures,omitempty"`
}

// NewWarmUp keeps what counts of a warm-up that was collected as a trial is.
func NewWarmUp(t Trial) *WarmUp {
	return &WarmUp{Ops: t.Ops, ResetKept: t.Network.ResetKept, Service: t.Latency[metric.Service], Failures: t.Failures}
}

// Bytes are the two bounds of what a trial moved, and the wire.
type Bytes struct {
	// Proven were acknowledged (upload) or verified (download) by ops that
	// ended well; Moved adds the bytes that cut ops had moved.
	Proven   unit.Bytes `json:"proven"`
	Moved    unit.Bytes `json:"moved"`
	Sent     unit.Bytes `json:"sent"`
	Received unit.Bytes `json:"received"`
}

// Latency is one duration per op. Ops that ended well are in Done; those that
// failed or were cut took at least what Unended says.
type Latency struct {
	Done    *Hist `json:"done"`
	Unended *Hist `json:"unended,omitempty"`
}

// Timeline counts per step from the start of the measured part.
type Timeline struct {
	Step   time.Duration `json:"step"`
	Bytes  []int64       `json:"bytes,omitempty"`
	Ended  []uint32      `json:"ended,omitempty"`
	Failed []uint32      `json:"failed,omitempty"`
}

// Backend is one backend's share of a trial.
type Backend struct {
	Ops     uint64 `json:"ops"`
	Failed  uint64 `json:"failed"`
	Service *Hist  `json:"service"`
}

// Peer counts ops that spoke to the same place in the same way.
type Peer struct {
	Address  string `json:"address"`
	Protocol string `json:"protocol"`
	TLS      string `json:"tls,omitempty"`
	Via      string `json:"via,omitempty"`
	Server   string `json:"server,omitempty"`
	Ops      uint64 `json:"ops"`
}

// Network sums what the kernel knew of the trial's connections.
type Network struct {
	Opened     uint64              `json:"opened"`               // connections opened in the measured part
	Reused     uint64              `json:"reused"`               // ops on a connection used before
	ResetKept  uint64              `json:"reset_kept,omitempty"` // of those, ops that were reset
	RTT        time.Duration       `json:"rtt"`                  // median of the smoothed RTT
	MinRTT     time.Duration       `json:"min_rtt"`
	Retrans    uint64              `json:"retrans"` // segments
	Delivery   unit.BytesPerSecond `json:"delivery"`
	Busy       time.Duration       `json:"busy"`
	RwndLimit  time.Duration       `json:"rwnd_limit"`
	SndbufLimt time.Duration       `json:"sndbuf_limit"`
	Congestion string              `json:"congestion,omitempty"`
	// PerStream is the median over ops of bytes moved over time moving.
	PerStream unit.BytesPerSecond `json:"per_stream"`
	// Samples is the number of intervals of connections in which data was
	// acknowledged. WindowFill is the median over them of the bytes under way
	// as a part of the window that the peer offers (near 1 the window sets the
	// rate; 0 is not known), and SndbufBound the share of them in which the
	// send buffer set the rate.
	Samples     uint64  `json:"samples,omitempty"`
	WindowFill  float64 `json:"window_fill,omitempty"`
	SndbufBound float64 `json:"sndbuf_bound,omitempty"`
}

// Failure is one failed op kept as evidence.
type Failure struct {
	Seq     uint64         `json:"seq"`
	Name    string         `json:"name"`
	Outcome probes.Outcome `json:"outcome"`
	Status  int            `json:"status,omitempty"`
	// At is when it ended, from the start of the measured part; After how long
	// it took from its start, or from when it was due if it never started.
	At        time.Duration `json:"at"`
	After     time.Duration `json:"after"`
	Moved     unit.Bytes    `json:"moved"`
	Peer      string        `json:"peer,omitempty"`
	Backend   string        `json:"backend,omitempty"`
	RequestID string        `json:"request_id,omitempty"`
	Message   string        `json:"message"`
}

// Raw is an observation as it is kept: marks are nanoseconds from the start
// of the measured part, −1 where unset.
type Raw struct {
	Seq       uint64         `json:"seq"`
	Due       int64          `json:"due"`
	Start     int64          `json:"start"`
	FirstByte int64          `json:"first_byte"`
	End       int64          `json:"end"`
	Sent      unit.Bytes     `json:"sent"`
	Received  unit.Bytes     `json:"received"`
	Outcome   probes.Outcome `json:"outcome"`
	Conn      uint64         `json:"conn,omitempty"`
	// Reused says that the connection had carried an op before, if only in
	// the warm-up.
	Reused  bool   `json:"reused,omitempty"`
	Backend string `json:"backend,omitempty"`
	Status  int    `json:"status,omitempty"`
}

// Health is how the generator fared during one trial.
type Health struct {
	// CPU is the share of this process's usable cores that it used; Machine
	// the share of the whole machine that was in use by anyone.
	CPU     float64 `json:"cpu"`
	Machine float64 `json:"machine"`
	// SchedLag is the 99th percentile of the wait of runnable goroutines.
	SchedLag time.Duration `json:"sched_lag"`
	GCPause  time.Duration `json:"gc_pause"` // longest
	// LateP99 and LateMax are how late ops started after they could have: due,
	// and with a place in flight. Dropped are starts that were due, had a
	// place, and were never made. Both are the generator's own failing.
	LateP99 time.Duration `json:"late_p99"`
	LateMax time.Duration `json:"late_max"`
	Dropped uint64        `json:"dropped"`
	// Queued are starts that had to wait for a place because the cap on the
	// number in flight was reached; their response time counts from when they
	// were due. Unstarted are those of them that never got one: their outcome
	// is dropped. On the reference arm that is a load the scenario cannot
	// offer; on another it may be what that arm does to its callers.
	Queued    uint64 `json:"queued,omitempty"`
	Unstarted uint64 `json:"unstarted,omitempty"`
	Sockets   int    `json:"sockets"`
	// ClockStep is how far wall time and monotonic time parted.
	ClockStep time.Duration `json:"clock_step"`
	// LocalTarget is true if the arm's address is on this machine.
	LocalTarget bool `json:"local_target,omitempty"`
}

// Integrity is the ack ledger of one arm in one cell.
type Integrity struct {
	Arm              string `json:"arm"`
	Cell             string `json:"cell"`
	Acknowledged     uint64 `json:"acknowledged"`
	Intact           uint64 `json:"intact"`
	Lost             uint64 `json:"lost"`
	Corrupt          uint64 `json:"corrupt"`
	Duplicated       uint64 `json:"duplicated"`
	Refused          uint64 `json:"refused"`
	RefusedButStored uint64 `json:"refused_but_stored"`
	Unverified       uint64 `json:"unverified"`
	// ReadWrong counts objects of any arm that came back with wrong bytes through
	// this one and are stored intact. All counts above are of the arm's own
	// objects, and Intact, Lost, Corrupt and Unverified add up to Acknowledged.
	ReadWrong uint64 `json:"read_wrong,omitempty"`
	// OwnPathOnly are those of Intact which only the arm that took them says are
	// there; every other path that answers was asked twice, and says absent.
	OwnPathOnly uint64 `json:"own_path_only,omitempty"`
	// Cases are the ops that were not intact, as evidence, at most 100.
	Cases []Case `json:"cases,omitempty"`
}

// SeenByOthers are those of Intact that are not known to their own path alone:
// where an arm has none, the arms do not share a store.
func (i Integrity) SeenByOthers() uint64 { return i.Intact - min(i.Intact, i.OwnPathOnly) }

// Case is one op of the ledger that was not intact.
type Case struct {
	Name    string         `json:"name"`
	Trial   int            `json:"trial"`
	Seq     uint64         `json:"seq"`
	Outcome probes.Outcome `json:"outcome"`
	Finding string         `json:"finding"` // lost, corrupt, duplicated, refused_but_stored, own_path_only, unverified
	// Evidence has one sentence per path asked.
	Evidence []string `json:"evidence"`
}

// End is the last line of a record that was not killed.
type End struct {
	At time.Time `json:"at"`
	// Status is complete, decided (a look ended it), limit, aborted or failed.
	Status string `json:"status"`
	// Why is a sentence for every status but complete.
	Why string `json:"why,omitempty"`
	// LeftBehind counts objects on the target that could not be removed.
	LeftBehind int `json:"left_behind,omitempty"`
	// Unready are the places that could not be prepared, though the reference
	// could.
	Unready []Unready `json:"unready,omitempty"`
}

// Unready is an arm that did not get its fixtures in a cell, and why not.
type Unready struct {
	Arm  string `json:"arm"`
	Cell string `json:"cell"`
	Why  string `json:"why"`
}

// Names is a range of op names handed out before their ops start, so that a
// killed run still knows what it may have left on the target.
type Names struct {
	Trial int    `json:"trial"`
	Arm   string `json:"arm"`
	Cell  string `json:"cell"`
	From  uint64 `json:"from"`
	To    uint64 `json:"to"` // exclusive
	// Fixture is true for objects made by Prepare.
	Fixture bool `json:"fixture,omitempty"`
}
