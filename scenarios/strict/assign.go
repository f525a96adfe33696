package strict

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"loadline/scenarios/words"
)

// Set applies one path=value assignment to the document in place. A step of
// the path is a key, or the id or the index of a list item; mappings on the
// way are made. A value that begins with [ { or a quote is read as YAML, any
// other is the value as it stands, and an empty value removes the key.
//
// Problems name the assignment by option and path, never by its value, which
// may be confidential.
func (n Node) Set(option, assignment string) Problems {
	path, value, ok := strings.Cut(assignment, "=")
	refuse := func(path, what, hint string) Problems {
		return Problems{{File: option, Path: path, What: what, Hint: hint}}
	}
	if !ok || path == "" {
		return refuse("", fmt.Sprintf("%q is not an assignment", path), "write "+option+" path=value, such as "+option+" design.blocks=12")
	}
	steps := strings.Split(strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", ""), ".")
	origin := option + " " + path
	at := n
	for i, step := range steps[:len(steps)-1] {
		next, what, hint := at.enter(step, steps[i+1], origin)
		if what != "" {
			return refuse(path, what, hint)
		}
		at = next
	}
	last := steps[len(steps)-1]
	if at.IsList() {
		return at.setItem(last, value, origin, refuse, path)
	}
	if !at.IsMapping() {
		return refuse(path, at.Path+" is "+describe(at)+", not a mapping", "")
	}
	if value == "" {
		*at.YAML = *at.Without(last).YAML
		return nil
	}
	y, problems := at.assigned(origin, value)
	if len(problems) > 0 {
		return problems
	}
	if i := at.index(last); i >= 0 {
		at.YAML.Content[i+1] = y
		return nil
	}
	at.YAML.Content = append(at.YAML.Content, at.made(origin, last), y)
	return nil
}

// enter goes one step down, making a mapping where a key is missing.
func (n Node) enter(step, next, origin string) (in Node, what, hint string) {
	if n.IsList() {
		i, what, hint := n.item(step)
		if what != "" {
			return Node{}, what, hint
		}
		return n.Items()[i], "", ""
	}
	if !n.IsMapping() {
		return Node{}, n.Path + " is " + describe(n) + ", not a mapping", ""
	}
	if child := n.Child(step); !child.Absent() && child.YAML.Tag != "!!null" {
		return child, "", ""
	}
	if _, err := strconv.Atoi(next); err == nil {
		return Node{}, "there is no list " + join(n.Path, step) + " in the file", "set the whole list: " + step + "=[…]"
	}
	fresh := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	n.doc.origin[fresh] = origin
	if i := n.index(step); i >= 0 {
		n.YAML.Content[i+1] = fresh
	} else {
		n.YAML.Content = append(n.YAML.Content, n.made(origin, step), fresh)
	}
	return n.Child(step), "", ""
}

// item is the place in a list of an id or an index.
func (n Node) item(step string) (i int, what, hint string) {
	var ids []string
	for i, item := range n.Items() {
		id, _ := item.Child("id").Scalar()
		if id == step {
			return i, "", ""
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.YAML.Content) {
		return i, "", ""
	}
	what = fmt.Sprintf("%s has no item %s", n.Path, step)
	if near, ok := words.Nearest(step, ids); ok {
		return 0, what, "did you mean " + near + "?"
	}
	if len(ids) > 0 {
		return 0, what, "its items are " + list(ids)
	}
	return 0, what, fmt.Sprintf("it has %d items, counted from 0", len(n.YAML.Content))
}

// setItem replaces or removes an item of a list.
func (n Node) setItem(step, value, origin string, refuse func(path, what, hint string) Problems, path string) Problems {
	i, what, hint := n.item(step)
	if what != "" {
		return refuse(path, what, hint)
	}
	if value == "" {
		n.YAML.Content = append(n.YAML.Content[:i:i], n.YAML.Content[i+1:]...)
		return nil
	}
	y, problems := n.assigned(origin, value)
	if len(problems) == 0 {
		n.YAML.Content[i] = y
	}
	return problems
}

// assigned is the node of an assigned value.
func (n Node) assigned(origin, value string) (*yaml.Node, Problems) {
	if !strings.ContainsAny(value[:1], `[{"'`) {
		y := plain(value)
		n.doc.origin[y], n.doc.loose[y] = origin, true
		return y, nil
	}
	parsed, problems := Parse(origin, []byte(value))
	for i := range problems {
		problems[i].Line, problems[i].Col = 0, 0
	}
	if len(problems) == 0 {
		n.adopt(parsed.YAML, origin)
	}
	return parsed.YAML, problems
}

// adopt notes that a node and all below it came from an assignment.
func (n Node) adopt(y *yaml.Node, origin string) {
	n.doc.origin[y] = origin
	for _, c := range y.Content {
		n.adopt(c, origin)
	}
}

// made is a key that an assignment made.
func (n Node) made(origin, key string) *yaml.Node {
	y := plain(key)
	n.doc.origin[y] = origin
	return y
}

// plain is a scalar that stands nowhere in a file.
func plain(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
