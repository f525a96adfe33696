package transfer_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios/plan"
)

const existingOf = "kind: http.transfer\ndirection: download\npath: /pub/known\nfixture: existing\nexpect: {size: 13B%s}\n"

// TestContentOfExistingObjectsIsTold says what others are to compare, of bodies
// that came whole, and nothing where the content is known or not to be looked at.
func TestContentOfExistingObjectsIsTold(t *testing.T) {
	o := newOrigin(t, flavour{})
	for _, c := range []struct {
		name, work, stored string
		outcome            probes.Outcome
		want               string
	}{
		{"whole", fmt.Sprintf(existingOf, ""), "what is there", probes.OK, digestOf("what is there")},
		{"a part", fmt.Sprintf(existingOf, "") + "range: 5-8\n", "what is there", probes.OK, digestOf("is t")},
		{"too short", fmt.Sprintf(existingOf, ""), "what is ther", probes.Short, ""},
		{"too long", fmt.Sprintf(existingOf, ""), "what is there now", probes.Long, ""},
		{"known", fmt.Sprintf(existingOf, ", sha256: "+digestOf("what is there")), "what is there", probes.OK, ""},
		{"not asked for", fmt.Sprintf(existingOf, "") + "verify: none\n", "what is there", probes.OK, ""},
		{"parts at random", fmt.Sprintf(existingOf, "") + "range: random 4B\n", "what is there", probes.OK, ""},
	} {
		o.put("known", []byte(c.stored))
		var told []probes.Served
		b := probetest.Open(t, transfer.Probe{}, c.work, o.target(t), func(on *probes.On) {
			on.Served = func(s probes.Served) { told = append(told, s) }
		})
		op := b.Op(0)
		got := b.Do(t.Context(), op)
		want(t, got, c.outcome)
		switch {
		case c.want == "" && len(told) > 0:
			t.Errorf("%s: told %+v", c.name, told)
		case c.want != "" && (len(told) != 1 || told[0] != probes.Served{Op: op.Name, Start: got.Start, End: got.End, SHA256: c.want}):
			t.Errorf("%s: told %+v, want once %s", c.name, told, c.want)
		}
	}
}

// TestAPlanSaysWhereOnlyLengthsAreCompared unless the scenario asks for that.
func TestAPlanSaysWhereOnlyLengthsAreCompared(t *testing.T) {
	for more, want := range map[string]string{
		"":                                   "",
		"range: 0-3\n":                       "",
		"range: random 4B\n":                 "every op asks for another part",
		"headers: {Accept-Encoding: br}\n":   "may come encoded",
		"headers: {Accept-Encoding: gzip}\n": "",
		"range: random 4B\nverify: none\n":   "",
	} {
		got := strings.Join(probetest.Check(t, transfer.Probe{}, fmt.Sprintf(existingOf, "")+more).(plan.Doubtful).Doubts(), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: doubts %q, want %q", more, got, want)
		}
	}
}

func digestOf(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
