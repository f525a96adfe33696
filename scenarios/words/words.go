// Package words finds the right word nearest to a wrong one, for hints. It
// knows nothing of what the words mean.
package words

import "github.com/agext/levenshtein"

// Nearest is the word among the right ones that was probably meant; ok is
// false when none is near enough to be worth naming.
func Nearest(wrong string, right []string) (word string, ok bool) {
	best := len(wrong)/3 + 1 // a third of the letters may be wrong, and one
	for _, candidate := range right {
		if d := levenshtein.Distance(wrong, candidate, nil); d <= best && d < len(candidate) {
			if d < best || !ok {
				word, ok, best = candidate, true, d
			}
		}
	}
	return word, ok
}
