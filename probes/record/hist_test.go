package record

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// durations draws from 0 to past the bounds, each decade alike.
var durations = rapid.Custom(func(t *rapid.T) time.Duration {
	exponent := rapid.Float64Range(0, 13.5).Draw(t, "exponent")
	return time.Duration(math.Pow(10, exponent))
})

func TestAHistogramIsHdrHistogramWithNothingLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(durations, 1, 1200).Draw(t, "values")
		split := rapid.IntRange(0, len(values)).Draw(t, "split")
		a, b, plain := NewHist(), NewHist(), hdrhistogram.New(histLow, histHigh, histDigits)
		beyond := uint64(0)
		for i, v := range values {
			if i < split {
				a.Record(v)
			} else {
				b.Record(v)
			}
			if int64(v) > histHigh {
				beyond++
			} else if err := plain.RecordValue(int64(v)); err != nil {
				t.Fatal(err)
			}
		}
		a.Merge(b)
		a.Rest()
		if a.Count() != uint64(len(values)) || a.Beyond != beyond {
			t.Fatalf("%d values, %d beyond; got %d and %d", len(values), beyond, a.Count(), a.Beyond)
		}
		if !plain.Equals(a.HDR()) {
			t.Fatal("the counts are not those of HdrHistogram")
		}
		for top, n := range a.Buckets() {
			if got := plain.ValuesAreEquivalent(int64(top), int64(top)+1); n == 0 || got {
				t.Fatalf("bucket %v ×%d is empty or does not end there", top, n)
			}
		}
		if beyond == 0 {
			if got, want := a.Mean()*1e9, plain.Mean(); math.Abs(got-want) > 1e-6*want+1 {
				t.Fatalf("mean %v ns, HdrHistogram %v ns", got, want)
			}
		}
	})
}

func TestAHistogramSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := NewHist()
		for _, v := range rapid.SliceOfN(durations, 0, 700).Draw(t, "values") {
			h.Record(v)
		}
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var got Hist
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if got.Beyond != h.Beyond || !slices.Equal(occupied(h), occupied(&got)) {
			t.Fatal("the histogram changed on the way")
		}
	})
}

func TestAHistogramOfOtherBoundsIsRefused(t *testing.T) {
	other := hdrhistogram.NewPacked(1, histHigh, 2)
	_ = other.RecordValue(5)
	b, _ := other.Encode()
	text, _ := json.Marshal(histJSON{HDR: string(b)})
	var h Hist
	if err := json.Unmarshal(text, &h); err == nil || !strings.Contains(err.Error(), "bounds") {
		t.Errorf("got %v, want an error about bounds: merging it would lose counts", err)
	}
}

func TestANilHistogramIsEmpty(t *testing.T) {
	var h *Hist
	h.Rest()
	if h.Count() != 0 || h.HDR() != nil || len(occupied(h)) != 0 || !math.IsNaN(h.Mean()) {
		t.Error("a nil histogram is not empty")
	}
	if b, err := json.Marshal(h); string(b) != "null" || err != nil {
		t.Errorf("%s %v", b, err)
	}
}

func TestAFinishedHistogramIsReadConcurrently(t *testing.T) {
	h := NewHist()
	for i := range 5000 {
		h.Record(time.Duration(i) * time.Microsecond)
	}
	h.Rest()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if h.HDR().TotalCount() != 5000 || h.Count() != 5000 || h.Clone().Count() != 5000 {
				t.Error("a reader saw other counts")
			}
			_, _ = json.Marshal(h)
		})
	}
	wg.Wait()
}

func TestQuantilesKeepHdrHistogramsRule(t *testing.T) {
	h := NewHist()
	for i := 1; i <= 10; i++ {
		h.Record(time.Duration(i) * time.Millisecond)
	}
	for _, q := range []float64{0.01, 0.5, 0.9, 0.95, 0.99, 1} {
		low, high, ok := quantile(h, nil, q)
		if want := float64(h.HDR().ValueAtQuantile(q * 100)); low != want || high != want || !ok {
			t.Errorf("p%v: %v to %v, HdrHistogram says %v", q*100, low, high, want)
		}
	}
}

func TestAnUnendedOpIsAtLeastWhatItHadLasted(t *testing.T) {
	done, unended := NewHist(), NewHist()
	for i := 1; i <= 9; i++ {
		done.Record(time.Duration(i) * time.Second)
	}
	unended.Record(3500 * time.Millisecond)
	near := func(got, want float64) bool { return math.Abs(got-want) <= 0.002*want }
	if low, high, _ := quantile(done, unended, 0.5); !near(low, 4e9) || !near(high, 5e9) {
		t.Errorf("p50 %v to %v, want 4 s (the cut op as ended at 3.5 s) to 5 s (as endless)", low, high)
	}
	if low, high, _ := quantile(done, unended, 0.99); !near(low, 9e9) || !math.IsInf(high, 1) {
		t.Errorf("p99 %v to %v, want 9 s to endless", low, high)
	}
	if low, high, _ := mean(done, unended); !near(low, 4.85e9) || !math.IsInf(high, 1) {
		t.Errorf("mean %v to %v, want 4.85 s to endless", low, high)
	}
}
