package reports

import (
	"regexp"
	"strings"
)

// bare is a word that every POSIX shell takes as it is.
var bare = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellWord quotes a word for a POSIX shell where it needs to be.
func ShellWord(word string) string {
	if bare.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// ShellAssignment sets a variable for the command that follows it.
func ShellAssignment(name, value string) string { return name + "=" + ShellWord(value) }
