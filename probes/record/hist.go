package record

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The bounds of every histogram: 1 µs to 2 h at three significant digits.
// One set of bounds for all is what makes any two of them mergeable.
const (
	histLow    = int64(time.Microsecond)
	histHigh   = int64(2 * time.Hour)
	histDigits = 3
)

// denseAfter is the number of values after which a histogram that is still
// being filled trades memory for speed: 200 kB and 3 ns a value in place of
// some 40 kB and 60 ns. Trials of a few long transfers never get there.
const denseAfter = 512

// Hist counts durations with a relative error of 0.1 %; durations below 1 µs
// are told apart to 512 ns. Values above two hours are counted in Beyond and
// never clamped. It rests in a sparse form of a few kilobytes, so that the
// record of a thousand trials fits in memory.
//
// A nil Hist is empty. Reading from several goroutines at once is safe;
// writing is not.
type Hist struct {
	sparse *hdrhistogram.PackedHistogram // at rest, and when short
	dense  *hdrhistogram.Histogram       // while many values come in
	// Beyond counts values above two hours; they rank as infinitely long.
	Beyond uint64
}

// NewHist is an empty histogram.
func NewHist() *Hist { return &Hist{} }

// Record counts one duration; negative durations count as 0.
func (x *Hist) Record(d time.Duration) {
	v := max(int64(d), 0)
	if v > histHigh {
		x.Beyond++
		return
	}
	if x.dense != nil {
		// Cannot fail: v is inside of the bounds.
		_ = x.dense.RecordValue(v)
		return
	}
	if x.sparse == nil {
		x.sparse = newSparse()
	}
	_ = x.sparse.RecordValue(v)
	if x.sparse.TotalCount() >= denseAfter {
		x.dense = x.HDR()
		x.sparse = nil
	}
}

// Count is the number of values, those beyond the bounds included.
func (x *Hist) Count() uint64 {
	switch {
	case x == nil:
		return 0
	case x.dense != nil:
		return uint64(x.dense.TotalCount()) + x.Beyond
	case x.sparse != nil:
		return uint64(x.sparse.TotalCount()) + x.Beyond
	}
	return x.Beyond
}

// Merge adds other's counts to x. All histograms have the same bounds (reading
// refuses any other), so nothing is lost; what could not be held for overflow
// is counted in Beyond.
func (x *Hist) Merge(other *Hist) {
	if other == nil {
		return
	}
	x.Beyond += other.Beyond
	from := other.packed()
	if from == nil {
		return
	}
	if x.dense != nil {
		x.Beyond += uint64(from.MergeInto(x.dense))
		return
	}
	if x.sparse == nil {
		x.sparse = newSparse()
	}
	x.Beyond += uint64(x.sparse.Merge(from))
}

// Rest brings x to its sparse form, which is what a finished trial keeps.
func (x *Hist) Rest() {
	if x != nil && x.dense != nil {
		x.sparse, x.dense = x.packed(), nil
	}
	if x != nil && x.sparse != nil {
		x.sparse.Compact()
	}
}

// Clone is an independent copy.
func (x *Hist) Clone() *Hist {
	c := &Hist{}
	c.Merge(x)
	return c
}

// HDR is a dense HdrHistogram in nanoseconds for the statistics; values in
// Beyond are not in it. It is nil for a nil Hist and must not be changed.
func (x *Hist) HDR() *hdrhistogram.Histogram {
	if x == nil {
		return nil
	}
	if x.dense != nil {
		return x.dense
	}
	h := hdrhistogram.New(histLow, histHigh, histDigits)
	if x.sparse != nil {
		x.sparse.MergeInto(h)
	}
	return h
}

// Buckets are the occupied buckets in ascending order: the bucket's top, as
// HdrHistogram reports its quantiles, and the count. Beyond is not in them.
func (x *Hist) Buckets() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		p := x.packed()
		if p == nil {
			return
		}
		p.ForEachBucket(func(value, count int64) bool {
			return yield(time.Duration(value|(bucketWidth(value)-1)), uint64(count))
		})
	}
}

// Mean is the mean in seconds as HdrHistogram computes it, from the middle of
// each bucket: +Inf if a value is beyond the bounds, NaN if there are none.
func (x *Hist) Mean() float64 {
	n := x.Count()
	if n == 0 {
		return math.NaN()
	}
	if x.Beyond > 0 {
		return math.Inf(1)
	}
	return x.sum() / float64(n)
}

// sum is the total of the values inside of the bounds, in seconds.
func (x *Hist) sum() float64 {
	total := 0.0
	for top, n := range x.Buckets() {
		middle := float64(top) - float64(bucketWidth(int64(top)))/2
		total += middle * float64(n)
	}
	return total / float64(time.Second)
}

// packed is the sparse form of what x holds, nil if that is nothing.
func (x *Hist) packed() *hdrhistogram.PackedHistogram {
	if x == nil || x.dense == nil {
		if x == nil {
			return nil
		}
		return x.sparse
	}
	p := newSparse()
	p.MergeFrom(x.dense)
	return p
}

func newSparse() *hdrhistogram.PackedHistogram {
	return hdrhistogram.NewPacked(histLow, histHigh, histDigits)
}

// bucketWidth is the width in nanoseconds of the bucket that holds v. The
// layout is part of the HDR format: 2048 buckets of 512 ns, then 1024 buckets
// for each doubling.
func bucketWidth(v int64) int64 {
	const unit, half = 9, 10 // 2^9 = 512 ns; 2^10 buckets per doubling
	return int64(1) << max(unit, bits.Len64(uint64(v))-1-half)
}

type histJSON struct {
	HDR    string `json:"hdr"`
	Beyond uint64 `json:"beyond,omitempty"`
}

// MarshalJSON writes the V2 compressed HDR encoding in base64, which any
// HdrHistogram library reads.
func (x *Hist) MarshalJSON() ([]byte, error) {
	if x == nil {
		return []byte("null"), nil
	}
	p := x.packed()
	if p == nil {
		p = newSparse()
	}
	b, err := p.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(histJSON{string(b), x.Beyond})
}

// UnmarshalJSON reads what MarshalJSON wrote, and refuses other bounds, which
// could not be merged without loss.
func (x *Hist) UnmarshalJSON(b []byte) error {
	var j histJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	p, err := hdrhistogram.DecodePacked([]byte(j.HDR))
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	if p.LowestTrackableValue() != histLow || p.HighestTrackableValue() != histHigh || p.SignificantFigures() != histDigits {
		return fmt.Errorf("decode histogram: bounds %d to %d ns at %d digits are not the record's %d to %d at %d",
			p.LowestTrackableValue(), p.HighestTrackableValue(), p.SignificantFigures(), histLow, histHigh, histDigits)
	}
	*x = Hist{sparse: p, Beyond: j.Beyond}
	return nil
}
