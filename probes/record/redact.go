package record

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"loadline/scenarios"
)

// redacted stands where something that may be a secret was written out.
const redacted = "redacted"

// credential is a key that names one, quoted a text in quotes.
const (
	credential = `[\w-]*(?:authorization|cookie|password|passwd|secret|token|bearer|api-?key|access-?key|credential|signature)[\w-]*`
	quoted     = `"[^"\n]*"|'[^'\n]*'`
)

// The places where people write secrets out although the language asks for
// references: user info in a URL, values in a query, and the values of keys
// that name a credential.
var (
	userInfo   = regexp.MustCompile(`://[^/?#\s"'@{}]*@`)
	query      = regexp.MustCompile(`([?&][A-Za-z0-9_.~%\[\]-]+=)([^&\s"'#]+)`)
	assigned   = regexp.MustCompile(`(?i)(` + credential + `["']?\s*=\s*)(` + quoted + `|(?:\$\{[^}\n]*\}|[^\s,;&"'}])+)`)
	keyed      = regexp.MustCompile(`(?i)(` + credential + `["']?\s*:\s*)(` + quoted + `|(?:\$\{[^}\n]*\}|[^,}\n])+)`)
	secretFlag = regexp.MustCompile(`(?i)^-+` + credential + `$`)
	// A value made of nothing but these says where a secret is, not what.
	harmless = regexp.MustCompile(`^(?:(?i:bearer|basic|token)\s+)?(?:\$\{[A-Za-z0-9_]+(?::-)?\}|\{.*|true|false|[0-9]{1,4})$`)
)

// Redact takes out of a text what may be a secret: user info of URLs, values
// of queries, and values after keys such as authorization or token.
// References (${NAME}, {env: NAME}), placeholders ({name}) and small numbers
// stay, so that a scenario's source still says what it did.
func Redact(text string) string {
	text = userInfo.ReplaceAllString(text, "://"+redacted+"@")
	text = replaceSecond(query, text)
	return replaceSecond(keyed, replaceSecond(assigned, text))
}

// replaceSecond replaces the second group of every match that is not a
// reference, a placeholder or harmless.
func replaceSecond(re *regexp.Regexp, text string) string {
	return re.ReplaceAllStringFunc(text, func(match string) string {
		part := re.FindStringSubmatch(match)
		value := strings.Trim(part[2], `"' `)
		if value == "" || harmless.MatchString(value) {
			return match
		}
		return part[1] + redacted
	})
}

func redactAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = Redact(text)
	}
	return out
}

// redactedCommand is a command line in which the word after a flag such as
// --token is redacted too.
func redactedCommand(words []string) []string {
	out := redactAll(words)
	for i := 1; i < len(out); i++ {
		if secretFlag.MatchString(words[i-1]) && !harmless.MatchString(words[i]) {
			out[i] = redacted
		}
	}
	return out
}

// redactedHeader is h without anything that may be a secret.
func redactedHeader(h Header) Header {
	h.Command = Redact(h.Command)
	h.Source = Redact(h.Source)
	h.Overrides = redactAll(h.Overrides)
	h.Spec = redactedJSON(h.Spec)
	h.Arms = redactedArms(h.Arms)
	h.Scenario.Arms = redactedArms(h.Scenario.Arms)
	if env := h.Scenario.Env; env != nil {
		h.Scenario.Env = make(map[string]string, len(env))
		for name, value := range env {
			h.Scenario.Env[name] = Redact(value)
		}
	}
	if e := h.Scenario.Event; e != nil {
		event := *e
		event.Run = redactedCommand(e.Run)
		h.Scenario.Event = &event
	}
	return h
}

func redactedArms(arms []scenarios.Arm) []scenarios.Arm {
	out := make([]scenarios.Arm, len(arms))
	for i, a := range arms {
		a.Target.URL = Redact(a.Target.URL)
		a.Target.Proxy = Redact(a.Target.Proxy)
		out[i] = a
	}
	return out
}

// redactedJSON is a document with what may be a secret taken out of its texts;
// one that has none, or is no JSON, comes back as it is.
func redactedJSON(doc json.RawMessage) json.RawMessage {
	numbers := json.NewDecoder(bytes.NewReader(doc))
	numbers.UseNumber()
	var v any
	if numbers.Decode(&v) != nil {
		return doc
	}
	v, changed := redactedValue(v)
	text, err := json.Marshal(v)
	if !changed || err != nil {
		return doc
	}
	return text
}

func redactedValue(v any) (out any, changed bool) {
	switch v := v.(type) {
	case string:
		text := Redact(v)
		return text, text != v
	case []any:
		for i := range v {
			value, other := redactedValue(v[i])
			v[i], changed = value, changed || other
		}
	case map[string]any:
		for key := range v {
			value, other := redactedValue(v[key])
			v[key], changed = value, changed || other
		}
	}
	return v, changed
}
