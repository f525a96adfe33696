package fault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func mustParse(t *testing.T, line string) Fault {
	t.Helper()
	f, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTextRoundTrip(t *testing.T) {
	for _, line := range []string{
		"slow on=upload name=big above=1048576 skip=2 every=3 times=4 delay=2s",
		"lose p=0.25 seed=7",
		"corrupt on=download at=100",
		"zero-tail size=4096",
		"refuse status=413 store=true",
		"rate at=10485760 rate=2000000",
	} {
		if got := mustParse(t, line).String(); got != line {
			t.Errorf("Parse(%q).String() = %q", line, got)
		}
	}
	f := mustParse(t, "rate rate=2MB/s at=10MiB")
	if f.Rate != 2e6 || f.At != 10<<20 {
		t.Errorf("rate=2MB/s at=10MiB read as %+v", f)
	}
}

func TestParseRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                         "empty line",
		"lost":                     `"lost": no such kind (known: slow rate`,
		"slow":                     "needs a positive delay=",
		"lose on=download":         "cannot strike on=download (only upload)",
		"lose on=sideways":         "want upload or download",
		"lose evry=3":              "no such key (known: on name",
		"lose every":               `"every" is not key=value`,
		"lose every=3 p=0.5":       "exclude each other",
		"lose p=2":                 "not between 0 and 1",
		"refuse status=99":         "not a final HTTP status",
		"truncate size=2MiB":       "more than 1048576 bytes",
		"cut at=-1":                "negative",
		"cut at=99999999999999GiB": "out of range",
	} {
		if _, err := Parse(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): error %v, want one with %q", line, err, want)
		}
	}
}

func TestEveryKindHasARule(t *testing.T) {
	if len(Kinds()) != len(rules) {
		t.Errorf("%d kinds listed, %d have a rule", len(Kinds()), len(rules))
	}
	for _, k := range Kinds() {
		if _, ok := rules[k]; !ok {
			t.Errorf("kind %s has no rule", k)
		}
	}
}

// strikes asks n times and returns the numbers (from 1) of the struck requests.
func strikes(s *Set, n int, k Kind, r Request) []int {
	var hit []int
	for i := 1; i <= n; i++ {
		if s.Strike(r).Has(k) {
			hit = append(hit, i)
		}
	}
	return hit
}

func TestStrikeSelects(t *testing.T) {
	up := Request{On: Upload, Name: "big-7", Size: 100}
	for _, c := range []struct {
		line string
		req  Request
		want []int
	}{
		{"lose", up, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"lose every=3", up, []int{3, 6}},
		{"lose every=3 skip=1", up, []int{4, 7}},
		{"lose every=2 times=2", up, []int{2, 4}},
		{"lose name=big", up, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"lose name=small", up, nil},
		{"lose above=99", up, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"lose above=100", up, nil},
		{"cut on=download", up, nil},
		{"lose", Request{On: Download, Name: "big-7"}, nil},
	} {
		var s Set
		if err := s.Inject(mustParse(t, c.line)); err != nil {
			t.Fatal(err)
		}
		got := strikes(&s, 8, Kind(strings.Fields(c.line)[0]), c.req)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: struck %v, want %v", c.line, got, c.want)
		}
	}
}

func TestProbabilityIsSeededAndNearItsValue(t *testing.T) {
	run := func(line string) []int {
		var s Set
		if err := s.Inject(mustParse(t, line)); err != nil {
			t.Fatal(err)
		}
		return strikes(&s, 4000, Lose, Request{On: Upload})
	}
	a, b, c := run("lose p=0.25 seed=1"), run("lose p=0.25 seed=1"), run("lose p=0.25 seed=2")
	if len(a) < 850 || len(a) > 1150 {
		t.Errorf("p=0.25 struck %d of 4000", len(a))
	}
	if !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Error("the struck requests do not follow the seed")
	}
}

