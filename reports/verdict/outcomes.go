package verdict

import (
	"fmt"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
)

// outcomeWords is how a failed op is spoken of.
var outcomeWords = map[probes.Outcome]string{
	probes.DNS:      "the name did not resolve",
	probes.Refused:  "no connection",
	probes.TLS:      "the TLS handshake or certificate failed",
	probes.Reset:    "the connection broke",
	probes.Timeout:  "no answer in time",
	probes.Stalled:  "no byte moved any more",
	probes.Status:   "the answer was not a success",
	probes.Protocol: "the answer is not what was asked for",
	probes.Short:    "the body was cut short",
	probes.Long:     "the body was too long",
	probes.Corrupt:  "the body's bytes were wrong",
	probes.Swapped:  "the body was another object's",
	probes.Stale:    "the body was an older one",
}

// describe says how one op of an arm failed, with the status or message seen: of
// a redirect where it leads, of another refusal the status and what was asked.
func (m measured) describe(arm string, f record.Failure) string {
	words := outcomeWords[f.Outcome]
	switch {
	case f.Outcome == probes.Status && f.Status/100 == 3 && f.Message != "":
		return f.Message
	case f.Outcome == probes.Protocol && f.Message != "":
		return f.Message // a whole sentence
	case f.Outcome == probes.Status && f.Status != 0:
		text := fmt.Sprintf("status %d", f.Status)
		if asked := m.asked(arm); asked != "" {
			text += " to " + asked
		}
		return text
	case f.Message != "":
		return fmt.Sprintf("%s: %s", words, strings.TrimPrefix(f.Message, string(f.Outcome)+": "))
	default:
		return words
	}
}

// wrongBytes are the outcomes in which a body of bytes arrived that is not the
// body that was asked for.
var wrongBytes = []probes.Outcome{probes.Corrupt, probes.Swapped, probes.Stale, probes.Long}
