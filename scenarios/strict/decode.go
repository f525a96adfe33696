package strict

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"loadline/scenarios/words"
)

// Decode reads the node into the struct that into points to, fills in the
// defaults of absent keys and returns every problem, in the order of the file.
func (n Node) Decode(into any) Problems {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("strict: Decode wants a pointer to a struct, not %T", into))
	}
	r := &reader{}
	r.structure(n, v.Elem())
	sort.SliceStable(r.problems, func(i, j int) bool {
		a, b := r.problems[i], r.problems[j]
		return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col
	})
	return r.problems
}

// reader collects problems while it fills in values.
type reader struct{ problems Problems }

func (r *reader) refuse(n Node, what, hint string) {
	r.problems = append(r.problems, n.Problem(what, hint))
}

// value reads n, which is there, into v.
func (r *reader) value(n Node, v reflect.Value, f field) {
	if n.doc != nil && n.doc.broken[n.YAML] {
		return
	}
	t := v.Type()
	switch {
	case t == nodeType:
		v.Set(reflect.ValueOf(n))
	case n.YAML.Tag == "!!null":
		r.refuse(n, "has no value", "give it one, or remove the key")
	case reads(t, decoderType):
		r.problems = append(r.problems, v.Addr().Interface().(Decoder).DecodeNode(n)...)
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		r.value(n, v.Elem(), f)
	case reads(t, unmarshalerType) || t == durationType:
		r.scalar(n, v, f)
	case t.Kind() == reflect.Struct:
		r.structure(n, v)
	case t.Kind() == reflect.Slice:
		r.list(n, v, f)
	case t.Kind() == reflect.Map:
		r.mapping(n, v, f)
	default:
		r.scalar(n, v, f)
	}
}

// structure reads a mapping with known keys.
func (r *reader) structure(n Node, v reflect.Value) {
	fields := fieldsOf(v.Type())
	if !n.Absent() && !n.IsMapping() {
		r.refuse(n, "is "+describe(n)+", not a mapping", "its keys are "+list(keysOf(fields)))
		return
	}
	known := keysOf(fields)
	for _, p := range n.pairs() {
		if !contains(known, p.key.YAML.Value) {
			r.unknown(p.key, known)
		}
	}
	for _, f := range fields {
		child := n.Child(f.key)
		target := v.FieldByIndex(f.index)
		switch {
		case !child.Absent():
			r.value(child, target, f)
		case f.has:
			r.standard(child, target, f)
		case f.required:
			r.refuse(n.At(f.key), "is missing", f.doc)
		case f.kind.Kind() == reflect.Struct && !reads(f.kind, decoderType) && f.kind != nodeType:
			r.defaults(target)
		}
	}
}

// unknown refuses a key at the place of the key.
func (r *reader) unknown(key Node, known []string) {
	if near, ok := words.Nearest(key.YAML.Value, known); ok {
		r.refuse(key, "unknown key", "did you mean "+near+"?")
		return
	}
	r.refuse(key, "unknown key", "the keys here are "+list(known))
}

// standard fills in the default of an absent key.
func (r *reader) standard(n Node, v reflect.Value, f field) {
	parsed, problems := Parse("default of "+f.key, []byte(f.standard))
	inner := &reader{}
	if len(problems) == 0 {
		inner.value(parsed, v, f)
	}
	if problems = append(problems, inner.problems...); len(problems) > 0 {
		panic("strict: " + problems.Error()) // the program's mistake, not the file's
	}
}

// defaults fills in the defaults of an absent struct; what it requires is not
// asked for, because the struct itself is optional.
func (r *reader) defaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		target := v.FieldByIndex(f.index)
		if f.has {
			r.standard(Node{}, target, f)
		} else if f.kind.Kind() == reflect.Struct && !reads(f.kind, decoderType) && f.kind != nodeType {
			r.defaults(target)
		}
	}
}

// list reads a list, or the single item of one that may be written so.
func (r *reader) list(n Node, v reflect.Value, f field) {
	items := n.Items()
	if !n.IsList() {
		if !f.one {
			r.refuse(n, "is "+describe(n)+", not a list", "write [ ] around its items")
			return
		}
		items = []Node{n}
	}
	r.length(n, len(items), f)
	made := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		r.value(item, made.Index(i), field{key: f.key, doc: f.doc, enum: f.enum, pattern: f.pattern})
	}
	v.Set(made)
}

// mapping reads a mapping with keys of the user's own.
func (r *reader) mapping(n Node, v reflect.Value, f field) {
	if !n.IsMapping() {
		r.refuse(n, "is "+describe(n)+", not a mapping", "write key: value")
		return
	}
	made := reflect.MakeMap(v.Type())
	for _, p := range n.pairs() {
		item := reflect.New(v.Type().Elem()).Elem()
		r.value(p.value, item, field{key: f.key, doc: f.doc, enum: f.enum, pattern: f.pattern})
		made.SetMapIndex(reflect.ValueOf(p.key.YAML.Value).Convert(v.Type().Key()), item)
	}
	v.Set(made)
}

// describe names what a part is, for "is X, not Y".
func describe(n Node) string {
	switch {
	case n.IsMapping():
		return "a mapping"
	case n.IsList():
		return "a list"
	}
	return "a single value" // which may be confidential
}

// list writes words for a hint.
func list(words []string) string { return strings.Join(words, ", ") }

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}