func TestInjectIsAllOrNothingAndHealRemoves(t *testing.T) {
	var s Set
	if err := s.Inject(Fault{Kind: Lose}, Fault{Kind: "lost"}); err == nil || len(s.State()) != 0 {
		t.Errorf("error %v, in force %v", err, s.State())
	}
	lacking := Set{Lacks: []Kind{Swap}}
	if err := lacking.Inject(Fault{Kind: Swap}); err == nil || lacking.Inject(Fault{Kind: Lose}) != nil {
		t.Errorf("a service that lacks swap: %v", err)
	}
	if err := s.Inject(Fault{Kind: Lose, Every: 2}); err != nil {
		t.Fatal(err)
	}
	strikes(&s, 5, Lose, Request{On: Upload})
	if got := s.State()[0]; got.Seen != 5 || got.Fired != 2 || got.Fault != "lose every=2" {
		t.Errorf("state %+v", got)
	}
	s.Heal()
	if hit := strikes(&s, 5, Lose, Request{On: Upload}); hit != nil {
		t.Errorf("struck %v after Heal", hit)
	}
}

// bend passes body through the fault on line, in small odd reads.
func bend(t *testing.T, line string, body []byte, size int64) ([]byte, error) {
	t.Helper()
	f := mustParse(t, line)
	r := Struck{f.Kind: f}.Body(t.Context(), iotest.HalfReader(bytes.NewReader(body)), size)
	return io.ReadAll(r)
}

func TestBodyContent(t *testing.T) {
	body := bytes.Repeat([]byte("loadline"), 5000)
	n := len(body)
	at := func(i int) []byte { b := bytes.Clone(body); b[i] ^= 1; return b }
	for _, c := range []struct {
		line string
		size int64
		want []byte
	}{
		{"corrupt at=12345", int64(n), at(12345)},
		{"corrupt at=1GiB", int64(n), at(n - 1)},
		{"corrupt at=1GiB", -1, body},
		{"truncate size=1000", int64(n), body[:n-1000]},
		{"truncate size=1000", -1, body[:n-1000]},
		{"truncate size=1MiB", -1, nil},
		{"zero-tail size=4096", -1, append(bytes.Clone(body[:n-4096]), make([]byte, 4096)...)},
		{"zero-tail size=1MiB", -1, make([]byte, n)},
	} {
		got, err := bend(t, c.line, body, c.size)
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s of %d: %d bytes (equal to the wanted: %v), error %v", c.line, c.size, len(got), bytes.Equal(got, c.want), err)
		}
	}
	if h := (Struck{}); h.Body(t.Context(), strings.NewReader("x"), 1) == nil || h.Length(5) != 5 {
		t.Error("a healthy body is changed")
	}
	if h := (Struck{Truncate: {Size: 10}}); h.Length(5) != 0 || h.Length(15) != 5 || h.Length(-1) != -1 {
		t.Error("truncated lengths")
	}
}

func TestBodyEnds(t *testing.T) {
	body := make([]byte, 10_000)
	for line, want := range map[string]error{"cut at=3000": ErrCut, "reset at=3000": ErrReset} {
		got, err := bend(t, line, body, -1)
		if len(got) != 3000 || !errors.Is(err, want) {
			t.Errorf("%s: %d bytes, error %v", line, len(got), err)
		}
	}
}

func TestStallWaitsForTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		got, err := io.ReadAll(Struck{Stall: {At: 10}}.Body(ctx, strings.NewReader(strings.Repeat("x", 20)), 20))
		if len(got) != 10 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d bytes, error %v", len(got), err)
		}
	})
}

func TestRateHoldsFromItsOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := Struck{Rate: {Rate: 1e6, At: 5e6}}.Body(t.Context(), bytes.NewReader(make([]byte, 15e6)), 15e6)
		n, err := io.Copy(io.Discard, r)
		if d := time.Since(start); n != 15e6 || err != nil || d < 9900*time.Millisecond || d > 10*time.Second {
			t.Errorf("10 MB at 1 MB/s after 5 MB free: %d bytes in %v, error %v", n, d, err)
		}
	})
}

func TestFreezeHoldsTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Set
		if err := s.Gate(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Freeze(time.Second)
		start := time.Now()
		if err := s.Gate(t.Context()); err != nil || time.Since(start) != time.Second {
			t.Errorf("gate opened after %v, error %v", time.Since(start), err)
		}
		s.Freeze(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Gate(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("gate of a frozen service: %v", err)
		}
		s.Freeze(time.Millisecond)
		if err := s.Gate(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Hour)
	})
}
