package reports_test

import (
	"math"
	"strings"
	"testing"

	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/verdict"
)

var nan, inf = math.NaN(), math.Inf(1)

func TestQuantitiesInATable(t *testing.T) {
	for _, x := range []struct {
		got, want string
	}{
		{reports.Quantity(nan, "s"), "–"},
		{reports.Quantity(0.0123, "s"), "12.3 ms"},
		{reports.Quantity(98.76e6, "B/s"), "98.8 MB/s"},
		{reports.Quantity(0, "share"), "0%"},
		{reports.Quantity(3, "count"), "3"},
		{reports.Seconds(90e-6), "90 µs"},
		{reports.Times(nan), "–"},
		{reports.Times(inf), "∞"},
		{reports.Times(0), "0×"},
		{reports.Times(1.05), "1.05×"},
		{reports.Times(180.3), "180×"},
		{reports.Interval(1.02, 0.99, 1.04), "1.02× [0.99×, 1.04×]"},
		{reports.Interval(1.02, 0, 1.04), "1.02×, at most 1.04×"},
		{reports.Interval(1.02, nan, 1.04), "1.02×, at most 1.04×"},
		{reports.Interval(9, 2, inf), "9×, at least 2×"},
		{reports.Interval(inf, 3, inf), "∞, at least 3×"},
		{reports.Interval(19, 0, inf), "19×"},
		{reports.Interval(19, nan, nan), "19×"},
		{reports.Bounds(0, 5.24e6, "B/s"), "0 B/s to 5.24 MB/s"},
		{reports.Bounds(5e6, 5e6, "B/s"), "5 MB/s"},
		{reports.Bounds(5e6, 5.0001e6, "B/s"), "5 MB/s"},
		{reports.Bounds(nan, nan, "B/s"), "–"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

func TestWordsOfAFinding(t *testing.T) {
	relative := verdict.Finding{
		Metric: "goodput", Stat: "mean", Unit: "B/s", Arm: "through", Cell: "h2", Margin: 1.05, Max: nan,
		Effect: verdict.Effect{Ratio: 1.02, Low: 0.99, High: 1.04}, Values: verdict.Values{Reference: 2, Candidate: 1},
	}
	limit := verdict.Finding{Metric: "errors", Stat: "rate", Unit: "share", Arm: "through", Cell: "all", Margin: nan, Max: 0.01,
		Effect: verdict.Effect{Ratio: nan, Low: nan, High: nan}, Values: verdict.Values{Reference: nan, Candidate: 0}}
	empty := relative
	empty.Effect, empty.Values = verdict.Effect{Ratio: 0, Low: 0, High: inf}, verdict.Values{Reference: nan, Candidate: nan}
	stopped := relative
	stopped.Effect, stopped.Values.Candidate = verdict.Effect{Ratio: inf, Low: 0, High: inf}, 0
	for _, x := range []struct {
		got, want string
	}{
		{reports.FindingName(relative), "goodput mean, through, h2"},
		{reports.FindingName(limit), "errors rate, through"},
		{reports.Allowed(relative), "at most 1.05× worse"},
		{reports.Allowed(limit), "at most 1%"},
		{reports.EffectWords(relative), "1.02× [0.99×, 1.04×]"},
		{reports.EffectWords(limit), "–"},
		{reports.EffectWords(empty), "–"}, // 0× would read as infinitely better
		{reports.EffectWords(stopped), "∞"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

func TestWordsOfTheLedger(t *testing.T) {
	for _, x := range []struct {
		ledger verdict.Integrity
		want   string
	}{
		{verdict.Integrity{LossUpperBound95: nan}, "nothing was acknowledged"},
		{verdict.Integrity{Acknowledged: 300, Intact: 300, LossUpperBound95: 0.01}, "300 acknowledged, 300 intact, a loss rate up to 1% could have been missed"},
		{verdict.Integrity{Acknowledged: 300, Intact: 298, Lost: 2, LossUpperBound95: 0.02}, "300 acknowledged, 298 intact, 2 lost"},
		{verdict.Integrity{RefusedButStored: 1, LossUpperBound95: nan}, "0 acknowledged, 0 intact, 1 refused, but stored"},
		{verdict.Integrity{Acknowledged: 9, Intact: 5, Corrupt: 1, Duplicated: 2, Unverified: 3, LossUpperBound95: nan}, "9 acknowledged, 5 intact, 1 corrupt, 2 duplicated, 3 unverified"},
		{verdict.Integrity{ReadWrong: 7, LossUpperBound95: nan}, "0 acknowledged, 0 intact, 7 stored intact (by any arm) and read wrong"},
	} {
		if got := reports.LedgerWords(x.ledger); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
	c := record.Case{Name: "n1", Trial: 3, Seq: 7, Outcome: "status", Finding: "refused_but_stored", Evidence: []string{"around: 200", "around: 200", "through: 404"}}
	if got, want := reports.CaseWords(c), "n1 (trial 3, op 7, answered status): refused but stored: around: 200; through: 404"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestEveryVerdictHasASignAndAWord: colour alone says nothing to some readers,
// and no verdict but the two may look like a pass.
func TestEveryVerdictHasASignAndAWord(t *testing.T) {
	for v, want := range map[verdict.Verdict]string{
		verdict.Pass: "✓", verdict.Improved: "✓", verdict.Regressed: "✗", verdict.Invalid: "!",
		verdict.Inconclusive: "?", verdict.NoBaseline: "?", "SOMETHING_NEW": "?",
	} {
		if got := reports.Mark(v); got != want {
			t.Errorf("%s: %q, want %q", v, got, want)
		}
	}
}

func TestFindingsAreOrderedByGravity(t *testing.T) {
	var given []verdict.Finding
	for _, v := range []verdict.Verdict{verdict.Pass, verdict.Inconclusive, verdict.Improved, verdict.Invalid, verdict.Regressed, verdict.NoBaseline, verdict.Regressed} {
		given = append(given, verdict.Finding{Verdict: v, N: len(given)})
	}
	var got []string
	for _, f := range reports.Ordered(given) {
		got = append(got, string(f.Verdict)+string(rune('0'+f.N)))
	}
	want := "REGRESSED4 REGRESSED6 INVALID3 NO_BASELINE5 INCONCLUSIVE1 PASS0 IMPROVED2"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("%s, want %s", s, want)
	}
	if given[0].Verdict != verdict.Pass {
		t.Error("the decision's own order was changed")
	}
}

func TestTheExitCodeOfADecision(t *testing.T) {
	for want, d := range map[int]verdict.Decision{
		0: {Verdict: verdict.Pass}, 10: {Verdict: verdict.Regressed}, 11: {Verdict: verdict.Inconclusive},
		12: {Verdict: verdict.Invalid}, 13: {Verdict: verdict.NoBaseline}, 21: {Verdict: verdict.Invalid, Unreachable: "around"},
	} {
		if got := reports.ExitCode(d); got != want {
			t.Errorf("%s %q: %d, want %d", d.Verdict, d.Unreachable, got, want)
		}
	}
}

func TestWhoAnswered(t *testing.T) {
	p := record.Peer{Address: "10.0.0.12:443", Protocol: "HTTP/2.0", TLS: "TLS 1.3", Server: "nginx", Via: "1.1 edge7"}
	if got, want := reports.PeerWords(p), "10.0.0.12:443 · HTTP/2.0 · TLS 1.3 · nginx · 1.1 edge7"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := reports.PeerWords(record.Peer{Address: "a", Protocol: "HTTP/1.1"}), "a · HTTP/1.1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
