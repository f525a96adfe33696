package attribution_test

import (
	"strings"
	"testing"

	"loadline/probes"
	"loadline/reports/attribution"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios/plan"
)

// answered is a path whose k-th ops, and all with k of 1, end in a way.
func answered(p synthetic.Path, k int, o probes.Outcome, status int, message string) synthetic.Path {
	return with(p, func(_ plan.Cell, n int, op *synthetic.Op) {
		if n%k == k-1 {
			op.Outcome, op.Status, op.Message = o, status, message
		}
	})
}

// TestPartsThatNobodyAskedForAreNamedByTheirStatus: they are not cut in
// silence, since the status says what they are.
func TestPartsThatNobodyAskedForAreNamedByTheirStatus(t *testing.T) {
	const (
		cause  = "206 Partial Content to requests without Range"
		ranged = `{"direction":"download","verify":"digest","range":"0-1048575"}`
		short  = "short: 65536 of 10485760 bytes, and the answer ended as if that were all (announced: 65536)"
	)
	for _, c := range []struct {
		name    string
		spec    string
		through synthetic.Path
		want    string
		not     string
	}{
		{"a part of each", download, answered(down.path(), 1, probes.Short, 206, short), cause, "truncated"},
		{"a part of some", download, answered(down.path(), 3, probes.Short, 206, short), cause, "truncated"},
		{"the whole, called a part", download, answered(down.path(), 1, probes.Protocol, 206, "answered 206 although no range was asked for"), cause, "truncated"},
		{"less than the range that was asked for", ranged, answered(down.path(), 3, probes.Short, 206, short), "bodies truncated under status 206", cause},
		{"less than the whole, as 200", download, answered(down.path(), 3, probes.Short, 200, short), "bodies truncated under status 200", cause},
	} {
		a := attributed(t, synthetic.Design{Spec: c.spec, Cells: one, Around: down.path(), Through: c.through})
		all := a.Where + strings.Join(a.Evidence, "; ")
		if !strings.Contains(a.Where, c.want) || strings.Contains(a.Where, c.not) || c.want == cause && strings.Contains(all, "without any sign") {
			t.Errorf("%s: %q, for %q", c.name, a.Where, a.Evidence)
		}
	}
	same := answered(down.path(), 3, probes.Short, 206, short)
	if a := attributed(t, synthetic.Design{Spec: download, Cells: one, Around: same, Through: same}); strings.Contains(a.Where, cause) {
		t.Errorf("around too: %q", a.Where)
	}
}

func TestALimitOnTheRateOfRequestsIsNamed(t *testing.T) {
	const cause = "a limit on the rate of requests (status 429)"
	attribute := func(around, through synthetic.Path) attribution.Attribution {
		return attributed(t, synthetic.Design{Spec: download, Cells: tiny, Around: around, Through: through})
	}
	for name, through := range map[string]synthetic.Path{
		"some": answered(down.path(), 3, probes.Status, 429, "answered 429 Too Many Requests"),
		"all":  answered(down.path(), 1, probes.Status, 429, "answered 429 Too Many Requests"),
	} {
		a := attribute(down.path(), through)
		if all := strings.Join(a.Evidence, "; "); !strings.Contains(a.Where, cause) || strings.Contains(all, "Retry-After") {
			t.Errorf("%s: %q, for %q", name, a.Where, a.Evidence)
		}
	}
	said := attribute(down.path(), answered(down.path(), 3, probes.Status, 429, "answered 429 Too Many Requests (Retry-After: 7)"))
	if !strings.Contains(said.Evidence[0], "with Retry-After: 7;") {
		t.Errorf("an answer that says when to come again: %q", said.Evidence)
	}
	busy := answered(down.path(), 3, probes.Status, 503, "answered 503 Service Unavailable")
	limited := answered(down.path(), 5, probes.Status, 429, "answered 429 Too Many Requests")
	if a := attribute(down.path(), busy); strings.Contains(a.Where, cause) {
		t.Errorf("answered 503: %q", a.Where)
	}
	if a := attribute(limited, answered(limited, 3, probes.Status, 503, "")); strings.Contains(a.Where, cause) {
		t.Errorf("around answers 429 as often: %q", a.Where)
	}
}
