package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// The bounds of a file. They are far above any scenario and far below what
// would trouble the machine that reads it.
const (
	maxBytes = 1 << 20
	maxDepth = 40
	maxNodes = 20_000
)

// Parse reads one YAML document. The node it returns has its aliases expanded
// and is known to have only mappings with distinct text keys, lists and
// scalars.
func Parse(file string, src []byte) (Node, Problems) {
	at := func(line, col int, what, hint string) Problems {
		return Problems{{File: file, Line: max(line, 1), Col: max(col, 1), What: what, Hint: hint}}
	}
	if len(src) > maxBytes {
		return Node{}, at(1, 1, "the file is larger than 1 MiB", "a scenario is a page or two")
	}
	if line, col, what := badText(src); what != "" {
		return Node{}, at(line, col, what, "save the file as plain UTF-8 text")
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		return Node{}, at(1, 1, err.Error(), "")
	}
	var top, second yaml.Node
	if err := loader.Load(&top); err != nil {
		return Node{}, syntax(file, err)
	}
	if len(top.Content) == 0 {
		return Node{}, at(1, 1, "the file is empty", "loadline init writes a scenario that runs")
	}
	if err := loader.Load(&second); err == nil {
		return Node{}, at(second.Line, second.Column, "a second document begins here", "one scenario per file")
	} else if !errors.Is(err, io.EOF) {
		return Node{}, syntax(file, err)
	}
	doc := &document{origin: map[*yaml.Node]string{}, loose: map[*yaml.Node]bool{}, broken: map[*yaml.Node]bool{}}
	t := tidier{doc: doc, file: file}
	root := t.tidy(top.Content[0], "", 0)
	if t.unbounded {
		return Node{}, t.problems
	}
	return Node{YAML: root, File: file, doc: doc}, t.problems
}

// badText finds the first byte that cannot be in a YAML text.
func badText(src []byte) (line, col int, what string) {
	line, col = 1, 1
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return line, col, fmt.Sprintf("byte 0x%02x is not UTF-8", src[i])
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return line, col, fmt.Sprintf("control character 0x%02x", r)
		case r == '\n':
			line, col = line+1, 0
		}
		i, col = i+n, col+1
	}
	return 0, 0, ""
}

// syntax turns the parser's error into a positioned problem.
func syntax(file string, err error) Problems {
	p := Problem{File: file, Line: 1, Col: 1, What: "not YAML: " + err.Error()}
	var le *yaml.LoadError
	if errors.As(err, &le) {
		p.What = "not YAML: " + le.Message
		if le.ContextMsg != "" {
			p.What += " " + le.ContextMsg
		}
		mark := le.Mark
		if le.ContextMark.Line > 0 && strings.HasPrefix(le.ContextMsg, "while parsing a flow") {
			mark = le.ContextMark // where the bracket was opened, not where the file ended
		}
		p.Line, p.Col = max(mark.Line, 1), max(mark.Column, 1)
	}
	switch {
	case errors.Is(err, io.EOF):
		p.What, p.Hint = "the file is empty", "loadline init writes a scenario that runs"
	case strings.Contains(p.What, "flow mapping"), strings.Contains(p.What, "flow sequence"):
		p.Hint = `inside { } and [ ], write "${NAME}" and text with , : or braces in quotes`
	case strings.Contains(p.What, "cannot start any token"):
		p.Hint = "indent with spaces, and put text that begins with % @ ` or a tab in quotes"
	case strings.Contains(p.What, "mapping values are not allowed"):
		p.Hint = "check the indentation, and put text that holds a colon in quotes"
	}
	return Problems{p}
}

// tidier copies a tree with its aliases expanded and refuses what the
// language has no use for.
type tidier struct {
	doc      *document
	file     string
	problems Problems
	open     []*yaml.Node // the nodes being copied, to see an alias to itself
	// unbounded is set when a bound was passed: there is no more to be said.
	unbounded bool
}

func (t *tidier) refuse(y *yaml.Node, path, what, hint string) {
	n := Node{YAML: y, File: t.file, Path: path, doc: t.doc}
	t.problems = append(t.problems, n.Problem(what, hint))
}

func (t *tidier) tidy(y *yaml.Node, path string, depth int) *yaml.Node {
	if t.doc.nodes++; t.doc.nodes > maxNodes && !t.unbounded {
		t.unbounded = true
		t.refuse(y, path, "the file grows beyond all bounds", "use fewer aliases and items")
	}
	if t.unbounded {
		return t.broken(y)
	}
	if depth > maxDepth {
		t.unbounded = true
		t.refuse(y, path, fmt.Sprintf("nested deeper than %d levels", maxDepth), "no scenario needs that")
		return t.broken(y)
	}
	if y.Kind == yaml.AliasNode {
		return t.alias(y, path, depth)
	}
	if y.Style&yaml.TaggedStyle != 0 {
		t.refuse(y, path, fmt.Sprintf("the tag %s is not part of the language", y.Tag), "remove it")
		return t.broken(y)
	}
	copied := *y
	copied.Content = make([]*yaml.Node, 0, len(y.Content))
	t.open = append(t.open, y)
	defer func() { t.open = t.open[:len(t.open)-1] }()
	switch y.Kind {
	case yaml.MappingNode:
		t.mapping(y, &copied, path, depth)
	case yaml.SequenceNode:
		for i, c := range y.Content {
			if t.unbounded {
				break
			}
			copied.Content = append(copied.Content, t.tidy(c, itemPath(path, i, c), depth+1))
		}
	}
	return &copied
}

// mapping copies the pairs of y that the language allows.
func (t *tidier) mapping(y, copied *yaml.Node, path string, depth int) {
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content) && !t.unbounded; i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		switch {
		case key.Tag == "!!merge":
			t.refuse(key, path, "merge keys (<<) are not part of the language", "write the keys out")
			continue
		case key.Kind != yaml.ScalarNode || key.Tag == "!!null":
			t.refuse(key, path, "a key must be a word", "")
			continue
		case seen[key.Value] > 0:
			t.refuse(key, join(path, key.Value), "duplicate key", fmt.Sprintf("first written on line %d", seen[key.Value]))
			continue
		}
		seen[key.Value] = max(key.Line, 1)
		name := *key
		copied.Content = append(copied.Content, &name, t.tidy(value, join(path, key.Value), depth+1))
	}
}

// alias copies what the alias stands for, in the place of the alias.
func (t *tidier) alias(y *yaml.Node, path string, depth int) *yaml.Node {
	for _, open := range t.open {
		if open == y.Alias {
			t.refuse(y, path, fmt.Sprintf("the alias *%s contains itself", y.Value), "")
			return t.broken(y)
		}
	}
	return t.tidy(y.Alias, path, depth+1)
}

// broken stands in for a part that was refused.
func (t *tidier) broken(y *yaml.Node) *yaml.Node {
	stand := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: y.Line, Column: y.Column}
	t.doc.broken[stand] = true
	return stand
}

// itemPath names a list item by its id or its place.
func itemPath(path string, i int, y *yaml.Node) string {
	if y.Kind == yaml.MappingNode {
		for k := 0; k+1 < len(y.Content); k += 2 {
			if y.Content[k].Value == "id" && y.Content[k+1].Kind == yaml.ScalarNode && y.Content[k+1].Value != "" {
				return join(path, y.Content[k+1].Value)
			}
		}
	}
	return fmt.Sprintf("%s[%d]", path, i)
}
