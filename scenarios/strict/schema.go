package strict

import (
	"encoding/json"
	"reflect"
	"strconv"
)

// envRef is where a schema describes text with ${NAME} in it, which may stand
// for a value of any type.
const envRef = "#/definitions/env"

// Schema is the draft-07 schema of a tagged struct, without a header; see
// Definitions.
func Schema(v any) map[string]any { return schemaOf(reflect.TypeOf(v), field{}) }

// Definitions are what schemas refer to; they belong at the top.
func Definitions() map[string]any {
	return map[string]any{"env": map[string]any{
		"type": "string", "pattern": `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`,
		"description": "text from the environment: ${NAME} or ${NAME:-default}",
	}}
}

func schemaOf(t reflect.Type, f field) map[string]any {
	zero := reflect.Zero(t)
	if t.Kind() != reflect.Pointer {
		switch v := zero.Interface().(type) {
		case Schemer:
			return loosely(bounded(v.JSONSchema(), f), t)
		case SchemaSource:
			return Schema(v.JSONSchemaOf())
		}
	}
	switch {
	case t == nodeType:
		return map[string]any{}
	case t == durationType:
		return orEnv(map[string]any{"type": "string", "pattern": `^[+]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`})
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem(), f)
	case t.Kind() == reflect.Slice:
		return listSchema(t, f)
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), field{enum: f.enum, pattern: f.pattern})}
	case len(f.enum) > 0:
		return orEnv(map[string]any{"enum": asWritten(f.enum)})
	case reads(t, decoderType), reads(t, unmarshalerType):
		return map[string]any{} // says nothing of itself
	case t.Kind() == reflect.Struct:
		return objectSchema(t)
	case t.Kind() == reflect.String && f.pattern != nil:
		return orEnv(map[string]any{"type": "string", "pattern": f.pattern.String()})
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case t.Kind() == reflect.Bool:
		return orEnv(map[string]any{"type": "boolean"})
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32:
		return orEnv(bounded(map[string]any{"type": "number"}, f))
	}
	whole := bounded(map[string]any{"type": "integer"}, f)
	if zero.CanUint() && whole["minimum"] == nil {
		whole["minimum"] = 0
	}
	if zero.CanUint() && whole["maximum"] == nil {
		whole["maximum"] = uint64(1)<<t.Bits() - 1
	}
	return orEnv(whole)
}

// loosely lets a quantity be written by a variable; what is read from a
// mapping says itself where variables may stand.
func loosely(schema map[string]any, t reflect.Type) map[string]any {
	if reads(t, decoderType) {
		return schema
	}
	return orEnv(schema)
}

func objectSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fieldsOf(t) {
		properties[f.key] = described(schemaOf(f.kind, f), f)
		if f.required {
			required = append(required, f.key)
		}
	}
	schema := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func listSchema(t reflect.Type, f field) map[string]any {
	item := schemaOf(t.Elem(), field{enum: f.enum, pattern: f.pattern})
	schema := map[string]any{"type": "array", "items": item}
	if n, err := strconv.Atoi(f.min); err == nil {
		schema["minItems"] = n
	}
	if n, err := strconv.Atoi(f.max); err == nil {
		schema["maxItems"] = n
	}
	if f.one {
		return map[string]any{"anyOf": []any{schema, item}}
	}
	return schema
}

// described adds what an editor shows.
func described(schema map[string]any, f field) map[string]any {
	out := map[string]any{}
	for k, v := range schema {
		out[k] = v
	}
	if f.doc != "" {
		out["description"] = f.doc
	}
	if f.has {
		out["default"] = literal(f.standard)
	}
	return out
}

// bounded adds bounds that JSON Schema can say, which are those of numbers
// that are written plainly.
func bounded(schema map[string]any, f field) map[string]any {
	for key, limit := range map[string]string{"minimum": f.min, "maximum": f.max} {
		if n, err := strconv.ParseFloat(limit, 64); err == nil && !mentions(schema["type"], "string") {
			schema[key] = n
		}
	}
	return schema
}

func mentions(types any, name string) bool {
	list, ok := types.([]string)
	return types == name || ok && contains(list, name)
}

func orEnv(schema map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{schema, map[string]any{"$ref": envRef}}}
}

// asWritten lists words and, beside those that YAML takes for a number or a
// truth value when they are not in quotes, that value too.
func asWritten(words []string) []any {
	var out []any
	for _, w := range words {
		if v := literal(w); v != w {
			out = append(out, v)
		}
		out = append(out, w)
	}
	return out
}

// literal is what a word means without quotes.
func literal(word string) any {
	var v any
	if err := json.Unmarshal([]byte(word), &v); err != nil {
		return word
	}
	switch v.(type) {
	case float64, bool:
		return v
	}
	return word
}
