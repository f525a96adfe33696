package attribution

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/reports/verdict"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
)

// view is the record as the rules see it: the accused arm beside the
// reference, cell by cell.
type view struct {
	run       record.Run
	arm       string
	reference string
	scenes    []scene // of every cell, in order
	upload    bool
	direction string // uploads, downloads or requests
	shared    bool   // all ops in flight share one HTTP/2 connection
}

// scene is one cell with both arms.
type scene struct {
	cell   plan.Cell
	harmed bool      // a finding against the arm stands here
	slow   bool      // one of them is about speed
	clean  bool      // none does, and no estimate lies beyond its margin
	at     []float64 // the quantiles of durations that regressed, or one that shows a slow part of the ops
	cand   side
	ref    side
}

// side is one arm in one cell over all its trials.
type side struct {
	arm    string
	trials []record.Trial
	ops    map[probes.Outcome]uint64
	moved  float64 // bytes
	span   float64 // seconds, summed over trials
}

func newView(run record.Run, arm string, d verdict.Decision) view {
	v := view{run: run, arm: arm}
	for _, a := range run.Header.Arms {
		if a.Role == scenarios.Reference && v.reference == "" {
			v.reference = a.ID
		}
	}
	for _, c := range run.Header.Cells {
		s := scene{cell: c, cand: newSide(run, c.ID, arm), ref: newSide(run, c.ID, v.reference), clean: true}
		for _, f := range d.Findings {
			if f.Arm != arm || f.Cell != c.ID {
				continue
			}
			if f.Verdict == verdict.Regressed {
				s.harmed = true
				s.slow = s.slow || !math.IsNaN(f.Margin)
				if q, ok := metric.Stat(f.Stat).Quantile(); ok && f.Unit == string(metric.Seconds) && !math.IsNaN(f.Margin) {
					s.at = append(s.at, q)
				}
			}
			s.clean = s.clean && !s.harmed && !(f.Effect.Ratio > f.Margin)
		}
		if len(s.at) == 0 {
			s.at = []float64{0.9}
		}
		v.scenes = append(v.scenes, s)
	}
	v.face()
	return v
}

// face finds the direction of the transfers: as the work says it, else by
// which way the bytes went.
func (v *view) face() {
	var work struct {
		Direction   string `json:"direction"`
		Connections any    `json:"connections"`
	}
	// A spec of another shape names no direction.
	_ = json.Unmarshal(v.run.Header.Spec, &work)
	v.shared = work.Connections == "shared"
	var sent, received float64
	for _, t := range v.run.Trials {
		sent += float64(t.Bytes.Sent)
		received += float64(t.Bytes.Received)
	}
	switch {
	case work.Direction == "upload":
		v.upload, v.direction = true, "uploads"
	case work.Direction == "download":
		v.direction = "downloads"
	default:
		v.upload, v.direction = sent > received, "requests"
	}
}

func newSide(run record.Run, cell, arm string) side {
	s := side{arm: arm, ops: map[probes.Outcome]uint64{}}
	if arm == "" {
		return s
	}
	s.trials = run.TrialsOf(cell, arm)
	for _, t := range s.trials {
		for o, n := range t.Ops {
			s.ops[o] += n
		}
		s.moved += float64(t.Bytes.Moved)
		s.span += t.Span.Seconds()
	}
	return s
}

// failed counts the arm's errors; dropped starts are the generator's.
func (s side) failed() (n uint64) {
	for o, k := range s.ops {
		if o.Failed() && o != probes.Dropped {
			n += k
		}
	}
	return n
}

func (s side) ended() uint64 { return s.ops[probes.OK] + s.failed() }

// failedShare is the share of ended ops that failed, 0 if none ended.
func (s side) failedShare() float64 {
	if s.ended() == 0 {
		return 0
	}
	return float64(s.failed()) / float64(s.ended())
}

