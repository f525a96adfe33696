package metric

import (
	"errors"
	"strings"
	"testing"

	"loadline/scenarios/unit"
)

func TestTheCatalogueIsWhole(t *testing.T) {
	seen := map[ID]bool{}
	for _, m := range Catalogue {
		if seen[m.ID] {
			t.Errorf("%s is listed twice", m.ID)
		}
		seen[m.ID] = true
		if m.Unit == "" || m.Better == "" || m.Rule == "" || len(m.Stats) == 0 || m.Help == "" {
			t.Errorf("the row of %s has gaps: %+v", m.ID, m)
		}
		for _, s := range m.Stats {
			if !contains(Stat("").Words(), string(s)) {
				t.Errorf("%s allows %s, which is no statistic", m.ID, s)
			}
		}
		if got, ok := Lookup(m.ID); !ok || got.ID != m.ID {
			t.Errorf("%s is not found", m.ID)
		}
	}
	for _, id := range []ID{Goodput, TTFB, TTLB, Service, Response, Rate, Errors, Connect, TLS, StallTime,
		IntegrityLost, IntegrityCorrupt, IntegrityShort, IntegrityDuplicate,
		IOPS, Fsync, KafkaAck, KafkaE2E, BacklogDepth, BacklogOldestAge, BacklogCompletions} {
		if !seen[id] {
			t.Errorf("%s has no row", id)
		}
	}
	if _, ok := Lookup("throughput"); ok {
		t.Error("throughput is a metric")
	}
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]ID{"godput": Goodput, "integrity.loss": IntegrityLost, "tlb": TTLB, "stalltime": StallTime} {
		if got, ok := Nearest(word); !ok || got != want {
			t.Errorf("nearest to %s is %s, want %s", word, got, want)
		}
	}
	if got, ok := Nearest("bandwidth"); ok {
		t.Errorf("nearest to bandwidth is %s", got)
	}
}

func TestWhatCanBeComparedAndInWhichUnit(t *testing.T) {
	for _, test := range []struct {
		id         ID
		stat       Stat
		comparable bool
		unit       Unit
	}{
		{Goodput, Mean, true, BytesPerSecond},
		{Goodput, P99, false, BytesPerSecond},
		{TTLB, P999, true, Seconds},
		{TTLB, Max, false, Seconds},
		{Errors, StatRate, false, Share},
		{Errors, StatCount, false, Count},
		{IntegrityLost, StatCount, false, Count},
		{IntegrityLost, StatRate, false, Share},
		{BacklogDepth, Mean, true, Count},
	} {
		m, _ := Lookup(test.id)
		if m.Comparable(test.stat) != test.comparable || m.UnitOf(test.stat) != test.unit {
			t.Errorf("%s %s: comparable %v in %s", test.id, test.stat, m.Comparable(test.stat), m.UnitOf(test.stat))
		}
	}
}

func TestQuantiles(t *testing.T) {
	for s, want := range map[Stat]float64{P50: 0.5, P90: 0.9, P95: 0.95, P99: 0.99, P999: 0.999} {
		if q, ok := s.Quantile(); !ok || q != want {
			t.Errorf("%s is %v", s, q)
		}
	}
	for _, s := range []Stat{Mean, Max, StatRate, StatCount} {
		if _, ok := s.Quantile(); ok {
			t.Errorf("%s is a quantile", s)
		}
	}
}

func TestLimitsAreReadInTheUnitOfTheStatistic(t *testing.T) {
	for _, test := range []struct {
		id   ID
		stat Stat
		text string
		want float64
	}{
		{Errors, StatRate, "0.1%", 0.001}, {Errors, StatRate, "0.001", 0.001}, {Errors, StatCount, "3", 3},
		{IntegrityLost, StatCount, "0", 0}, {TTLB, P99, "250ms", 0.25}, {Goodput, Mean, "5MB/s", 5e6},
		{Rate, Mean, "30/min", 0.5}, {BacklogDepth, Max, "1e5", 1e5},
	} {
		m, _ := Lookup(test.id)
		if got, err := m.Parse(test.stat, test.text); err != nil || got != test.want {
			t.Errorf("%s %s %s = %v, %v; want %v", test.id, test.stat, test.text, got, err, test.want)
		}
	}
	for _, test := range []struct {
		id         ID
		stat       Stat
		text, hint string
	}{
		{Errors, StatRate, "150%", "100% or less"}, {Errors, StatCount, "1%", "whole number"}, {Errors, StatCount, "-1", "whole number"},
		{TTLB, P99, "5", "250ms"}, {TTLB, P99, "-1s", "250ms"}, {Goodput, Mean, "5", "200MB/s"}, {Rate, Mean, "5", "50/s"},
		{BacklogDepth, Max, "inf", "whole number"},
	} {
		m, _ := Lookup(test.id)
		var e *unit.Error
		if _, err := m.Parse(test.stat, test.text); !errors.As(err, &e) || !strings.Contains(e.Hint, test.hint) {
			t.Errorf("%s %s %s: %v, want a hint with %q", test.id, test.stat, test.text, err, test.hint)
		}
	}
}
