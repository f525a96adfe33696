// Package redact knows what may be secret in what people write: by the name it
// stands under, by its place in a URL or a command line, and by its value once
// it is known. It takes such values out of texts and leaves the rest, so that
// what is kept still says what was done, and can be opened again.
//
// It is no vault: secrets belong into references ({env: NAME}, {file: path}),
// which need no redaction. It is the net under those that are written out.
package redact

import (
	"regexp"
	"slices"
	"strings"
)

// Mark stands where something that may be a secret was written out.
const Mark = "redacted"

// key is a word that names a credential, anywhere in a longer one.
const key = `[\w-]*(?:authorization|cookie|password|passwd|passphrase|secret|token|bearer|api-?key|access-?key|private-?key|credential|signature)[\w-]*`

var (
	named = regexp.MustCompile(`(?i)^` + key + `$`)
	flag  = regexp.MustCompile(`(?i)^-+` + key + `$`)
)

// short are words that name a credential only at the end of a name, since they
// are part of many others: X-Amz-Sig, DB_PASS.
var short = []string{"auth", "sig", "pass", "pwd", "jwt", "sas"}

// IsName reports whether a form field, a key of a query or a variable of this
// name holds a secret.
func IsName(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	return named.MatchString(name) || slices.Contains(short, lastWord(name))
}

// IsQueryKey is IsName for the query of a URL, where a key is one to an API.
func IsQueryKey(name string) bool { return IsName(name) || strings.EqualFold(name, "key") }

// IsVariable is IsName for an environment variable. PWD is the shell's
// directory, and TOKEN_FILE says where a token is.
func IsVariable(name string) bool {
	last := lastWord(strings.ToLower(strings.ReplaceAll(name, "_", "-")))
	switch {
	case name == "PWD" || name == "OLDPWD":
		return false
	case slices.Contains([]string{"file", "path", "dir", "host", "port"}, last):
		return false
	}
	return IsName(name) || last == "key"
}

// IsFlag reports whether the word after this one on a command line is a secret.
func IsFlag(word string) bool {
	bare := strings.TrimLeft(word, "-")
	return flag.MatchString(word) || bare != word && slices.Contains(short, lastWord(strings.ToLower(bare)))
}

func lastWord(name string) string { return name[strings.LastIndexByte(name, '-')+1:] }
