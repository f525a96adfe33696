package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"loadline/scenarios/redact"
)

// Known are the Secrets and what the files hold that {file: path} refers to,
// read by the function given; one that cannot be read adds nothing.
func (s Scenario) Known(read func(string) ([]byte, error)) redact.Values {
	known := slices.Clone(s.Secrets)
	for _, n := range references(s.Root) {
		if name, ok := n.Child("file").Scalar(); ok {
			text, _ := read(name)
			known.Add(strings.TrimSpace(string(text)))
		}
	}
	return known
}

// Missing are the places of a scenario that lead to nothing where it is about
// to run: secrets whose variable or file is not there, and files of TLS that
// cannot be read. They are looked up by the functions given; nothing of what
// they hold is kept.
func (s Scenario) Missing(env func(string) (string, bool), read func(string) ([]byte, error)) Problems {
	var problems Problems
	for _, n := range references(s.Root) {
		var secret Secret
		if secret.DecodeNode(n) != nil {
			continue // no reference, or one that Parse has refused
		}
		if _, err := secret.Resolve(env, read); err != nil {
			problems = append(problems, n.Problem(err.Error(), ""))
		}
	}
	for _, arm := range s.Root.Child("arms").Items() {
		files := arm.Child("target").Child("tls")
		for _, key := range []string{"ca", "cert", "key"} {
			name, given := files.Child(key).Scalar()
			if !given || name == "" {
				continue
			}
			if _, err := read(name); err != nil {
				problems = append(problems, files.Child(key).Problem(fmt.Sprintf("cannot be read: %v", err), "name a PEM file that is there, seen from where loadline is started"))
			}
		}
	}
	return tidied(problems)
}
