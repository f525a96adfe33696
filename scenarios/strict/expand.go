package strict

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// variable is the name of an environment variable.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Use is one place in which a variable was put in, and whether it stood in the
// query of a URL, where secrets live: as the value of QueryKey, if that is all
// that it put in.
type Use struct {
	Name, Value string
	Path        string
	InQuery     bool
	QueryKey    string
}

// Expand replaces ${NAME} and ${NAME:-default} in every string value of the
// document, in place; $${ stands for ${ as it is, and keys are left alone. The
// default is used where the variable is not set or empty. It returns the
// variables that were put in.
func (n Node) Expand(lookup func(string) (string, bool)) ([]Use, Problems) {
	x := expander{lookup: lookup}
	x.walk(n)
	return x.used, x.problems
}

type expander struct {
	lookup   func(string) (string, bool)
	used     []Use
	problems Problems
}

func (x *expander) walk(n Node) {
	switch {
	case n.IsMapping():
		for _, p := range n.pairs() {
			x.walk(p.value)
		}
	case n.IsList():
		for _, item := range n.Items() {
			x.walk(item)
		}
	case n.YAML != nil && n.YAML.Kind == yaml.ScalarNode && strings.Contains(n.YAML.Value, "${"):
		x.scalar(n)
	}
}

func (x *expander) scalar(n Node) {
	text, what, hint := x.text(n)
	if what != "" {
		x.problems = append(x.problems, n.Problem(what, hint))
		n.doc.broken[n.YAML] = true
		return
	}
	n.YAML.Value, n.YAML.Tag = text, "!!str"
	n.doc.loose[n.YAML] = true
}

// text expands one string.
func (x *expander) text(n Node) (out, what, hint string) {
	var b strings.Builder
	s := n.YAML.Value
	for {
		before, rest, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), "", ""
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before + "{")
			s = rest
			continue
		}
		b.WriteString(before)
		inner, after, closed := braces(rest)
		if !closed {
			return "", "${ is never closed", "write ${NAME} or ${NAME:-default}, and $${ for the characters themselves"
		}
		value, what, hint := x.value(n, inner, b.String())
		if what != "" {
			return "", what, hint
		}
		b.WriteString(value)
		s = after
	}
}

// braces parts what follows an opening brace at the one that closes it, so
// that a default may hold {name}.
func braces(s string) (inner, after string, closed bool) {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// value is what stands between the braces, looked up; before is the text so
// far.
func (x *expander) value(n Node, inner, before string) (value, what, hint string) {
	name, standard, hasDefault := strings.Cut(inner, ":-")
	if !variable.MatchString(name) || strings.Contains(standard, "${") {
		return "", fmt.Sprintf("${%s} is not a variable", inner), "write ${NAME} or ${NAME:-default}, and $${ for the characters themselves"
	}
	value, set := "", false
	if x.lookup != nil {
		value, set = x.lookup(name)
	}
	switch {
	case set && value != "", set && !hasDefault:
		use := Use{Name: name, Value: value, Path: n.Path, InQuery: strings.Contains(before+value, "?")}
		if at := strings.LastIndexAny(before, "?&"); at >= 0 && !strings.ContainsAny(value, "?&") {
			use.QueryKey, _, _ = strings.Cut(before[at+1:], "=")
		}
		x.used = append(x.used, use)
		return value, "", ""
	case hasDefault:
		return standard, "", ""
	}
	return "", fmt.Sprintf("the environment variable %s is not set", name),
		fmt.Sprintf("export %s=…, or write ${%s:-default}", name, name)
}
