package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// field is one tagged field of a struct.
type field struct {
	index    []int
	kind     reflect.Type
	key, doc string
	enum     []string
	pattern  *regexp.Regexp
	min, max string
	standard string // the default as written; has says whether there is one
	has      bool
	required bool
	one      bool
}

// fieldsOf lists the tagged fields of a struct, those of embedded structs
// included. A tag that makes no sense is a mistake in the program and panics.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, tagged := f.Tag.Lookup("key")
		if f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		if !tagged {
			continue
		}
		standard, has := f.Tag.Lookup("default")
		d := field{
			index: []int{i}, kind: f.Type, key: key, doc: f.Tag.Get("doc"),
			min: f.Tag.Get("min"), max: f.Tag.Get("max"), standard: standard, has: has,
			required: f.Tag.Get("required") == "true", one: f.Tag.Get("one") == "true",
		}
		if e := f.Tag.Get("enum"); e != "" {
			d.enum = strings.Split(e, ",")
		} else {
			d.enum = wordsOf(f.Type)
		}
		if p := f.Tag.Get("pattern"); p != "" {
			d.pattern = regexp.MustCompile(p)
		}
		if d.required && has || !f.IsExported() {
			panic(fmt.Sprintf("strict: %s.%s: a key cannot be required and have a default, nor be unexported", t, f.Name))
		}
		fields = append(fields, d)
	}
	return fields
}

// wordsOf are the words of a string type, or of the items of a list or mapping
// of them; nil if the type is open.
func wordsOf(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return wordsOf(t.Elem())
	case reflect.String:
		if w, ok := reflect.Zero(t).Interface().(Worded); ok {
			return w.Words()
		}
	}
	return nil
}

// keysOf are the keys of fields, for hints.
func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

var (
	nodeType        = reflect.TypeFor[Node]()
	durationType    = reflect.TypeFor[time.Duration]()
	decoderType     = reflect.TypeFor[Decoder]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// reads reports whether a pointer to t implements the interface.
func reads(t, iface reflect.Type) bool { return reflect.PointerTo(t).Implements(iface) }
