package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Schema is the version of what WriteJSON writes.
const Schema = "loadline.doctor/v1"

// WriteText writes the results for people: one line each, and below it what
// would suffer and how to mend it.
func WriteText(w io.Writer, results []Result) error {
	var b strings.Builder
	width := 0
	for _, r := range results {
		width = max(width, len(r.Check))
	}
	counts := map[Status]int{}
	for _, r := range results {
		counts[r.Status]++
		fmt.Fprintf(&b, "%-4s  %-*s  %s\n", r.Status, width, r.Check, r.Found)
		for label, text := range ordered("why", r.Why, "fix", r.Fix) {
			fmt.Fprintf(&b, "      %-*s  %s: %s\n", width, "", label, text)
		}
	}
	fmt.Fprintf(&b, "\n%d checks: %d ok, %d warn, %d fail\n", len(results), counts[OK], counts[Warn], counts[Fail])
	_, err := io.WriteString(w, b.String())
	return err
}

// ordered walks pairs of label and text in order, leaving out empty texts.
func ordered(pairs ...string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" && !yield(pairs[i], pairs[i+1]) {
				return
			}
		}
	}
}

// WriteJSON writes the results for programs.
func WriteJSON(w io.Writer, results []Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Schema string   `json:"schema"`
		Status Status   `json:"status"`
		Checks []Result `json:"checks"`
	}{Schema, Worst(results), results})
}
