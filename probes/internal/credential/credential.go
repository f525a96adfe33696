// Package credential looks up what a request carries by reference (secret
// headers, passwords, bearer tokens) and keeps it out of every message.
//
// It keeps nothing on disk and knows nothing of HTTP beyond the names and
// values of header fields.
package credential

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"loadline/scenarios"
)

// Field is one header field as it goes over the wire.
type Field struct {
	Name, Value string
	Secret      bool
}

// Secrets are values that must appear in no message.
type Secrets []string

// Headers resolves the headers of a scenario, sorted by name; what of them is
// secret is added to the secrets.
func (x *Secrets) Headers(headers map[string]scenarios.Text) ([]Field, error) {
	var fields []Field
	for name, text := range headers {
		value, err := text.Resolve(os.LookupEnv, os.ReadFile)
		if err != nil {
			return nil, fmt.Errorf("headers.%s: %w", name, err)
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("headers.%s: the value has characters that no header can carry", name)
		}
		f := Field{Name: name, Value: value, Secret: text.Secret != nil}
		if f.Secret {
			x.Add(value)
		}
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}

// Authorization is the header field that a target's auth asks for; ok is false
// if it asks for none.
func (x *Secrets) Authorization(auth scenarios.Auth) (f Field, ok bool, err error) {
	switch {
	case auth.Bearer != nil:
		token, err := auth.Bearer.Resolve(os.LookupEnv, os.ReadFile)
		if err != nil {
			return f, false, fmt.Errorf("target.auth.bearer: %w", err)
		}
		x.Add(token)
		if !httpguts.ValidHeaderFieldValue(token) {
			return f, false, errors.New("target.auth.bearer: has characters that no header can carry")
		}
		return Field{Name: "Authorization", Value: "Bearer " + token, Secret: true}, true, nil
	case auth.User != "":
		password := ""
		if auth.Password != nil {
			if password, err = auth.Password.Resolve(os.LookupEnv, os.ReadFile); err != nil {
				return f, false, fmt.Errorf("target.auth.password: %w", err)
			}
		}
		pair := base64.StdEncoding.EncodeToString([]byte(auth.User + ":" + password))
		x.Add(password)
		x.Add(pair)
		return Field{Name: "Authorization", Value: "Basic " + pair, Secret: true}, true, nil
	}
	return f, false, nil
}

// Add hides one more value, and what it is made of where it names its scheme
// ("Bearer …"): a server that complains of a token repeats it alone. Values
// shorter than 4 characters would hide ordinary words, and are no secrets.
func (x *Secrets) Add(value string) {
	if len(value) < 4 {
		return
	}
	*x = append(*x, value)
	scheme, token, ok := strings.Cut(value, " ")
	if !ok {
		return
	}
	x.Add(strings.TrimSpace(token))
	if pair, err := base64.StdEncoding.DecodeString(token); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(pair), ":")
		x.Add(password)
	}
}

// Scrub masks the secrets in a text.
func (x Secrets) Scrub(text string) string {
	for _, s := range x {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

// Clean is the error, or its text alone where that held a secret.
func (x Secrets) Clean(err error) error {
	if err == nil || len(x) == 0 {
		return err
	}
	text := err.Error()
	if clean := x.Scrub(text); clean != text {
		return errors.New(clean)
	}
	return err
}
