package unit

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestBytesAreReadAsWritten(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "1": 1, "4096": 4096, "17B": 17, "1e6": 1_000_000,
		"1KiB": 1024, "1KB": 1000, "1kB": 1000,
		"1GiB": 1 << 30, "1GB": 1_000_000_000, "1TiB": 1 << 40, "1TB": 1e12,
		"1.5GiB": 3 << 29, "0.5KiB": 512, "2.000MB": 2_000_000, " 64 KiB ": 65536,
		"8388607TiB": 8388607 << 40, "9223372036854775807": math.MaxInt64,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	if GiB == GB {
		t.Error("1GiB and 1GB are the same")
	}
}

func TestBytesThatAreNotExactAreRefused(t *testing.T) {
	for text, hint := range map[string]string{
		"":                     "such as 64KiB",
		"big":                  "such as 64KiB",
		"-1":                   "such as 64KiB",
		"1G":                   "GiB for 2^30 or GB for 10^9",
		"1Mb":                  "MiB for 2^20 or MB for 10^6",
		"1gib":                 "GiB for 2^30 or GB for 10^9",
		"1k":                   "KiB for 1024 or kB for 1000",
		"1t":                   "TiB for 2^40",
		"1PB":                  "one of B, KiB",
		"1.3KiB":               "smaller unit",
		"0.1B":                 "smaller unit",
		"8388608TiB":           "largest size",
		"9223372036854775808":  "largest size",
		"1e99":                 "largest size",
		"99999999999999999999": "largest size",
	} {
		_, err := ParseBytes(text)
		wantHint(t, text, err, hint)
	}
}

func wantHint(t *testing.T, text string, err error, hint string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("%q: error %v, want a *unit.Error", text, err)
		return
	}
	what, got := e.Parts()
	if !strings.Contains(got, hint) || what == "" || !strings.Contains(e.Error(), what) {
		t.Errorf("%q: %v; want a hint with %q", text, err, hint)
	}
}

func TestBytesPrintExactOrRounded(t *testing.T) {
	for b, want := range map[Bytes]string{
		0: "0B", 17: "17B", 100 * MiB: "100MiB", GB: "1GB", GiB: "1GiB", 3 * GiB / 2: "1536MiB",
		1_234_567_890: "1.2 GB", 12_345_678_901: "12 GB", 9_960_000_001: "10 GB", 12_345: "12 kB",
		-GiB: "-1GiB", 1023: "1023B", 64 * KiB: "64KiB",
	} {
		if got := b.String(); got != want {
			t.Errorf("Bytes(%d).String() = %q, want %q", int64(b), got, want)
		}
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]BytesPerSecond{
		"200MB/s": 2e8, "1GiB/s": 1 << 30, "10Gbit/s": 1.25e9, "1.5KB/s": 1500, "100Mbit/s": 12.5e6, "5B/s": 5, "8kbit/s": 1000,
	} {
		if got, err := ParseBytesPerSecond(text); err != nil || got != want {
			t.Errorf("ParseBytesPerSecond(%q) = %v, %v; want %v", text, float64(got), err, float64(want))
		}
	}
	for text, hint := range map[string]string{
		"200MB": "200MB/s", "200": "200MB/s", "200Mb/s": "MiB for 2^20", "5MB/h": "200MB/s", "": "200MB/s", "MB/s": "200MB/s",
	} {
		_, err := ParseBytesPerSecond(text)
		wantHint(t, text, err, hint)
	}
	for r, want := range map[BytesPerSecond]string{2e8: "200 MB/s", 1.25e9: "1.25 GB/s", 999: "999 B/s", 999_999: "1 MB/s", 0: "0 B/s", 1536: "1.54 kB/s", -1e6: "-1 MB/s"} {
		if got := r.String(); got != want {
			t.Errorf("BytesPerSecond(%v) = %q, want %q", float64(r), got, want)
		}
	}
	for text, want := range map[string]PerSecond{"50/s": 50, "3000/min": 50, "1.5/s": 1.5, "36/h": 0.01, "0/s": 0, "1e3/s": 1000} {
		if got, err := ParsePerSecond(text); err != nil || got != want {
			t.Errorf("ParsePerSecond(%q) = %v, %v; want %v", text, float64(got), err, float64(want))
		}
	}
	for _, text := range []string{"50", "50/ms", "fifty/s", "50 req/s", ""} {
		_, err := ParsePerSecond(text)
		wantHint(t, text, err, "50/s")
	}
	for r, want := range map[PerSecond]string{50: "50/s", 0.123456: "0.123/s", 1e6: "1000000/s"} {
		if got := r.String(); got != want {
			t.Errorf("PerSecond(%v) = %q, want %q", float64(r), got, want)
		}
	}
}

