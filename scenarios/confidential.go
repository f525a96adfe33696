package scenarios

import (
	"slices"
	"strings"

	"loadline/scenarios/redact"
	"loadline/scenarios/strict"
)

// leastLiteral is the length from which a literal that stands where secrets do
// is taken for one wherever else it stands.
const leastLiteral = 8

// confidential are the parts of a scenario in which secrets are sent or used.
var confidential = []string{"arms", "work", "event"}

// foundIn adds what is written out in the places where secrets stand. Words
// are left out: that one is a password is no reason to take it out of texts.
func foundIn(root Node, known *redact.Values) {
	add := func(value string) {
		if len(value) >= leastLiteral && strings.ContainsAny(value, "0123456789_+/=!%$&*#@") {
			known.Add(value)
		}
	}
	for _, part := range confidential {
		walk(root.Child(part), "", func(key, text string) {
			found := redact.Found(text)
			for _, value := range found {
				add(value)
			}
			if redact.IsName(key) && len(found) == 0 && !strings.Contains(text, "${") {
				add(text)
			}
		})
	}
	flag := ""
	for _, n := range root.Child("event").Child("run").Items() {
		word, _ := n.Scalar()
		if redact.IsFlag(flag) && !strings.Contains(word, "${") {
			add(word)
		}
		flag = word
	}
}

// walk visits every text with the key under which it stands; what a reference
// to a secret is made of is none.
func walk(n Node, key string, visit func(key, text string)) {
	switch text, scalar := n.Scalar(); {
	case scalar:
		visit(key, text)
	case n.IsMapping():
		reference := slices.Equal(n.Keys(), []string{"env"}) || slices.Equal(n.Keys(), []string{"file"})
		for _, name := range n.Keys() {
			if !reference {
				walk(n.Child(name), name, visit)
			}
		}
	case n.IsList():
		for _, item := range n.Items() {
			walk(item, key, visit)
		}
	}
}

// lookedUp adds the values of variables that hold secrets: those whose name
// says so, and those that {env: NAME} refers to.
func lookedUp(known redact.Values, root Node, used []strict.Use, env func(string) (string, bool)) redact.Values {
	for _, use := range used {
		if redact.IsVariable(use.Name) {
			known.Add(use.Value)
		}
	}
	for _, r := range references(root) {
		if name, ok := r.Child("env").Scalar(); ok && env != nil {
			value, _ := env(name)
			known.Add(value)
		}
	}
	return known
}

// references are the places of {env: NAME} and {file: path}, in order.
func references(root Node) []Node {
	var out []Node
	secret := func(n Node) {
		if n.IsMapping() {
			out = append(out, n)
		}
	}
	under := func(n Node) {
		for _, name := range n.Keys() {
			secret(n.Child(name))
		}
	}
	for _, arm := range root.Child("arms").Items() {
		auth := arm.Child("target").Child("auth")
		secret(auth.Child("password"))
		secret(auth.Child("bearer"))
	}
	work := root.Child("work")
	under(work.Child("headers"))
	under(work.Child("form").Child("fields"))
	for _, target := range work.Child("targets").Items() {
		under(target.Child("headers"))
	}
	return out
}

// Changed names the fields of a scenario that differ between two versions of
// its text and assignments, in the order of the first; "" is the whole file,
// where the second cannot be read.
func Changed(file, source string, sets []string, otherSource string, otherSets []string) []string {
	fields := func(source string, sets []string) (texts map[string]string, order []string) {
		root, problems := strict.Parse(file, []byte(source))
		for _, set := range sets {
			problems = append(problems, root.Set(setOption, set)...)
		}
		if len(problems) > 0 {
			return nil, nil
		}
		texts = map[string]string{}
		leaves(root, func(path, text string) {
			texts[path], order = text, append(order, path)
		})
		return texts, order
	}
	was, order := fields(source, sets)
	is, _ := fields(otherSource, otherSets)
	if is == nil && was != nil {
		return []string{""}
	}
	var out []string
	for _, path := range order {
		if was[path] != is[path] {
			out = append(out, path)
		}
	}
	return out
}

func leaves(n Node, visit func(path, text string)) {
	if text, ok := n.Scalar(); ok {
		visit(n.Path, text)
	}
	for _, name := range n.Keys() {
		leaves(n.Child(name), visit)
	}
	for _, item := range n.Items() {
		leaves(item, visit)
	}
}
