package ledger

import (
	"context"
	"fmt"
	"sync"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// Sizes of the batches in which names are kept: the first is small, because
// clean tries every name that was kept, and they double while they run out.
const (
	firstBatch = 64
	lastBatch  = 16384
)

// Head says whose ops a book is about.
type Head struct {
	Trial plan.Trial
	Arm   string
	Cell  string
	Size  unit.Bytes
	Shard plan.Shard
}

// Book holds the receipts of one trial. It is safe for concurrent use.
type Book struct {
	Head
	run     string
	reserve func(record.Names) error

	mu       sync.Mutex
	measured series
	warmUp   series
}

// series are the ops of one part of a trial; receipts are by order of start.
type series struct {
	receipts []receipt
	kept     int           // names kept on disk
	batch    int           // size of the last batch
	keeping  chan struct{} // closed when the batch under way is kept; nil if none is
	err      error
}

// part is the series of the measured or of the warm-up ops.
func (b *Book) part(warmUp bool) *series {
	if warmUp {
		return &b.warmUp
	}
	return &b.measured
}

// Take hands out the number of the next op of the trial. It waits only while
// the name is being kept on disk, which is done ahead. It fails when the name
// cannot be kept, or ctx ends first.
func (b *Book) Take(ctx context.Context, warmUp bool) (seq uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.part(warmUp)
	for s.err == nil && len(s.receipts) >= s.kept {
		b.keepMore(s)
		wait := s.keeping
		b.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
		}
		b.mu.Lock()
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	n := len(s.receipts)
	s.receipts = append(s.receipts, pending)
	if s.kept-n <= s.batch/2 {
		b.keepMore(s)
	}
	return b.seq(s, n), nil
}

// Ready keeps the first names of a part, so that its first ops need not wait.
func (b *Book) Ready(ctx context.Context, warmUp bool) error {
	b.mu.Lock()
	s := b.part(warmUp)
	b.keepMore(s)
	wait, err := s.keeping, s.err
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-wait:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return s.err
}

// keepMore starts to keep the next batch of names, unless that is under way.
func (b *Book) keepMore(s *series) {
	if s.keeping != nil || s.err != nil {
		return
	}
	s.batch = min(max(2*s.batch, firstBatch), lastBatch)
	from, to := s.kept, s.kept+s.batch
	names := record.Names{Trial: b.Trial.Index, Arm: b.Arm, Cell: b.Cell, From: b.seq(s, from), To: b.seq(s, to-1) + 1}
	done := make(chan struct{})
	s.keeping = done
	go func() {
		err := b.reserve(names)
		b.mu.Lock()
		defer b.mu.Unlock()
		if err != nil {
			s.err = fmt.Errorf("keep the names of trial %d: %w", b.Trial.Index, err)
		} else {
			s.kept = to
		}
		s.keeping = nil
		close(done)
	}()
}

// seq is the number of the n-th op of a series.
func (b *Book) seq(s *series, n int) uint64 {
	return Seq(b.Shard, uint64(n), s == &b.warmUp)
}

// find is where the receipt of an op lies; nil for a number never handed out.
func (b *Book) find(seq uint64) *receipt {
	s := &b.measured
	if seq >= warmUpFirst {
		s, seq = &b.warmUp, seq-warmUpFirst
	}
	n := seq / uint64(max(b.Shard.Count, 1))
	if n >= uint64(len(s.receipts)) {
		return nil
	}
	return &s.receipts[n]
}

// Note keeps what an op was told.
func (b *Book) Note(o probes.Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.find(o.Seq); r != nil {
		*r = receiptOf(o)
	}
}

// object names the object of an op.
func (b *Book) object(seq uint64) probes.Kept {
	return probes.Kept{Name: Name(b.run, b.Trial.Index, seq), Seed: Seed(b.Trial.Seed, seq), Size: b.Size, Seq: seq}
}

// each calls f for every op that started.
func (b *Book) each(f func(seq uint64, r receipt)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range []*series{&b.warmUp, &b.measured} {
		for n, r := range s.receipts {
			f(b.seq(s, n), r)
		}
	}
}
