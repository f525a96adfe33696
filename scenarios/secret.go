package scenarios

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Secret is a reference to a secret, never the secret: exactly one field is
// set. It prints and marshals as the reference.
type Secret struct {
	Env  string `json:"env,omitempty" key:"env" doc:"name of an environment variable"`
	File string `json:"file,omitempty" key:"file" doc:"path of a file"`
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// referenceHint is how a secret is written.
const referenceHint = "write {env: NAME} or {file: path}"

// DecodeNode reads {env: NAME} or {file: path}. A literal is refused without
// being repeated in the message.
func (s *Secret) DecodeNode(n Node) Problems {
	if !n.IsMapping() {
		return Problems{n.Problem("a secret may only be a reference", referenceHint)}
	}
	type fields Secret // without this method
	if problems := n.Decode((*fields)(s)); len(problems) > 0 {
		return problems
	}
	if s.Env != "" && !variableName.MatchString(s.Env) {
		return Problems{n.At("env").Problem("is not the name of an environment variable", "write {env: NAME}; the secret itself stays outside of the file")}
	}
	if (s.Env == "") == (s.File == "") {
		return Problems{n.Problem("a secret is either env or file", referenceHint)}
	}
	return nil
}

// JSONSchema describes the reference in draft-07.
func (Secret) JSONSchema() map[string]any {
	text := func(doc string) map[string]any {
		return map[string]any{"type": "string", "minLength": 1, "description": doc}
	}
	return map[string]any{
		"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
		"properties": map[string]any{
			"env":  text("name of the environment variable that holds the secret"),
			"file": text("path of the file that holds the secret"),
		},
	}
}

// String is the reference.
func (s Secret) String() string {
	if s.Env != "" {
		return "{env: " + s.Env + "}"
	}
	return "{file: " + s.File + "}"
}

// GoString is the reference.
func (s Secret) GoString() string { return "scenarios.Secret" + s.String() }

// MarshalYAML is the reference.
func (s Secret) MarshalYAML() (any, error) {
	if s.Env != "" {
		return map[string]string{"env": s.Env}, nil
	}
	return map[string]string{"file": s.File}, nil
}

// Resolve looks the secret up in the environment or a file, by the functions
// given. The line break at the end of a file is not part of the secret. Errors
// name the reference, never the value.
func (s Secret) Resolve(env func(string) (string, bool), read func(string) ([]byte, error)) (string, error) {
	var value string
	if s.Env != "" {
		value, _ = env(s.Env)
		if value == "" {
			return "", fmt.Errorf("secret %s: the variable is not set (export %s=…)", s, s.Env)
		}
	} else {
		text, err := read(s.File)
		if err != nil {
			return "", fmt.Errorf("secret %s: %w", s, err)
		}
		if value = strings.TrimRight(string(text), "\r\n"); value == "" {
			return "", fmt.Errorf("secret %s: %w", s, errors.New("the file is empty"))
		}
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		return "", fmt.Errorf("secret %s: the value holds a line break, which no header may", s)
	}
	return value, nil
}

// Text is a string written in the file, or a reference to a secret.
type Text struct {
	Literal string  `json:"literal,omitempty"`
	Secret  *Secret `json:"secret,omitempty"`
}

// DecodeNode reads a single value as it is written, or a reference.
func (t *Text) DecodeNode(n Node) Problems {
	if n.IsMapping() {
		t.Secret = new(Secret)
		return t.Secret.DecodeNode(n)
	}
	text, ok := n.Scalar()
	if !ok {
		return Problems{n.Problem("is neither text nor a reference to a secret", referenceHint)}
	}
	t.Literal = text
	return nil
}

// JSONSchema describes both forms in draft-07.
func (Text) JSONSchema() map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": []string{"string", "number", "boolean"}}, Secret{}.JSONSchema(),
	}}
}

// Resolve is the literal, or the secret looked up; see Secret.Resolve.
func (t Text) Resolve(env func(string) (string, bool), read func(string) ([]byte, error)) (string, error) {
	if t.Secret != nil {
		return t.Secret.Resolve(env, read)
	}
	return t.Literal, nil
}

// String is the literal or the reference.
func (t Text) String() string {
	if t.Secret != nil {
		return t.Secret.String()
	}
	return t.Literal
}

// secretWords are parts of header names whose values are secrets.
var secretWords = []string{"authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "credential", "signature"}

// IsSecretHeader reports whether a header of this name carries a secret, so
// that its value may only be a reference and is never shown.
func IsSecretHeader(name string) bool {
	name = strings.ToLower(name)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// masked stands for what is not shown.
const masked = "***"

// RedactURL is a URL as records and reports may show it: user info and the
// values of its query are masked, and the fragment is dropped.
func RedactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(a URL that cannot be read)"
	}
	if u.User != nil {
		u.User = url.User("_")
	}
	u.Fragment, u.RawFragment = "", ""
	if u.RawQuery != "" {
		parts := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
		for i, part := range parts {
			if key, _, found := strings.Cut(part, "="); found {
				parts[i] = key + "=" + masked
			} else {
				parts[i] = masked
			}
		}
		u.RawQuery = strings.Join(parts, "&")
	}
	text := u.String()
	if u.User != nil {
		text = strings.Replace(text, "//_@", "//"+masked+"@", 1)
	}
	return text
}