func TestShares(t *testing.T) {
	for text, want := range map[string]Ratio{"5%": 0.05, "0.05": 0.05, "7%": 0.07, "0%": 0, "130%": 1.3, "0.1%": 0.001} {
		if got, err := ParseRatio(text); err != nil || got != want {
			t.Errorf("ParseRatio(%q) = %v, %v; want %v", text, float64(got), err, float64(want))
		}
	}
	_, err := ParseRatio("five")
	wantHint(t, "five", err, "5% or 0.05")
	for r, want := range map[Ratio]string{0.07: "7%", 1.0 / 3: "33.33%", 0: "0%", 0.001: "0.1%", 1: "100%"} {
		if got := r.String(); got != want {
			t.Errorf("Ratio(%v) = %q, want %q", float64(r), got, want)
		}
	}
}

func TestMargins(t *testing.T) {
	for text, want := range map[string]Margin{"5%": 0.05, "1.05x": 0.05, "1.05×": 0.05, "2x": 1, "100%": 1, "1.07x": 0.07} {
		got, err := ParseMargin(text)
		if err != nil || got != want {
			t.Errorf("ParseMargin(%q) = %v, %v; want %v", text, float64(got), err, float64(want))
		}
		if got.Worse() != 1+float64(want) {
			t.Errorf("ParseMargin(%q).Worse() = %v", text, got.Worse())
		}
	}
	for text, hint := range map[string]string{
		"0.05": "5% or 1.05x", "1.05": "5% or 1.05x", "0%": "above 0%", "1x": "above 0%", "0.9x": "above 0%", "5000x": "1000x or less", "": "5% or 1.05x",
	} {
		_, err := ParseMargin(text)
		wantHint(t, text, err, hint)
	}
	if got := Margin(0.05).String(); got != "1.05×" {
		t.Errorf("a margin of 5%% prints as %q", got)
	}
}

// What is marshalled as text or JSON is read as the same value.
func TestRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Bytes(rapid.Int64Min(0).Draw(t, "bytes"))
		trip(t, b, new(Bytes))
		share := float64(rapid.IntRange(0, 1_000_000).Draw(t, "share")) / 100_000
		trip(t, Ratio(share), new(Ratio))
		trip(t, Margin(share+1e-5), new(Margin))
		trip(t, PerSecond(share), new(PerSecond))
		trip(t, BytesPerSecond(share*1e9), new(BytesPerSecond))
	})
}

type quantity[T any] interface {
	*T
	UnmarshalText([]byte) error
	UnmarshalJSON([]byte) error
}

func trip[T comparable, P quantity[T]](t *rapid.T, v T, into P) {
	text, err := any(v).(interface{ MarshalText() ([]byte, error) }).MarshalText()
	if err != nil || into.UnmarshalText(text) != nil || *into != v {
		t.Fatalf("%v is marshalled as %q and read as %v (%v)", v, text, *into, err)
	}
	data, err := json.Marshal(v)
	var zero T
	if *into = zero; err != nil || into.UnmarshalJSON(data) != nil || *into != v {
		t.Fatalf("%v is JSON %s and read as %v (%v)", v, data, *into, err)
	}
	quoted, _ := json.Marshal(string(text))
	if *into = zero; into.UnmarshalJSON(quoted) != nil || *into != v {
		t.Fatalf("%v in quotes, %s, is read as %v", v, quoted, *into)
	}
}

func TestJSONIsThePlainNumber(t *testing.T) {
	got, err := json.Marshal(map[string]any{"b": GiB, "r": Ratio(0.05), "m": Margin(0.05), "s": PerSecond(50), "x": BytesPerSecond(2e8)})
	if want := `{"b":1073741824,"m":0.05,"r":0.05,"s":50,"x":200000000}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	for _, bad := range []string{`true`, `"x"`, `{`, `null`} {
		if err := new(Bytes).UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s was read as bytes", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1GiB", "1.5GB", "200MB/s", "5%", "1.05x", "50/s", "1e99", "0.000000000000000000000000000001%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := ParseBytes(text); err == nil && b < 0 {
			t.Errorf("%q is negative: %d", text, b)
		}
		if m, err := ParseMargin(text); err == nil && !(m > 0 && m <= maxMargin) {
			t.Errorf("%q is out of bounds: %v", text, float64(m))
		}
		if r, err := ParseBytesPerSecond(text); err == nil && !(r >= 0) {
			t.Errorf("%q is no rate: %v", text, float64(r))
		}
		if r, err := ParsePerSecond(text); err == nil && !(r >= 0) {
			t.Errorf("%q is no rate: %v", text, float64(r))
		}
		if r, err := ParseRatio(text); err == nil && !(r >= 0) {
			t.Errorf("%q is no share: %v", text, float64(r))
		}
	})
}
