// Package strict reads YAML into tagged Go structs and accepts nothing it was
// not told about: unknown keys, duplicate keys, wrong units and missing values
// are all reported in one pass, each with file, line and column, what is
// wrong, and a hint with the nearest right word. The same tags yield the JSON
// Schema, so that an editor and the decoder agree.
//
// It is not a general YAML decoder: merge keys, explicit tags and several
// documents in a file are refused, and size, depth and the growth of aliases
// are bounded.
//
// The tags of a field are
//
//	key:"size"        the key in the file; a field without one is left alone
//	doc:"…"           one line for the schema and the manual
//	default:"1MiB"    the value of an absent key, written as in the file
//	required:"true"   the key must be there
//	enum:"a,b"        the only values of a string
//	pattern:"^…$"     what a string must match; doc is the hint
//	min:"1" max:"9"   bounds, written as in the file; of a list, its length
//	one:"true"        a list that may also be written as its single item
package strict

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Node is a part of a YAML document that remembers where it stands. Nodes come
// from Parse; the zero Node is an absent part.
type Node struct {
	// YAML is the parsed node; nil means the part is absent.
	YAML *yaml.Node
	// File is the name used in messages; Path is the dotted path to the node.
	File, Path string

	doc *document
}

// document is what all nodes of one file share.
type document struct {
	// origin names what a node was made by, if not by the file.
	origin map[*yaml.Node]string
	// loose are scalars whose text came from outside YAML, so that their type
	// is what the field says and not what the quotes say.
	loose map[*yaml.Node]bool
	// broken are nodes that already have a problem and are not looked at again.
	broken map[*yaml.Node]bool
	// nodes counts what aliases have been expanded to.
	nodes int
}

// Decoder is a type that reads itself from a node, because it may be written
// in more than one way.
type Decoder interface {
	DecodeNode(n Node) Problems
}

// Schemer is a type that describes its written form in draft-07.
type Schemer interface {
	JSONSchema() map[string]any
}

// SchemaSource is a type whose written form is that of another, tagged struct.
type SchemaSource interface {
	JSONSchemaOf() any
}

// Worded is a string type with a closed list of words.
type Worded interface {
	Words() []string
}

// Problem is one thing wrong, where, and what to do about it.
type Problem struct {
	File      string
	Line, Col int // from 1; 0 when File is not a file, such as --set
	Path      string
	What      string
	Hint      string
}

// Problems are all problems of a document in the order of their lines.
type Problems []Problem

// Error lists every problem on a line of its own.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is the problems as an error, nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Error is "file:line:col: path: what is wrong (hint)".
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Col)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}
