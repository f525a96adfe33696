// Package strict reads YAML into tagged Go structs and accepts nothing it was
// not told about: unknown keys, duplicate keys, wrong units and missing values
// are all reported in one pass, each with file, line and column, what is
// wrong, and a hint with the nearest right word. The same tags yield the JSON
// Schema, so that an editor and the decoder agree.
package strict

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Node is a part of a YAML document that remembers where it stands.
type Node struct {
	// YAML is the parsed node; nil means the part is absent.
	YAML *yaml.Node
	// File is the name used in messages; Path is the dotted path to the node.
	File, Path string
}

// Problem is one thing wrong, where, and what to do about it.
type Problem struct {
	File      string
	Line, Col int
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

// Error is "file:line:col: path: what is wrong (hint)".
func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Col)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}
