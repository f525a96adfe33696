package record

import (
	"sync"
	"time"

	"loadline/probes"
	"loadline/scenarios/metric"
)

// shard is the part of a trial that some of its slots fold into.
type shard struct {
	mu       sync.Mutex
	ops      map[probes.Outcome]uint64
	bytes    Bytes
	latency  latencies
	ended    counts
	failed   counts
	backends map[string]*Backend
	peers    peers
	network  network
	failures failures
	raw      rawShard
}

func newShard(step time.Duration, budget *rawBudget) *shard {
	return &shard{
		ops:      map[probes.Outcome]uint64{},
		ended:    counts{step: step},
		failed:   counts{step: step},
		backends: map[string]*Backend{},
		network:  newNetwork(),
		failures: failures{},
		raw:      rawShard{budget: budget},
	}
}

// add folds one observation; the caller holds the lock.
func (s *shard) add(o *probes.Observation) {
	s.ops[o.Outcome]++
	s.count(o)
	s.latency.add(o)
	s.backend(o)
	s.peers.add(o)
	s.network.add(o)
	s.failures.add(o)
	s.raw.add(o)
}

// count adds the op's bytes and its place on the timeline. An op that failed
// moved nothing of use; one that was cut moved what it had moved.
func (s *shard) count(o *probes.Observation) {
	s.bytes.Sent += o.Sent
	s.bytes.Received += o.Received
	switch o.Outcome {
	case probes.OK:
		s.bytes.Proven += o.Verified
		s.bytes.Moved += o.Verified
	case probes.Cut:
		s.bytes.Moved += o.Sent + o.Received
	}
	at, ok := o.End.Offset()
	if !ok {
		at, _ = o.Due.Offset()
	}
	if o.Outcome.Failed() {
		s.failed.add(at)
	} else if o.Outcome == probes.OK {
		s.ended.add(at)
	}
}

// maxBackends bounds what a header that changes with every answer can cost.
const maxBackends = 128

// otherName stands for backends and peers beyond the bound.
const otherName = "(others)"

func (s *shard) backend(o *probes.Observation) {
	name := o.Peer.Backend
	if name == "" {
		return
	}
	b := s.backendOf(name)
	b.Ops++
	if o.Outcome.Failed() {
		b.Failed++
	}
	if d, ok := o.Service(); ok && o.Outcome == probes.OK {
		b.Service.Record(d)
	}
}

// backendOf is the place to count a backend's ops: its own, or that of the
// others once there are too many names.
func (s *shard) backendOf(name string) *Backend {
	b := s.backends[name]
	if b == nil && len(s.backends) >= maxBackends {
		name = otherName
		b = s.backends[name]
	}
	if b == nil {
		b = &Backend{Service: NewHist()}
		s.backends[name] = b
	}
	return b
}

// merge adds other to s; the caller holds other's lock.
func (s *shard) merge(other *shard) {
	for outcome, n := range other.ops {
		s.ops[outcome] += n
	}
	s.bytes.Proven += other.bytes.Proven
	s.bytes.Moved += other.bytes.Moved
	s.bytes.Sent += other.bytes.Sent
	s.bytes.Received += other.bytes.Received
	s.latency.merge(&other.latency)
	s.ended.merge(&other.ended)
	s.failed.merge(&other.failed)
	for name, b := range other.backends {
		mine := s.backendOf(name)
		mine.Ops += b.Ops
		mine.Failed += b.Failed
		mine.Service.Merge(b.Service)
	}
	s.peers.merge(&other.peers)
	s.network.merge(&other.network)
	s.failures.merge(other.failures)
	s.raw.merge(&other.raw)
}

// into writes what the shard holds to the trial.
func (s *shard) into(t *Trial) {
	t.Ops, t.Bytes = s.ops, s.bytes
	t.Latency = s.latency.byMetric()
	// The last byte is the end of the op, so the two metrics are the same
	// durations, and share what a finished trial no longer changes.
	if service := t.Latency[metric.Service]; service != nil {
		t.Latency[metric.TTLB] = service
	}
	for _, b := range s.backends {
		b.Service.Rest()
	}
	t.Backends = s.backends
	t.Peers = s.peers.list()
	t.Network = s.network.sums()
	t.Failures = s.failures.chosen(FailureLimit)
	t.Raw = s.raw.list()
}
