package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"loadline/scenarios"
)

// wait is a duration as identities write it: 2m0s, or nanoseconds.
type wait time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (w *wait) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return json.Unmarshal(data, (*int64)(w))
	}
	d, err := time.ParseDuration(text)
	*w = wait(d)
	return err
}

// patience is after how long a work ends an op that hangs; zero where it does
// not say.
type patience struct {
	Answer wait `json:"answer_after"`
	Stall  wait `json:"stall_after"`
	// Mode is that of connections alone, some of which await no answer.
	Mode string `json:"mode"`
}

// doubtHangs says where every op that hangs is cut with its trial before the
// work gives it up. The ops of a reference tell how long is too long, and a cut
// op that is far older than they are counts as an error all the same. Without a
// reference a cut op is neither good nor bad until the arm itself ended enough
// others: a target that answers nothing is not refused then.
func (p Plan) doubtHangs() []string {
	if slices.ContainsFunc(p.Arms, func(a scenarios.Arm) bool { return a.Role == scenarios.Reference }) {
		return nil
	}
	var work patience
	if json.Unmarshal(p.Spec.Identity(), &work) != nil {
		return nil // work of another form knows no such limits
	}
	if work.Mode == "connect" || work.Mode == "tls" {
		work.Answer = 0
	}
	l := p.Scenario.Load
	oldest := l.Measure + l.Drain
	var keys, fixes []string
	for _, x := range []struct {
		key   string
		limit wait
	}{{"answer_after", work.Answer}, {"stall_after", work.Stall}} {
		if time.Duration(x.limit) >= oldest {
			keys = append(keys, fmt.Sprintf("%s (%s)", x.key, time.Duration(x.limit)))
			fixes = append(fixes, x.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("an op that hangs is cut when its trial ends, after %s of measure and drain at most, and never reaches %s: with no reference to tell how long is too long, a target that answers nothing is INCONCLUSIVE, not REGRESSED (write a work.%s below load.drain, or a longer drain)",
		oldest, strings.Join(keys, " or "), strings.Join(fixes, " and "))}
}
