package attribution

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
)

// The statuses that say themselves what the matter is.
const (
	partialContent  = 206
	tooLarge        = 413
	tooManyRequests = 429
)

// ranged reports whether the work asks for parts of objects.
func (v view) ranged() bool {
	var work struct {
		Range string `json:"range"`
	}
	// A spec of another shape asks for no range.
	_ = json.Unmarshal(v.run.Header.Spec, &work)
	return work.Range != ""
}

// unaskedPart reports whether an op failed because the answer was 206 and no
// range was asked for: its body is whole for what the status says.
func (v view) unaskedPart(f record.Failure) bool {
	return f.Status == partialContent && !v.ranged() &&
		(f.Outcome == probes.Protocol || f.Outcome == probes.Short && strings.Contains(f.Message, silentEnd))
}

// partsUnasked recognises a path that answers with parts of objects where the
// whole is asked for, and says so by the status.
func partsUnasked(v view) []clue {
	for _, s := range v.scenes {
		kept := s.cand.failures(v.unaskedPart)
		if len(kept) == 0 || len(s.ref.failures(v.unaskedPart)) > 0 {
			continue
		}
		text := fmt.Sprintf("%d of %d kept failures%s are answered 206 Partial Content although no range was asked for", len(kept), len(s.cand.failures(anyFailure)), v.in(s))
		if f := kept[0]; f.Outcome == probes.Short {
			text += fmt.Sprintf(", with a part of the object (%s)", f.Message)
		}
		c := clue{aboutData, fact, "206 Partial Content to requests without Range",
			text + ": something on the path asks for parts, or answers with those it has"}
		return []clue{v.blame(c, v.unaskedPart)}
	}
	return nil
}

func anyFailure(record.Failure) bool { return true }

// retryAfter is how an answer that is quoted in a message says when to come
// again: in seconds, or on a date.
var retryAfter = regexp.MustCompile(`(?i)\bretry-after["']?\s*[:=]\s*["']?(\d+|[a-z]{3}, [\da-z: ]{18,22} GMT)`)

// rateLimited recognises a path that answers 429 Too Many Requests.
func rateLimited(v view) []clue {
	tooMany := func(f record.Failure) bool { return f.Outcome == probes.Status && f.Status == tooManyRequests }
	for _, s := range v.failing() {
		kept := s.cand.failures(tooMany)
		if len(kept) == 0 || len(s.ref.failures(tooMany)) > 0 {
			continue
		}
		text := fmt.Sprintf("%d of %d kept failures%s are answered 429 Too Many Requests", len(kept), len(s.cand.failures(anyFailure)), v.in(s))
		for _, f := range kept {
			if said := retryAfter.FindStringSubmatch(f.Message); said != nil {
				text += ", with Retry-After: " + said[1]
				break
			}
		}
		if rate := s.cand.rate(); rate > 0 {
			text += fmt.Sprintf("; %.3g ops per second went well, around %.3g", rate, s.ref.rate())
		}
		return []clue{{aboutFailure, named, "a limit on the rate of requests (status 429)", text}}
	}
	return nil
}
