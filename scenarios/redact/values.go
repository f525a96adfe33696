package redact

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Values are secrets that are known, so that they are found wherever they
// stand; the zero value knows none.
type Values []string

// Add makes a value known. Where it names its scheme (Bearer …) or has several
// lines, so are its parts; values shorter than 4 characters are none.
func (v *Values) Add(value string) {
	value = strings.TrimSpace(value)
	if len(value) < leastValue || slices.Contains(*v, value) {
		return
	}
	*v = append(*v, value)
	if escaped := url.QueryEscape(value); escaped != value {
		*v = append(*v, escaped, url.PathEscape(value))
	}
	if quoted, err := json.Marshal(value); err == nil && string(quoted) != `"`+value+`"` {
		*v = append(*v, string(quoted[1:len(quoted)-1]))
	}
	if _, after, ok := strings.Cut(value, " "); ok && !strings.ContainsAny(after, " \n") {
		v.Add(after)
	}
	if strings.Contains(value, "\n") {
		for line := range strings.SplitSeq(value, "\n") {
			v.Add(line)
		}
	}
	// A longer value may hold a shorter one, and goes first.
	slices.SortStableFunc(*v, func(a, b string) int { return len(b) - len(a) })
}

// Scrub takes the known values out of a text, and nothing else; also the start
// of one where the text was cut in the middle of it.
func (v Values) Scrub(text string) string {
	for _, value := range v {
		text = strings.ReplaceAll(text, value, Mark)
	}
	if whole, cut := strings.CutSuffix(text, "…"); cut {
		for _, value := range v {
			for n := len(value) - 1; n >= leastValue; n-- {
				if start, ok := strings.CutSuffix(whole, value[:n]); ok {
					return start + Mark + "…"
				}
			}
		}
	}
	return text
}

// Text is Scrub, and what the function Text does.
func (v Values) Text(text string) string { return Text(v.Scrub(text)) }

// Texts is Text of each.
func (v Values) Texts(texts []string) []string {
	if texts == nil {
		return nil
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = v.Text(text)
	}
	return out
}

// Command is Text of each word, without the words after flags such as --token.
func (v Values) Command(words []string) []string {
	out := v.Texts(words)
	for i := 1; i < len(out); i++ {
		if IsFlag(words[i-1]) && !isHarmless(words[i]) {
			out[i] = Mark
		}
	}
	return out
}

// Error is an error whose text is clean; what it wraps stays.
func (v Values) Error(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); v.Text(text) != text {
		return &clean{v.Text(text), err}
	}
	return err
}

type clean struct {
	text string
	err  error
}

func (c *clean) Error() string { return c.text }
func (c *clean) Unwrap() error { return c.err }

// JSON is a document without what may be secret in its texts and under keys
// that name a credential; one that has none, or is no JSON, stays as it is.
func (v Values) JSON(doc json.RawMessage) json.RawMessage {
	numbers := json.NewDecoder(bytes.NewReader(doc))
	numbers.UseNumber()
	var value any
	if numbers.Decode(&value) != nil {
		return doc
	}
	value, changed := v.value(value, false)
	text, err := json.Marshal(value)
	if !changed || err != nil {
		return doc
	}
	return text
}

// value is a part of a document; under says that it stands under a key that
// names a credential.
func (v Values) value(in any, under bool) (out any, changed bool) {
	switch in := in.(type) {
	case string:
		text := v.Text(in)
		if under && !isHarmless(text) {
			text = Mark
		}
		return text, text != in
	case []any:
		for i := range in {
			part, other := v.value(in[i], under)
			in[i], changed = part, changed || other
		}
	case map[string]any:
		for name := range in {
			// {env: NAME} under such a key is a reference, {literal: …} is not.
			part, other := v.value(in[name], IsName(name) || under && name == "literal")
			in[name], changed = part, changed || other
		}
	}
	return in, changed
}