// failures are the failed ops kept as evidence, for which keep holds.
func (s side) failures(keep func(record.Failure) bool) []record.Failure {
	var out []record.Failure
	for _, t := range s.trials {
		for _, f := range t.Failures {
			if keep(f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// durations merges a metric over the trials: ops that ended, and ops that
// took at least so long.
func (s side) durations(id metric.ID) (done, unended *record.Hist) {
	done, unended = record.NewHist(), record.NewHist()
	for _, t := range s.trials {
		if l := t.Latency[id]; l != nil {
			done.Merge(l.Done)
			unended.Merge(l.Unended)
		}
	}
	return done, unended
}

// quantile of the durations that ended, in seconds; NaN if none did.
func (s side) quantile(id metric.ID, q float64) float64 {
	done, _ := s.durations(id)
	return quantile(done, q)
}

func quantile(h *record.Hist, q float64) float64 {
	n := h.Count()
	if n == 0 {
		return math.NaN()
	}
	rank := min(max(1, uint64(math.Floor(q*float64(n)+0.5))), n)
	for top, k := range h.Buckets() {
		if k >= rank {
			return top.Seconds()
		}
		rank -= k
	}
	return math.Inf(1)
}

// total is the time that all ops together spent in a metric, in seconds; ops
// that did not end count with what they had spent.
func (s side) total(id metric.ID) float64 {
	sum := 0.0
	done, unended := s.durations(id)
	for _, h := range []*record.Hist{done, unended} {
		if n := h.Count(); n > 0 {
			sum += h.Mean() * float64(n)
		}
	}
	return sum
}

// perOp is the time that an op spends in a metric on average, in seconds.
func (s side) perOp(id metric.ID) float64 {
	done, unended := s.durations(metric.Service)
	n := done.Count() + unended.Count()
	if n == 0 {
		return 0
	}
	return s.total(id) / float64(n)
}

// network is the sum of a figure over the trials.
func (s side) network(of func(record.Network) float64) (sum float64) {
	for _, t := range s.trials {
		sum += of(t.Network)
	}
	return sum
}

// protocol is what most ops spoke, such as HTTP/2.0; empty if not known.
func (s side) protocol() string {
	ops := map[string]uint64{}
	best := ""
	for _, t := range s.trials {
		for _, p := range t.Peers {
			if p.Protocol == "" {
				continue
			}
			ops[p.Protocol] += p.Ops
			if ops[p.Protocol] > ops[best] {
				best = p.Protocol
			}
		}
	}
	return best
}

// speaks is the protocol of the accused arm in a scene: what was negotiated,
// or, where no op got so far as to an answer, what was asked for by name.
func (v view) speaks(s scene) string {
	if p := s.cand.protocol(); p != "" {
		return p
	}
	asked := s.cell.HTTP
	for _, a := range v.run.Header.Arms {
		if a.ID == v.arm && asked == "" {
			asked = a.Target.HTTP
		}
	}
	switch asked {
	case scenarios.HTTP1:
		return "HTTP/1.1"
	case scenarios.HTTP2, scenarios.H2C:
		return "HTTP/2.0"
	}
	return ""
}

// harmed are the scenes with a finding against the arm.
func (v view) harmed() []scene { return v.those(func(s scene) bool { return s.harmed }) }

// slow are the scenes with a finding about speed, without those that are slow
// because so many of their ops fail.
func (v view) slow() []scene {
	return v.those(func(s scene) bool { return s.slow && s.cand.failedShare() < 0.25 })
}

// clean are the scenes in which nothing speaks against the arm.
func (v view) clean() []scene { return v.those(func(s scene) bool { return s.clean }) }

func (v view) those(keep func(scene) bool) []scene {
	var out []scene
	for _, s := range v.scenes {
		if keep(s) {
			out = append(out, s)
		}
	}
	return out
}

// place says which transfers are harmed, by the axis that tells them from the
// clean ones if there is one.
func (v view) place() string {
	text := fmt.Sprintf("%s through `%s`", v.direction, v.arm)
	harmed, clean := v.harmed(), v.clean()
	if len(v.scenes) < 2 || len(harmed) == 0 {
		return text
	}
	switch only := axis(harmed, clean); {
	case len(harmed) == len(v.scenes):
		return text + ", in every cell"
	case len(harmed)+len(clean) == len(v.scenes) && only != "":
		return text + ", only " + only
	default:
		return text + ", in " + cells(harmed)
	}
}

// axis is the words for what all harmed cells have and no clean one has.
func axis(harmed, clean []scene) string {
	httpOf := func(ss []scene) (out []scenarios.Protocol) {
		for _, s := range ss {
			if p := s.cell.HTTP; p != "" && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
		return out
	}
	if len(clean) == 0 {
		return ""
	}
	var parts []string
	if h, c := httpOf(harmed), httpOf(clean); len(h) == 1 && len(c) > 0 && !slices.Contains(c, h[0]) {
		parts = append(parts, "over HTTP "+string(h[0]))
	}
	if few, many := crowd(clean), crowd(harmed); len(few) == 1 && len(many) > 0 && few[0] > 0 && many[0] > few[len(few)-1] {
		parts = append(parts, fmt.Sprintf("with %d in flight and more (%d is clean)", many[0], few[len(few)-1]))
	}
	smallest, largest := harmed[0].cell.Size, clean[0].cell.Size
	for _, s := range harmed {
		smallest = min(smallest, s.cell.Size)
	}
	for _, s := range clean {
		largest = max(largest, s.cell.Size)
	}
	if smallest > largest && largest > 0 {
		parts = append(parts, fmt.Sprintf("at %s and above (%s is clean)", smallest, largest))
	}
	return strings.Join(parts, ", ")
}

// cells names the cells of scenes.
func cells(ss []scene) string {
	var names []string
	for _, s := range ss {
		names = append(names, s.cell.ID)
	}
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more cells", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

// in says in which cell, and nothing if there is only one.
func (v view) in(s scene) string {
	if len(v.scenes) < 2 {
		return ""
	}
	return " in " + s.cell.ID
}

// idle is the pause between ops on a connection as the work says it, empty if
// there is none.
func (v view) idle() string {
	var work struct {
		Connections struct {
			Idle string `json:"idle"`
		} `json:"connections"`
	}
	// A spec of another shape names no pause.
	_ = json.Unmarshal(v.run.Header.Spec, &work)
	return work.Connections.Idle
}
