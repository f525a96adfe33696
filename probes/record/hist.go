package record

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
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

// Hist counts durations with a relative error of 0.1 %. Values outside of its
// bounds are counted in Beyond and never clamped.
type Hist struct {
	h *hdrhistogram.Histogram
	// Beyond counts values above two hours; they rank as infinitely long.
	Beyond uint64
}

// NewHist is an empty histogram.
func NewHist() *Hist { return &Hist{h: hdrhistogram.New(histLow, histHigh, histDigits)} }

// Record counts one duration; negative durations count as 0.
func (x *Hist) Record(d time.Duration) {
	if err := x.h.RecordValue(max(int64(d), 0)); err != nil {
		x.Beyond++
	}
}

// Count is the number of values, those beyond the bounds included.
func (x *Hist) Count() uint64 {
	if x == nil {
		return 0
	}
	return uint64(x.h.TotalCount()) + x.Beyond
}

// Merge adds other's counts to x; both have the same bounds by construction.
func (x *Hist) Merge(other *Hist) {
	if other == nil {
		return
	}
	x.h.Merge(other.h)
	x.Beyond += other.Beyond
}

// HDR is the histogram itself, in nanoseconds, for the statistics; values in
// Beyond are not in it.
func (x *Hist) HDR() *hdrhistogram.Histogram { return x.h }

type histJSON struct {
	HDR    string `json:"hdr"`
	Beyond uint64 `json:"beyond,omitempty"`
}

// MarshalJSON writes the V2 compressed HDR encoding in base64.
func (x *Hist) MarshalJSON() ([]byte, error) {
	b, err := x.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	if _, err := base64.StdEncoding.DecodeString(string(b)); err != nil {
		b = []byte(base64.StdEncoding.EncodeToString(b))
	}
	return json.Marshal(histJSON{string(b), x.Beyond})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (x *Hist) UnmarshalJSON(b []byte) error {
	var j histJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	h, err := hdrhistogram.Decode([]byte(j.HDR))
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	x.h, x.Beyond = h, j.Beyond
	return nil
}
