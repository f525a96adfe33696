package strict

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Absent reports whether the part is not in the file.
func (n Node) Absent() bool { return n.YAML == nil }

// IsMapping reports whether the part is a mapping.
func (n Node) IsMapping() bool { return n.YAML != nil && n.YAML.Kind == yaml.MappingNode }

// IsList reports whether the part is a list.
func (n Node) IsList() bool { return n.YAML != nil && n.YAML.Kind == yaml.SequenceNode }

// Scalar is the text of a scalar as written, and whether the part is one.
func (n Node) Scalar() (string, bool) {
	if n.YAML == nil || n.YAML.Kind != yaml.ScalarNode || n.YAML.Tag == "!!null" {
		return "", false
	}
	return n.YAML.Value, true
}

// Pos is file:line:col of the part.
func (n Node) Pos() string {
	p := n.Problem("", "")
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Problem is a problem of this part.
func (n Node) Problem(what, hint string) Problem {
	p := Problem{File: n.File, Line: 1, Col: 1, Path: n.Path, What: what, Hint: hint}
	if n.YAML == nil {
		return p
	}
	if n.doc != nil && n.doc.origin[n.YAML] != "" {
		p.File, p.Line, p.Col = n.doc.origin[n.YAML], 0, 0
		return p
	}
	p.Line, p.Col = max(n.YAML.Line, 1), max(n.YAML.Column, 1)
	return p
}

// Keys are the keys of a mapping in the order of the file.
func (n Node) Keys() []string {
	if !n.IsMapping() {
		return nil
	}
	keys := make([]string, 0, len(n.YAML.Content)/2)
	for i := 0; i+1 < len(n.YAML.Content); i += 2 {
		keys = append(keys, n.YAML.Content[i].Value)
	}
	return keys
}

// pair is a key and its value, both under the path of the value.
type pair struct{ key, value Node }

// pairs are the pairs of a mapping in the order of the file.
func (n Node) pairs() []pair {
	if !n.IsMapping() {
		return nil
	}
	out := make([]pair, 0, len(n.YAML.Content)/2)
	for i := 0; i+1 < len(n.YAML.Content); i += 2 {
		path := join(n.Path, n.YAML.Content[i].Value)
		out = append(out, pair{n.with(n.YAML.Content[i], path), n.with(n.YAML.Content[i+1], path)})
	}
	return out
}

// Child is the value of a key of a mapping; absent if there is none.
func (n Node) Child(key string) Node {
	if i := n.index(key); i >= 0 {
		return n.with(n.YAML.Content[i+1], join(n.Path, key))
	}
	return Node{File: n.File, Path: join(n.Path, key), doc: n.doc}
}

// index is the place of a key in the content of a mapping, or -1.
func (n Node) index(key string) int {
	if n.IsMapping() {
		for i := 0; i+1 < len(n.YAML.Content); i += 2 {
			if n.YAML.Content[i].Value == key {
				return i
			}
		}
	}
	return -1
}

// At is the part that the keys lead to. Where it is absent it stands in the
// place of the nearest part that is there, so that it can carry a problem.
func (n Node) At(keys ...string) Node {
	at := n
	for i, key := range keys {
		next := at.Child(key)
		if next.Absent() {
			at.Path = join(at.Path, strings.Join(keys[i:], "."))
			return at
		}
		at = next
	}
	return at
}

// Items are the items of a list; an item with an id is named by it.
func (n Node) Items() []Node {
	if !n.IsList() {
		return nil
	}
	items := make([]Node, len(n.YAML.Content))
	for i, c := range n.YAML.Content {
		item := n.with(c, "")
		if id, ok := item.Child("id").Scalar(); ok && id != "" {
			item.Path = join(n.Path, id)
		} else {
			item.Path = n.Path + "[" + strconv.Itoa(i) + "]"
		}
		items[i] = item
	}
	return items
}

// Without is the mapping without a key; the original is left as it is.
func (n Node) Without(key string) Node {
	i := n.index(key)
	if i < 0 {
		return n
	}
	copied := *n.YAML
	copied.Content = append(append([]*yaml.Node{}, n.YAML.Content[:i]...), n.YAML.Content[i+2:]...)
	return n.with(&copied, n.Path)
}

// With is the mapping with a key set to another part, whose place in the file
// it keeps; the original is left as it is.
func (n Node) With(key string, value Node) Node {
	n = n.Without(key)
	copied := *n.YAML
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key, Line: value.YAML.Line, Column: value.YAML.Column}
	copied.Content = append(append([]*yaml.Node{}, n.YAML.Content...), name, value.YAML)
	return n.with(&copied, n.Path)
}

// with is another node of the same document.
func (n Node) with(y *yaml.Node, path string) Node {
	return Node{YAML: y, File: n.File, Path: path, doc: n.doc}
}

// join appends a key to a dotted path.
func join(path, key string) string {
	if path == "" || strings.HasPrefix(key, "[") {
		return path + key
	}
	return path + "." + key
}
