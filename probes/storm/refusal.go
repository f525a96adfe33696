package storm

import (
	"fmt"
	"net/http"
	"strings"

	"loadline/probes"
)

// refusal is an answer that came and was not the one expected.
type refusal struct {
	outcome probes.Outcome
	err     error
}

// Error is what was wrong with the answer.
func (e *refusal) Error() string { return e.err.Error() }

// Unwrap is what was wrong with the answer.
func (e *refusal) Unwrap() error { return e.err }

// startSize is how much of an answer that is no success a message quotes from.
const startSize = 160

// refusedStatus describes an answer by its status, when it says to come again,
// and how its body begins.
func refusedStatus(status int, again, start string) error {
	text := fmt.Sprintf("answered %d %s", status, http.StatusText(status))
	if again != "" {
		text += " (Retry-After: " + again + ")"
	}
	if said := oneLine(start); said != "" {
		text += ": " + said
	}
	return fmt.Errorf("%s", text)
}

// oneLine is the start of a text with all that is no graphic in one space.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), startSize)], "")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xfffd }), " ")
}
