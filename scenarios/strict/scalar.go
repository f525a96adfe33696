package strict

import (
	"encoding"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"loadline/scenarios/words"
)

// decimal is how whole numbers are written: no octal, hexadecimal or
// underscores, whose reading depends on the version of YAML.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,19})([eE]\+?[0-9]{1,2})?$`)

// scalar reads one value and checks its words and bounds.
func (r *reader) scalar(n Node, v reflect.Value, f field) {
	text, ok := n.Scalar()
	if !ok {
		r.refuse(n, "is "+describe(n)+", not a single value", f.doc)
		return
	}
	loose := n.doc != nil && n.doc.loose[n.YAML]
	if what, hint := setScalar(text, n.YAML.Tag, loose, v, f); what != "" {
		r.refuse(n, what, hint)
		return
	}
	r.bounds(n, text, v, f)
}

// setScalar stores the text in v; what is not empty if it cannot. The tag is
// the type that YAML gives to the text, which counts unless it is loose.
func setScalar(text, tag string, loose bool, v reflect.Value, f field) (what, hint string) {
	if v.Type() == durationType {
		return setDuration(text, v)
	}
	if len(f.enum) > 0 {
		if !contains(f.enum, text) {
			return fmt.Sprintf("unknown word %q", text), meant(text, f.enum)
		}
		v.SetString(text)
		return "", ""
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		err := u.UnmarshalText([]byte(text))
		if parts, ok := err.(interface{ Parts() (string, string) }); ok {
			return parts.Parts()
		} else if err != nil {
			return err.Error(), f.doc
		}
		return "", ""
	}
	switch v.Kind() {
	case reflect.String:
		if !loose && tag != "!!str" && tag != "!!timestamp" {
			return fmt.Sprintf("%s is not text", text), "put it in quotes"
		}
		if f.pattern != nil && !f.pattern.MatchString(text) {
			return fmt.Sprintf("%q is not written right", text), f.doc
		}
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil || text != "true" && text != "false" || !loose && tag != "!!bool" {
			return fmt.Sprintf("%q is neither true nor false", text), "write true or false, without quotes"
		}
		v.SetBool(b)
	default:
		return setNumber(text, loose || tag == "!!int" || tag == "!!float", v)
	}
	return "", ""
}

func setDuration(text string, v reflect.Value) (what, hint string) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Sprintf("%q is not a duration", text), "write a duration such as 10s, 500ms or 1m30s"
	}
	if d < 0 {
		return fmt.Sprintf("%s is negative", text), "write a duration of 0s or more"
	}
	v.SetInt(int64(d))
	return "", ""
}

// setNumber stores a whole number or a float; number is false for text that
// is in quotes or looks like no number.
func setNumber(text string, number bool, v reflect.Value) (what, hint string) {
	if v.CanFloat() {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !number || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Sprintf("%q is not a number", text), "write a number such as 0.5, without quotes"
		}
		v.SetFloat(f)
		return "", ""
	}
	whole, ok := new(big.Rat), number && decimal.MatchString(text)
	if ok {
		whole, ok = whole.SetString(text)
	}
	switch {
	case !ok:
		return fmt.Sprintf("%q is not a whole number", text), "write it in decimal digits, without quotes"
	case v.CanInt() && whole.Num().IsInt64() && !v.OverflowInt(whole.Num().Int64()):
		v.SetInt(whole.Num().Int64())
	case v.CanUint() && whole.Num().IsUint64() && !v.OverflowUint(whole.Num().Uint64()):
		v.SetUint(whole.Num().Uint64())
	case whole.Sign() < 0:
		return text + " is negative", "write 0 or more"
	default:
		return text + " is too large", ""
	}
	return "", ""
}

// bounds checks a value against the bounds of its tag.
func (r *reader) bounds(n Node, text string, v reflect.Value, f field) {
	for _, b := range []struct {
		limit, what string
		wrong       int
	}{{f.min, "less than", -1}, {f.max, "more than", 1}} {
		if b.limit == "" {
			continue
		}
		limit := reflect.New(v.Type()).Elem()
		if what, _ := setScalar(b.limit, "", true, limit, field{}); what != "" {
			panic("strict: bound " + b.limit + " of " + f.key + ": " + what)
		}
		if order(v, limit) == b.wrong {
			r.refuse(n, fmt.Sprintf("%s is %s %s", text, b.what, b.limit), f.doc)
		}
	}
}

// length checks the length of a list against the bounds of its tag.
func (r *reader) length(n Node, items int, f field) {
	least, _ := strconv.Atoi(f.min)
	most, err := strconv.Atoi(f.max)
	switch {
	case items < least && items == 0:
		r.refuse(n, "is an empty list", f.doc)
	case items < least:
		r.refuse(n, fmt.Sprintf("has %d items, and needs %d", items, least), f.doc)
	case err == nil && items > most:
		r.refuse(n, fmt.Sprintf("has %d items, and may have %d", items, most), f.doc)
	}
}

// order compares two values of one numeric kind.
func order(a, b reflect.Value) int {
	compare := func(less, more bool) int {
		switch {
		case less:
			return -1
		case more:
			return 1
		}
		return 0
	}
	switch {
	case a.CanInt():
		return compare(a.Int() < b.Int(), a.Int() > b.Int())
	case a.CanUint():
		return compare(a.Uint() < b.Uint(), a.Uint() > b.Uint())
	case a.CanFloat():
		return compare(a.Float() < b.Float(), a.Float() > b.Float())
	}
	panic("strict: min and max are for numbers, quantities and lists")
}

// meant is the hint for a word that is not in the list.
func meant(word string, known []string) string {
	if near, ok := words.Nearest(word, known); ok {
		return "did you mean " + near + "?"
	}
	return "one of " + strings.Join(known, ", ")
}
